#include "scheduler/workers.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <list>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "scheduler/picker.h"
#include "scheduler/thread_cpu.h"

namespace laketide {

namespace {
constexpr std::chrono::milliseconds kLongStep{10};  // PRODUCT §10
// Workers have something to do as long as any job has; what waits for a moment's processor beside them — an io thread with a commit, a
// client's thread, a probe — gets it at once.
constexpr int kNiceness = 5;
constexpr const char* kEnginePool = "engine";
constexpr const char* kDefaultPool = "default";
}  // namespace

/// Keeps its run open in the picker, as long as both are there. Thread-safe.
struct Account::State {
  ~State();
  std::weak_ptr<Workers::Core> core;
  Picker::Run* run = nullptr;  // guarded by the core's mutex
  TaskOwner owner;
  std::atomic<int64_t> used{0};  // nanoseconds
};

/// A task and where it stands; guarded by the core's mutex except `task`, which the worker running it owns. Caller
/// synchronises.
struct TaskHandle::State : Picker::Lane {
  std::weak_ptr<Workers::Core> core;
  std::unique_ptr<Task> task;
  Account account;
  bool woken = false;                                // a wake that came while it ran
  std::list<std::shared_ptr<State>>::iterator self;  // in the core's tasks
};

/// What the workers share. Thread-safe.
struct Workers::Core {
  using Phase = Picker::Phase;
  using Shared = std::shared_ptr<TaskHandle::State>;

  /// When the step that this worker runs began, in steady nanoseconds; 0 between steps. The CPU times are the worker's own.
  struct Slot {
    std::atomic<int64_t> step_began{0};
    std::chrono::nanoseconds cpu_mark{0};  // of the thread, when the last task gave it back
    std::thread thread;
  };

  Core(int count, std::chrono::microseconds q) : quantum(q), picker(count, q), slots(static_cast<size_t>(count)) {}

  void loop(Slot& slot) {
    const MutexLock lock(mutex);
    auto now = std::chrono::steady_clock::now();
    while (!stopping) {
      const Picker::Choice choice = picker.pick(now);
      if (choice.lane != nullptr) {
        now = run_quantum(static_cast<TaskHandle::State&>(*choice.lane), slot);
        continue;
      }
      ++idle;
      if (choice.retry_at) {
        runnable.wait_until(mutex, *choice.retry_at);
      } else {
        runnable.wait(mutex);
      }
      --idle;
      now = std::chrono::steady_clock::now();
    }
  }

  /// Answers when the quantum ended. Holds the lock before and after, not meanwhile.
  SteadyTime run_quantum(TaskHandle::State& state, Slot& slot) LT_REQUIRES(mutex) {
    state.woken = false;
    call_for_help();
    mutex.unlock();
    const auto cpu_begin = thread_cpu();
    const auto begin = std::chrono::steady_clock::now();
    const TaskStep step = run_task(state, slot, begin);
    Shared ended;
    if (step == TaskStep::kDone) ended = end_task(state);
    const auto end = std::chrono::steady_clock::now();
    const auto cpu_end = thread_cpu();
    const auto used = cpu_end - cpu_begin;
    state.account.state_->used.fetch_add(used.count(), std::memory_order_relaxed);
    mutex.lock();
    overhead += cpu_begin - slot.cpu_mark;
    slot.cpu_mark = cpu_end;
    settle(state, step, used, begin, end);
    if (ended) {
      mutex.unlock();
      ended->account = {};  // handles do not keep a run open; the last copy may go with this one
      mutex.lock();
    }
    return end;
  }

  TaskStep run_task(TaskHandle::State& state, Slot& slot, SteadyTime begin) {
    slot.step_began.store(begin.time_since_epoch().count(), std::memory_order_relaxed);
    TaskStep step = TaskStep::kDone;
    try {
      step = state.task->run(Quantum(begin + quantum));
    } catch (const std::exception& escaped) {
      // A task turns its own failures into a failed run; one that could not is ended so that the others go on.
      const TaskOwner& owner = state.account.state_->owner;
      log::error("a task ended with an exception", {{"pool", owner.pool}, {"run", owner.run}, {"what", escaped.what()}});
    }
    slot.step_began.store(0, std::memory_order_relaxed);
    return step;
  }

