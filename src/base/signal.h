// Waiting for another thread's word, with a deadline.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/wait.h"

namespace laketide {

/// Thread-safe.
class Signal {
 public:
  /// Wakes every waiter; a `wait` that comes later returns at once, once.
  void notify() {
    std::lock_guard lock(mutex_);
    notified_ = true;
    changed_.notify_all();
  }
  /// Until notified or the deadline.
  void wait(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return notified_; });
    notified_ = false;
  }
  /// Until `done()`, asked at each notification, or the deadline; returns what it last said. `done` must not use this signal.
  template <typename Done>
  bool wait_until(SteadyTime deadline, Done done) {
    std::unique_lock lock(mutex_);
    return changed_.wait_until(lock, deadline, done);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool notified_ = false;
};

}  // namespace laketide
