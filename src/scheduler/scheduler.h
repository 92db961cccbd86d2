// Where all work of the process runs: workers for what computes, io actors for what blocks, one timer thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

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

/// Who is charged for a task: a pool of the configuration, and the run within it. Immutable.
struct TaskOwner {
  std::string pool;
  std::string run;
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

/// Runs closures one after another, in the order posted, on an io thread; they may block, and hold no worker while they
/// do. Copies share the queue. Closures posted after `close` are dropped. Thread-safe.
class IoActor {
 public:
  struct State;
  IoActor() = default;
  explicit IoActor(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void post(std::function<void()> work) const;
  /// Drops what waits; what runs now runs to its end.
  void close() const;

 private:
  friend class IoThreads;
  std::shared_ptr<State> state_;
};

/// Sizes; `workers` 0 means one per core of the cgroup's quota. Immutable.
struct SchedulerOptions {
  int workers = 0;
  int io_threads_max = 256;
  std::chrono::microseconds quantum{2000};
};

/// Owns the threads. Destroying it waits for running quanta and io closures and drops the rest. Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual TaskHandle start(std::unique_ptr<Task> task, TaskOwner owner) = 0;
  virtual IoActor io_actor(std::string name) = 0;
  /// Runs `work` on `actor` after `delay`. Dropped with the scheduler.
  virtual void after(std::chrono::milliseconds delay, IoActor actor, std::function<void()> work) = 0;
  virtual int workers() const = 0;
  /// How long the slowest worker has been inside one step, or zero: what liveness looks at.
  virtual std::chrono::milliseconds longest_current_step() const = 0;
  /// Steps that took longer than 10 ms since start (PRODUCT §10).
  virtual uint64_t long_steps() const = 0;
};
std::unique_ptr<Scheduler> make_scheduler(const SchedulerOptions& options);

}  // namespace laketide
