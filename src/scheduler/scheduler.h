// Where all work of the process runs: workers for what computes, io actors for what blocks, one timer thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/wait.h"
#include "laketide/status.h"
#include "scheduler/account.h"
#include "scheduler/io_actor.h"
#include "scheduler/pool.h"
#include "scheduler/task.h"

namespace laketide {

/// Sizes; `workers` 0 means one per core of the cgroup's quota. Immutable.
struct SchedulerOptions {
  int workers = 0;
  int io_threads_max = 256;
  std::chrono::microseconds quantum{2000};
};

/// What is not any pool's. CPU times in seconds since start. Immutable.
struct SchedulerStatus {
  double attributed_cpu_seconds = 0;  // of all pools
  double overhead_cpu_seconds = 0;    // of the workers, outside tasks: choosing, sleeping, waking
  double upkeep_cpu_seconds = 0;      // of io actors without an account
  int64_t accounts = 0;               // open
  std::string minima_warning;         // empty, or how the pools' minima were scaled to fit
};

/// Owns the threads, and gives them to the pools by their shares. Destroying it waits for running quanta and io closures and drops
/// the rest. Thread-safe.
class Scheduler {
 public:
  virtual ~Scheduler() = default;

  /// Adds a pool, or changes the one of that name; holds from the next turn. Refuses what PoolOptions::check refuses.
  virtual Status set_pool(const PoolOptions& options) = 0;
  /// By name.
  virtual std::vector<PoolStatus> pools() const = 0;
  virtual SchedulerStatus status() const = 0;
  /// Makes the pool with weight 1, and says so in the log, if it is not there; an empty name means `default`.
  virtual Account open_account(const TaskOwner& owner) = 0;

  /// A task without an account is charged to the pool `engine`.
  virtual TaskHandle start(std::unique_ptr<Task> task, Account account) = 0;
  /// Without an account, its CPU time is the engine's own upkeep.
  virtual IoActor io_actor(std::string name, Account account = {}) = 0;
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
