// The worker threads: they run tasks in quanta, taking turns.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "scheduler/scheduler.h"

namespace laketide {

/// A fixed number of threads over one queue of runnable tasks. Tasks take turns in the order they became runnable; which
/// pool a task belongs to is kept with it, so that shares can be given here. Destroying it waits for running quanta and
/// destroys the tasks. Thread-safe.
class Workers {
 public:
  struct Core;
  Workers(int count, std::chrono::microseconds quantum);
  ~Workers();

  TaskHandle start(std::unique_ptr<Task> task, TaskOwner owner);
  int count() const;
  std::chrono::milliseconds longest_current_step() const;
  uint64_t long_steps() const;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace laketide
