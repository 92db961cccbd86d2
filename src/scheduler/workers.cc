#include "scheduler/workers.h"

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/log.h"

namespace laketide {

namespace {
constexpr std::chrono::milliseconds kLongStep{10};  // PRODUCT §10
}

/// A task and where it stands; guarded by the core's mutex except `task`, which the worker running it owns. Caller
/// synchronises.
struct TaskHandle::State {
  enum class Phase { kReady, kRunning, kBlocked, kDone };
  std::weak_ptr<Workers::Core> core;
  std::unique_ptr<Task> task;
  TaskOwner owner;
  Phase phase = Phase::kReady;
  bool woken = false;  // a wake that came while it ran
};

/// What the workers share. Thread-safe.
struct Workers::Core {
  using Phase = TaskHandle::State::Phase;
  using Shared = std::shared_ptr<TaskHandle::State>;

  /// When the step that this worker runs began, in steady nanoseconds; 0 between steps.
  struct Slot {
    std::atomic<int64_t> step_began{0};
    std::thread thread;
  };

  explicit Core(int count, std::chrono::microseconds q) : quantum(q), slots(count) {}

  void loop(Slot& slot) {
    std::unique_lock lock(mutex);
    while (true) {
      runnable.wait(lock, [&] { return stopping || !ready.empty(); });
      if (stopping) return;
      Shared state = std::move(ready.front());
      ready.pop_front();
      state->phase = Phase::kRunning;
      state->woken = false;
      lock.unlock();
      const TaskStep step = run_one(*state, slot);
      lock.lock();
      settle(std::move(state), step, lock);
    }
  }

  TaskStep run_one(TaskHandle::State& state, Slot& slot) {
    const auto begin = std::chrono::steady_clock::now();
    slot.step_began.store(begin.time_since_epoch().count(), std::memory_order_relaxed);
    TaskStep step = TaskStep::kDone;
    try {
      step = state.task->run(Quantum(begin + quantum));
    } catch (const std::exception& escaped) {
      // A task turns its own failures into a failed run; one that could not is ended so that the others go on.
      log::error("a task ended with an exception", {{"pool", state.owner.pool}, {"run", state.owner.run}, {"what", escaped.what()}});
    }
    slot.step_began.store(0, std::memory_order_relaxed);
    if (std::chrono::steady_clock::now() - begin > kLongStep) long_steps.fetch_add(1, std::memory_order_relaxed);
    return step;
  }

  void settle(Shared state, TaskStep step, std::unique_lock<std::mutex>& lock) {
    if (step == TaskStep::kDone) {
      state->phase = Phase::kDone;
      auto ended = std::move(state->task);
      lock.unlock();
      ended.reset();  // its destructor may be long, and may wake others
      lock.lock();
    } else if (step == TaskStep::kMore || state->woken) {
      state->phase = Phase::kReady;
      ready.push_back(std::move(state));
      if (ready.size() > 1) runnable.notify_one();
    } else {
      state->phase = Phase::kBlocked;
      blocked.push_back(std::move(state));
    }
  }

  void wake(const Shared& state) {
    std::lock_guard lock(mutex);
    if (state->phase == Phase::kRunning) state->woken = true;
    if (state->phase != Phase::kBlocked) return;
    std::erase(blocked, state);
    state->phase = Phase::kReady;
    ready.push_back(state);
    runnable.notify_one();
  }

  const std::chrono::microseconds quantum;
  std::mutex mutex;
  std::condition_variable runnable;
  std::deque<Shared> ready;
  std::vector<Shared> blocked;  // owns the tasks that nobody would wake at the end
  bool stopping = false;
  std::atomic<uint64_t> long_steps{0};
  std::vector<Slot> slots;
};

Workers::Workers(int count, std::chrono::microseconds quantum) : core_(std::make_shared<Core>(count, quantum)) {
  for (auto& slot : core_->slots) {
    slot.thread = std::thread([this, &slot] {
      pthread_setname_np(pthread_self(), "lt-worker");
      core_->loop(slot);
    });
  }
}

Workers::~Workers() {
  {
    std::lock_guard lock(core_->mutex);
    core_->stopping = true;
    core_->runnable.notify_all();
  }
  for (auto& slot : core_->slots) slot.thread.join();
  core_->ready.clear();
  core_->blocked.clear();
}

TaskHandle Workers::start(std::unique_ptr<Task> task, TaskOwner owner) {
  auto state = std::make_shared<TaskHandle::State>();
  state->core = core_;
  state->task = std::move(task);
  state->owner = std::move(owner);
  std::lock_guard lock(core_->mutex);
  core_->ready.push_back(state);
  core_->runnable.notify_one();
  return TaskHandle(std::move(state));
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
  if (auto core = state_->core.lock()) core->wake(state_);
}

bool TaskHandle::done() const {
  if (!state_) return true;
  auto core = state_->core.lock();
  if (!core) return true;
  std::lock_guard lock(core->mutex);
  return state_->phase == State::Phase::kDone;
}

}  // namespace laketide
