// When the epochs of a run opened: what now() is in each of them.
#pragma once

#include <map>

#include "base/clock.h"
#include "base/ids.h"
#include "base/mutex.h"

namespace laketide {

/// An epoch opens when some lane takes its first record, or, without one, when it is ended: so that one that waited for records is not older
/// than they are. Owned by a stage. Thread-safe.
class EpochTimes {
 public:
  /// Who asks first fixes it.
  Instant opened(EpochId epoch);
  /// As a plan has it, before anybody asks.
  void set(EpochId epoch, Instant opened);
  /// Nobody will ask again.
  void forget(EpochId epoch);

 private:
  Mutex mutex_;
  std::map<EpochId, Instant> opened_ LT_GUARDED_BY(mutex_);
};

}  // namespace laketide
