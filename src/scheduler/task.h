// Cooperative work, and how long it may hold its worker.
#pragma once

#include <chrono>
#include <memory>

#include "base/wait.h"

namespace laketide {

/// Time that a task has before it must give its worker back. Decided by the monotonic clock. Immutable.
class Quantum {
 public:
  explicit Quantum(SteadyTime end) : end_(end) {}
  bool over() const { return std::chrono::steady_clock::now() >= end_; }

 private:
  SteadyTime end_;
};

/// More: run again when it is this task's turn. Blocked: only after TaskHandle::wake. Done: never again.
enum class TaskStep { kMore, kBlocked, kDone };

/// Cooperative work: a lane, upkeep. `run` is called by one worker at a time and returns soon after the quantum is over.
/// It must not block, and not throw: what escapes is logged and ends the task. Confined to its task.
class Task {
 public:
  virtual ~Task() = default;
  virtual TaskStep run(const Quantum& quantum) = 0;
};

/// Refers to a started task. Thread-safe.
class TaskHandle {
 public:
  struct State;
  TaskHandle() = default;
  explicit TaskHandle(std::shared_ptr<State> state) : state_(std::move(state)) {}
  /// Makes a blocked task runnable; one that runs now will run once more. No effect on a task that is done.
  void wake() const;
  bool done() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace laketide
