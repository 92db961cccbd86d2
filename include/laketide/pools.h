// Pools, the shares of the engine, as its face shows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace laketide {

/// What to change of a pool; what is not set stays. Immutable.
struct PoolChange {
  std::optional<double> weight;
  std::optional<double> min_share;                 // cores
  std::optional<std::optional<double>> max_share;  // cores; set to none: no limit
};

/// A pool as GET /pools shows it. Shares are parts of the attributed CPU time, 0 to 1. Immutable.
struct PoolInfo {
  std::string name;
  double weight = 1;
  double min_share = 0;             // cores
  std::optional<double> max_share;  // cores; none: no limit
  std::string policy;               // FAIR | FIFO
  double share = 0;                 // over the last second
  double share_minute = 0;
  double entitlement = 0;           // cores, among the pools that have work now
  double cpu_seconds = 0;           // since start
  int runs = 0;                     // that have tasks
  int tasks = 0;                    // lanes and upkeep
  int waiting = 0;                  // tasks that could run and do not
  int64_t longest_wait_ms = 0;      // of a task that could run, over the last minute
  int64_t memory_bytes = 0, memory_bytes_max = 0;  // held now, and its budget
  std::string warning;              // minima that had to be scaled down; empty: none
};

}  // namespace laketide