  /// Destroys the task, which may take long and wake others. Whoever looks on from its destructor sees it done.
  Shared end_task(TaskHandle::State& state) LT_EXCLUDES(mutex) {
    mutex.lock();
    Shared ended = std::move(*state.self);
    tasks.erase(state.self);
    ended->phase = Phase::kGone;
    auto task = std::move(ended->task);
    mutex.unlock();
    task.reset();
    return ended;
  }

  void settle(TaskHandle::State& state, TaskStep step, std::chrono::nanoseconds used, SteadyTime begin, SteadyTime end) LT_REQUIRES(mutex) {
    const bool was_long = end - begin > kLongStep;
    if (was_long) long_steps.fetch_add(1, std::memory_order_relaxed);
    Phase next = Phase::kGone;
    if (step != TaskStep::kDone) next = step == TaskStep::kMore || state.woken ? Phase::kWaiting : Phase::kBlocked;
    picker.finish(state, end, used, next, was_long);
  }

  /// A worker that has found work looks whether there is more of it, so that wakers need to wake one only.
  void call_for_help() LT_REQUIRES(mutex) {
    if (idle > 0 && picker.waiting_in_reach() > 0) runnable.notify_one();
  }

  void wake(TaskHandle::State& state) {
    const MutexLock lock(mutex);
    if (state.phase == Phase::kRunning) state.woken = true;
    if (state.phase != Phase::kBlocked || stopping) return;
    picker.wake(state, std::chrono::steady_clock::now());
    if (idle > 0) runnable.notify_one();
  }

  void charge(const Account::State& account, std::chrono::nanoseconds cpu) {
    const MutexLock lock(mutex);
    if (!stopping) picker.charge(account.run, std::chrono::steady_clock::now(), cpu);
  }

