#include "scheduler/io_threads.h"

#include <atomic>
#include <deque>
#include <exception>
#include <future>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "base/begin_thread.h"
#include "base/log.h"
#include "base/mutex.h"
#include "scheduler/thread_cpu.h"

namespace laketide {

/// One actor's queue; guarded by the core's mutex. Caller synchronises.
struct IoActor::State {
  std::weak_ptr<IoThreads::Core> core;
  std::string name;
  Account account;  // immutable
  std::deque<std::function<void()>> queue;
  bool scheduled = false;  // in the core's ready queue, or running
  bool closed = false;
};

/// What io threads and the timer share. Thread-safe.
struct IoThreads::Core {
  using Shared = std::shared_ptr<IoActor::State>;
  struct Timer {
    Shared actor;
    std::function<void()> work;
  };

  explicit Core(int max) : threads_max(max) {}

  void post(const Shared& actor, std::function<void()> work) {
    const MutexLock lock(mutex);
    if (actor->closed || stopping) return;
    actor->queue.push_back(std::move(work));
    if (!actor->scheduled) schedule(actor);
  }

  void schedule(const Shared& actor) LT_REQUIRES(mutex) {
    actor->scheduled = true;
    ready.push_back(actor);
    // Once stopping, the list of threads belongs to who joins them.
    if (!stopping && idle < static_cast<int>(ready.size()) && static_cast<int>(threads.size()) < threads_max) {
      threads.emplace_back([this] { loop(); });
    }
    runnable.notify_one();
  }

  void loop() {
    begin_thread("lt-io");
    MutexLock lock(mutex);
    while (true) {
      ++idle;
      while (!stopping && ready.empty()) runnable.wait(mutex);
      --idle;
      if (stopping) return;
      Shared actor = std::move(ready.front());
      ready.pop_front();
      if (!actor->queue.empty()) {
        auto work = std::move(actor->queue.front());
        actor->queue.pop_front();
        lock.unlock();
        run_one(*actor, work);
        lock.lock();
      }
      actor->scheduled = false;
      if (!actor->queue.empty()) schedule(actor);
    }
  }

  // False: the actor has something to do, or nothing more.
  bool run_here(const Shared& actor, const std::function<void()>& work) {
    {
      const MutexLock lock(mutex);
      if (actor->closed || stopping || actor->scheduled) return false;
      actor->scheduled = true;
    }
    run_caught(*actor, work);
    const MutexLock lock(mutex);
    actor->scheduled = false;
    if (!actor->queue.empty()) schedule(actor);
    return true;
  }

  static void run_caught(const IoActor::State& actor, const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception& escaped) {
      log::error("an io closure ended with an exception", {{"actor", actor.name}, {"what", escaped.what()}});
    }
  }

  void run_one(const IoActor::State& actor, std::function<void()>& work) {
    const auto begin = thread_cpu();
    run_caught(actor, work);
    work = nullptr;  // what it captured is destroyed outside the lock
    const auto used = thread_cpu() - begin;
    if (actor.account) {
      actor.account.charge(used);
    } else {
      upkeep.fetch_add(used.count(), std::memory_order_relaxed);
    }
  }

  void keep_time() {
    begin_thread("lt-timer");
    MutexLock lock(mutex);
    while (!stopping) {
      if (timers.empty()) {
        due.wait(mutex);
        continue;
      }
      const auto next = timers.begin()->first;
      if (std::chrono::steady_clock::now() < next) {
        due.wait_until(mutex, next);
        continue;
      }
      Timer timer = std::move(timers.begin()->second);
      timers.erase(timers.begin());
      if (timer.actor->closed) continue;
      timer.actor->queue.push_back(std::move(timer.work));
      if (!timer.actor->scheduled) schedule(timer.actor);
    }
  }

  const int threads_max;
  Mutex mutex;
  CondVar runnable;
  CondVar due;
  std::deque<Shared> ready LT_GUARDED_BY(mutex);
  std::multimap<SteadyTime, Timer> timers LT_GUARDED_BY(mutex);
  std::vector<std::thread> threads LT_GUARDED_BY(mutex);
  std::thread timer_thread;        // of who made and joins it
  std::atomic<int64_t> upkeep{0};  // nanoseconds
  int idle LT_GUARDED_BY(mutex) = 0;
  bool stopping LT_GUARDED_BY(mutex) = false;
};

IoThreads::IoThreads(int threads_max) : core_(std::make_shared<Core>(threads_max)) {
  core_->timer_thread = std::thread([core = core_.get()] { core->keep_time(); });
}

IoThreads::~IoThreads() {
  {
    const MutexLock lock(core_->mutex);
    core_->stopping = true;
    core_->runnable.notify_all();
    core_->due.notify_all();
  }
  core_->timer_thread.join();
  for (auto& thread : core_->threads) thread.join();
  // Closures that were dropped may own actors; they go one by one, with no lock held.
  std::multimap<SteadyTime, Core::Timer> timers;
  std::deque<Core::Shared> ready;
  std::swap(timers, core_->timers);
  std::swap(ready, core_->ready);
  for (auto& actor : ready) actor->queue.clear();
}

IoActor IoThreads::actor(std::string name, Account account) {
  auto state = std::make_shared<IoActor::State>();
  state->core = core_;
  state->name = std::move(name);
  state->account = std::move(account);
  return IoActor(std::move(state));
}

void IoThreads::after(std::chrono::milliseconds delay, IoActor actor, std::function<void()> work) {
  const MutexLock lock(core_->mutex);
  if (core_->stopping || !actor.state_ || actor.state_->closed) return;
  core_->timers.emplace(std::chrono::steady_clock::now() + delay, Core::Timer{actor.state_, std::move(work)});
  core_->due.notify_one();
}

std::chrono::nanoseconds IoThreads::upkeep_cpu() const { return std::chrono::nanoseconds(core_->upkeep.load(std::memory_order_relaxed)); }

void IoActor::post(std::function<void()> work) const {
  if (!state_) return;
  if (auto core = state_->core.lock()) core->post(state_, std::move(work));
}

void IoActor::run(const std::function<void()>& work) const {
  const auto core = state_ ? state_->core.lock() : nullptr;
  if (!core || core->run_here(state_, work)) return;
  auto done = std::make_shared<std::promise<void>>();
  const auto ended = done->get_future();
  // Who drops the closure breaks the promise, which ends the wait as well.
  core->post(state_, [&work, done = std::move(done)] {
    work();
    done->set_value();
  });
  ended.wait();
}

void IoActor::close() const {
  if (!state_) return;
  std::deque<std::function<void()>> dropped;
  if (auto core = state_->core.lock()) {
    const MutexLock lock(core->mutex);
    state_->closed = true;
    std::swap(dropped, state_->queue);
  }
}

}  // namespace laketide
