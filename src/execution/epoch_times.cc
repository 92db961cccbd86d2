#include "execution/epoch_times.h"

namespace laketide {

Instant EpochTimes::opened(EpochId epoch) {
  const MutexLock lock(mutex_);
  const auto known = opened_.find(epoch);
  return known != opened_.end() ? known->second : opened_[epoch] = system_clock().now();
}

void EpochTimes::set(EpochId epoch, Instant opened) {
  const MutexLock lock(mutex_);
  opened_[epoch] = opened;
}

void EpochTimes::forget(EpochId epoch) {
  const MutexLock lock(mutex_);
  opened_.erase(epoch);
}

}  // namespace laketide
