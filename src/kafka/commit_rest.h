// When a group's offsets may be written.
#pragma once

#include <chrono>

#include "base/clock.h"
#include "base/mutex.h"

namespace laketide::kafka {

/// A write that nobody answers costs its caller seconds, and the client that wrote. So none is made unless the cluster answered shortly before,
/// and after one that failed not until it has answered anew, and half a minute is over. Thread-safe.
class CommitRest {
 public:
  static constexpr std::chrono::seconds kFresh{10}, kRest{30};

  /// A client that begins at `start` has the benefit of the doubt.
  explicit CommitRest(SteadyTime start) : answered_(start), failed_(start - kRest) {}

  void answered(SteadyTime now) {
    const MutexLock lock(mutex_);
    answered_ = now;
  }
  void failed(SteadyTime now) {
    const MutexLock lock(mutex_);
    failed_ = now;
  }
  bool is_over(SteadyTime now) const {
    const MutexLock lock(mutex_);
    return now - answered_ <= kFresh && answered_ > failed_ && now - failed_ >= kRest;
  }

 private:
  mutable Mutex mutex_;
  SteadyTime answered_ LT_GUARDED_BY(mutex_), failed_ LT_GUARDED_BY(mutex_);
};

}  // namespace laketide::kafka
