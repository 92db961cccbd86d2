// The worker threads: they run tasks in quanta, as the picker chooses.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "scheduler/scheduler.h"

namespace laketide {

/// A fixed number of threads, each of them:
///
///     lock; forever: the picker chooses a lane, or the thread sleeps until there may be one
///       unlock; read the thread's CPU clock; run the task for a quantum; read it again; lock
///       the picker is told what was used
///
/// One mutex guards the picker and where each task stands; no task and no destructor of one runs under it. Destroying it waits for
/// running quanta and destroys the tasks; accounts and handles may stay. Thread-safe.
class Workers {
 public:
  struct Core;
  Workers(int count, std::chrono::microseconds quantum);
  ~Workers();

  Status set_pool(const PoolOptions& options);
  std::vector<PoolStatus> pools() const;
  /// All but the io actors' part.
  SchedulerStatus status() const;
  Account open_account(const TaskOwner& owner);

  TaskHandle start(std::unique_ptr<Task> task, Account account);
  int count() const;
  std::chrono::milliseconds longest_current_step() const;
  uint64_t long_steps() const;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace laketide