  const std::chrono::microseconds quantum;
  Mutex mutex;
  CondVar runnable;
  Picker picker LT_GUARDED_BY(mutex);
  std::list<Shared> tasks LT_GUARDED_BY(mutex);  // that are not done
  int idle LT_GUARDED_BY(mutex) = 0;
  bool stopping LT_GUARDED_BY(mutex) = false;
  std::chrono::nanoseconds overhead LT_GUARDED_BY(mutex){0};
  std::atomic<uint64_t> long_steps{0};
  std::vector<Slot> slots;
  Account engine LT_GUARDED_BY(mutex);  // of tasks that have none; opened when it is needed
};

Workers::Workers(int count, std::chrono::microseconds quantum) : core_(std::make_shared<Core>(count, quantum)) {
  for (auto& slot : core_->slots) {
    slot.thread = std::thread([this, &slot] {
      pthread_setname_np(pthread_self(), "lt-worker");
      (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);  // Linux: of this thread alone
      core_->loop(slot);
    });
  }
}

Workers::~Workers() {
  std::list<Core::Shared> tasks;
  Account engine;
  {
    const MutexLock lock(core_->mutex);
    core_->stopping = true;
    core_->runnable.notify_all();
  }
  for (auto& slot : core_->slots) slot.thread.join();
  {
    // They own accounts, and may wake others: they go with no lock held.
    const MutexLock lock(core_->mutex);
    std::swap(tasks, core_->tasks);
    std::swap(engine, core_->engine);
    for (auto& state : tasks) state->phase = Picker::Phase::kGone;
  }
  for (auto& state : tasks) state->task.reset();
}

Status Workers::set_pool(const PoolOptions& options) {
  std::string before, after;
  {
    const MutexLock lock(core_->mutex);
    before = core_->picker.minima_warning();
    LT_RETURN_IF_ERROR(core_->picker.set_pool(options, std::chrono::steady_clock::now()));
    after = core_->picker.minima_warning();
    core_->runnable.notify_all();  // a ceiling may have been raised
  }
  if (!after.empty() && after != before) log::warn(after);
  return {};
}

std::vector<PoolStatus> Workers::pools() const {
  const MutexLock lock(core_->mutex);
  return core_->picker.pools(std::chrono::steady_clock::now());
}

SchedulerStatus Workers::status() const {
  const MutexLock lock(core_->mutex);
  SchedulerStatus status;
  status.attributed_cpu_seconds = core_->picker.attributed_seconds();
  status.overhead_cpu_seconds = std::chrono::duration<double>(core_->overhead).count();
  status.accounts = core_->picker.open_runs();
  status.minima_warning = core_->picker.minima_warning();
  return status;
}

Account Workers::open_account(const TaskOwner& owner) {
  auto state = std::make_shared<Account::State>();
  state->owner = owner;
  if (state->owner.pool.empty()) state->owner.pool = kDefaultPool;
  const std::string& pool = state->owner.pool;
  bool is_new = false;
  {
    const MutexLock lock(core_->mutex);
    is_new = !core_->picker.has_pool(pool);
    // A pool of defaults is never refused.
    if (is_new) (void)core_->picker.set_pool({.name = pool}, std::chrono::steady_clock::now());
    state->run = core_->picker.open_run(pool);
    state->core = core_;
  }
  if (is_new && pool != kEnginePool && pool != kDefaultPool) {
    log::warn("a run is in a pool that is not configured; it gets weight 1: set it under `pools`", {{"pool", pool}, {"run", owner.run}});
  }
  return Account(std::move(state));
}

TaskHandle Workers::start(std::unique_ptr<Task> task, Account account) {
  if (!account) {
    Account opened = open_account({kEnginePool, "upkeep"});
    const MutexLock lock(core_->mutex);
    if (!core_->engine) core_->engine = opened;
    account = core_->engine;
  }
  auto state = std::make_shared<TaskHandle::State>();
  state->core = core_;
  state->task = std::move(task);
  state->account = std::move(account);
  TaskHandle handle(state);
  const MutexLock lock(core_->mutex);
  if (core_->stopping) {
    state->phase = Picker::Phase::kGone;
    return handle;
  }
  state->self = core_->tasks.insert(core_->tasks.end(), state);
  core_->picker.add(*state, state->account.state_->run);
  core_->picker.wake(*state, std::chrono::steady_clock::now());
  core_->runnable.notify_one();
  return handle;
}

int Workers::count() const { return static_cast<int>(core_->slots.size()); }

std::chrono::milliseconds Workers::longest_current_step() const {
  const int64_t now = std::chrono::steady_clock::now().time_since_epoch().count();
  int64_t longest = 0;
  for (const auto& slot : core_->slots) {
    const int64_t began = slot.step_began.load(std::memory_order_relaxed);
    if (began != 0) longest = std::max(longest, now - began);
  }
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(longest));
}

uint64_t Workers::long_steps() const { return core_->long_steps.load(std::memory_order_relaxed); }

void TaskHandle::wake() const {
  if (!state_) return;
  if (auto core = state_->core.lock()) core->wake(*state_);
}

bool TaskHandle::done() const {
  if (!state_) return true;
  auto core = state_->core.lock();
  if (!core) return true;
  const MutexLock lock(core->mutex);
  return state_->phase == Picker::Phase::kGone;
}

Account::State::~State() {
  auto at = core.lock();
  if (!at) return;
  const MutexLock lock(at->mutex);
  at->picker.close_run(run);
}

void Account::charge(std::chrono::nanoseconds cpu) const {
  if (!state_ || cpu.count() <= 0) return;
  state_->used.fetch_add(cpu.count(), std::memory_order_relaxed);
  if (auto core = state_->core.lock()) core->charge(*state_, cpu);
}

std::chrono::nanoseconds Account::used() const {
  return std::chrono::nanoseconds(state_ ? state_->used.load(std::memory_order_relaxed) : 0);
}

const std::string& Account::pool() const {
  static const std::string nobody;
  return state_ ? state_->owner.pool : nobody;
}

}  // namespace laketide
