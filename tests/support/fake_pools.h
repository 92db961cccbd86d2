// Pools that are what the test says.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "laketide/pools.h"
#include "laketide/status.h"

namespace laketide {

/// Pools of a fake engine; from the beginning streaming-pool and batch-pool. Thread-safe.
class FakePools {
 public:
  FakePools() {
    PoolInfo streaming;
    streaming.name = "streaming-pool";
    streaming.weight = 3;
    streaming.policy = "FAIR";
    streaming.share = 0.75;
    streaming.share_minute = 0.7;
    streaming.entitlement = 1.5;
    streaming.cpu_seconds = 12.5;
    streaming.runs = 1;
    streaming.tasks = 4;
    streaming.waiting = 2;
    streaming.longest_wait_ms = 7;
    streaming.memory_bytes = 1 << 20;
    streaming.memory_bytes_max = 1 << 30;
    PoolInfo batch;
    batch.name = "batch-pool";
    batch.max_share = 0.5;
    batch.policy = "FIFO";
    batch.share = 0.25;
    batch.entitlement = 0.5;
    batch.warning = "min_share 4 was scaled to 1.6";
    pools_ = {streaming, batch};
  }
  void set_failure(const Status& status) {
    const std::lock_guard lock(mutex_);
    failure_ = status;
  }
  /// The names and changes asked for.
  std::vector<std::pair<std::string, PoolChange>> changes() const {
    const std::lock_guard lock(mutex_);
    return changes_;
  }

  std::vector<PoolInfo> list() const {
    const std::lock_guard lock(mutex_);
    return pools_;
  }
  Result<PoolInfo> change(const std::string& name, const PoolChange& change) {
    const std::lock_guard lock(mutex_);
    changes_.emplace_back(name, change);
    if (!failure_.ok()) return failure_;
    for (PoolInfo& pool : pools_) {
      if (pool.name != name) continue;
      pool.weight = change.weight.value_or(pool.weight);
      pool.min_share = change.min_share.value_or(pool.min_share);
      pool.max_share = change.max_share.value_or(pool.max_share);
      return pool;
    }
    return Status::user("unknown_pool", "no such pool: " + name, "name");
  }

 private:
  mutable std::mutex mutex_;
  std::vector<PoolInfo> pools_;
  std::vector<std::pair<std::string, PoolChange>> changes_;
  Status failure_;
};

}  // namespace laketide
