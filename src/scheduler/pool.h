// A share of the engine: what was asked for it, and what it got.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "laketide/status.h"

namespace laketide {

/// Orders the runs inside a pool. Fair: each run has the same share, however many lanes it has. Fifo: the run that was opened first
/// goes first, the next one gets what it leaves.
enum class PoolPolicy { kFair, kFifo };

/// Shares are in cores, fractions allowed. A pool is entitled to its weight's part of the workers, not less than `min_share`, not
/// more than `max_share`. Immutable.
struct PoolOptions {
  std::string name;
  double weight = 1;
  double min_share = 0;
  std::optional<double> max_share = std::nullopt;
  PoolPolicy policy = PoolPolicy::kFair;

  /// `kUser`, with the field at fault (spelled as in the service file) and the pool's name.
  Status check() const;
};

/// A pool at one moment. CPU time counts once its quantum or closure has ended. Immutable.
struct PoolStatus {
  PoolOptions options;
  double entitlement = 0;     // cores, beside the pools at work now; of an idle pool: what it would get, had it work for all workers
  double share = 0;           // of all pools' attributed CPU time of the last second, 0 to 1
  double share_minute = 0;    // the same of the last minute
  double cpu_seconds = 0;     // since start
  int64_t runs = 0;           // that have tasks
  int64_t tasks = 0;          // started and not done
  int64_t waiting = 0;        // of those: runnable, without a worker
  double longest_wait_ms = 0; // of a runnable task for a worker, since start
  double longest_wait_minute_ms = 0;
  uint64_t long_steps = 0;    // longer than 10 ms (PRODUCT §10)
};

}  // namespace laketide
