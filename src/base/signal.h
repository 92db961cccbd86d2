// Waiting for another thread's word, with a deadline.
#pragma once

#include "base/mutex.h"
#include "base/wait.h"

namespace laketide {

/// Thread-safe.
class Signal {
 public:
  /// Wakes every waiter; a `wait` that comes later returns at once, once.
  void notify() {
    const MutexLock lock(mutex_);
    notified_ = true;
    changed_.notify_all();
  }
  /// Until notified or the deadline.
  void wait(SteadyTime deadline) {
    const MutexLock lock(mutex_);
    while (!notified_ && changed_.wait_until(mutex_, deadline)) {
    }
    notified_ = false;
  }
  /// Until `done()`, asked at each notification, or the deadline; returns what it last said. `done` must not use this signal.
  template <typename Done>
  bool wait_until(SteadyTime deadline, Done done) {
    const MutexLock lock(mutex_);
    while (!done()) {
      if (!changed_.wait_until(mutex_, deadline)) return done();
    }
    return true;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool notified_ LT_GUARDED_BY(mutex_) = false;
};

}  // namespace laketide
