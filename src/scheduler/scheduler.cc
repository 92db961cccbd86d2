#include "scheduler/scheduler.h"

#include "scheduler/cores.h"
#include "scheduler/io_threads.h"
#include "scheduler/workers.h"

namespace laketide {
namespace {

/// Thread-safe.
class ThreadedScheduler final : public Scheduler {
 public:
  explicit ThreadedScheduler(const SchedulerOptions& options)
      : io_(options.io_threads_max), workers_(options.workers > 0 ? options.workers : usable_cores(), options.quantum) {}

  Status set_pool(const PoolOptions& options) override { return workers_.set_pool(options); }
  std::vector<PoolStatus> pools() const override { return workers_.pools(); }
  SchedulerStatus status() const override {
    SchedulerStatus status = workers_.status();
    status.upkeep_cpu_seconds = std::chrono::duration<double>(io_.upkeep_cpu()).count();
    return status;
  }
  Account open_account(const TaskOwner& owner) override { return workers_.open_account(owner); }

  TaskHandle start(std::unique_ptr<Task> task, Account account) override {
    return workers_.start(std::move(task), std::move(account));
  }
  IoActor io_actor(std::string name, Account account) override { return io_.actor(std::move(name), std::move(account)); }
  void after(std::chrono::milliseconds delay, IoActor actor, std::function<void()> work) override {
    io_.after(delay, std::move(actor), std::move(work));
  }
  int workers() const override { return workers_.count(); }
  std::chrono::milliseconds longest_current_step() const override { return workers_.longest_current_step(); }
  uint64_t long_steps() const override { return workers_.long_steps(); }

 private:
  IoThreads io_;     // outlives the workers: a task's end may post to an actor
  Workers workers_;
};

}  // namespace

std::unique_ptr<Scheduler> make_scheduler(const SchedulerOptions& options) {
  return std::make_unique<ThreadedScheduler>(options);
}

}  // namespace laketide
