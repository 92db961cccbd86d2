// Waking a lane later: for parts that are blocked until a time and not until an event.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <utility>

#include "base/mutex.h"

namespace laketide {

/// Calls a closure after a delay, from any thread: `Scheduler::after` with its actor bound. May drop it at shut-down.
using Alarm = std::function<void(std::chrono::milliseconds delay, std::function<void()> work)>;

/// Owned by a part of a lane; what it has asked for falls silent when it is destroyed, and the destructor waits for a wake-up
/// that is under way. Thread-safe.
class LateWake {
 public:
  LateWake(Alarm alarm, std::function<void()> wake) : alarm_(std::move(alarm)), target_(std::make_shared<Target>(std::move(wake))) {}
  ~LateWake() {
    const MutexLock lock(target_->mutex);
    target_->wake = nullptr;
  }
  LateWake(const LateWake&) = delete;
  LateWake& operator=(const LateWake&) = delete;

  /// Wakes after `delay`, once; while one call is outstanding, later ones do nothing.
  void after(std::chrono::milliseconds delay) {
    {
      const MutexLock lock(target_->mutex);
      if (std::exchange(target_->armed, true)) return;
    }
    alarm_(delay, [target = target_] {
      const MutexLock lock(target->mutex);
      target->armed = false;
      if (target->wake) target->wake();
    });
  }

 private:
  struct Target {
    explicit Target(std::function<void()> calls) : wake(std::move(calls)) {}

    Mutex mutex;
    std::function<void()> wake LT_GUARDED_BY(mutex);
    bool armed LT_GUARDED_BY(mutex) = false;
  };

  const Alarm alarm_;
  const std::shared_ptr<Target> target_;
};

}  // namespace laketide
