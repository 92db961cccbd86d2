// How many records each partition may still give at this time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

#include "base/wait.h"

namespace laketide {

/// A token bucket for each partition: `per_second` records, at most a tenth of a second's worth (at least one) saved up.
/// Confined to its task.
class RateLimits {
 public:
  explicit RateLimits(int64_t per_second)
      : per_second_(static_cast<double>(per_second)), saved_max_(std::max(1.0, per_second_ / 10)) {}

  void reset(size_t partitions, SteadyTime now) { buckets_.assign(partitions, Bucket{saved_max_, now}); }
  int64_t allowed(size_t partition, SteadyTime now) {
    Bucket& bucket = buckets_[partition];
    const double passed = std::chrono::duration<double>(now - bucket.filled).count();
    bucket.saved = std::min(saved_max_, bucket.saved + passed * per_second_);
    bucket.filled = now;
    return static_cast<int64_t>(bucket.saved);
  }
  void spend(size_t partition, int64_t records) { buckets_[partition].saved -= static_cast<double>(records); }
  /// Until some partition may give a record again; some milliseconds more, so that it is worth a wake-up.
  std::chrono::milliseconds until_next(SteadyTime now) const {
    double most = 0;
    for (const Bucket& b : buckets_) {
      most = std::max(most, b.saved + std::chrono::duration<double>(now - b.filled).count() * per_second_);
    }
    const double seconds = std::max(0.0, 1 - most) / per_second_;
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000) + 5);
  }

 private:
  struct Bucket {
    double saved = 0;
    SteadyTime filled;
  };

  const double per_second_;
  const double saved_max_;
  std::vector<Bucket> buckets_;
};

}  // namespace laketide
