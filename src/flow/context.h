// What a lane's parts may use of the world around them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/positions.h"
#include "flow/static_tables.h"
#include "scheduler/account.h"

namespace laketide {

/// Number of a lane within its run, from 0.
using LaneId = int;

/// Why a lane cannot go on; shown in status and metrics.
enum class BlockReason { kNone, kNoInput, kRateLimit, kSinkQueueFull, kMemory, kEpochHeld, kBrokerAway };
const char* to_string(BlockReason reason);

/// Given to readers, decoders, operators and writers when they are opened; outlives them. `wake` may be called from any
/// thread, any number of times, and makes the lane's task run again. The rest is for the lane's own task.
struct Context {
  LaneId lane = 0;
  arrow::MemoryPool* memory = nullptr;
  const Clock* clock = nullptr;
  std::shared_ptr<Metrics> metrics;
  Labels labels;  // pipeline, pool: put on every metric made here
  std::function<void()> wake;
  StaticTables* tables = nullptr;   // null: the run has none
  TableVersions table_versions;     // of the epoch that is open when the part is made; later ones: EpochInfo::next_tables
  EpochId epoch;  // that the part is at work on,
  Instant now;    // and its time: set before its first row is taken
  Account account;  // of the run: charged for the CPU time of a part's own threads, as a client library has them
  std::map<SourcePartition, int64_t> late_rows;  // of the epoch that is open, taken when it ends: rows too late for what the query remembers
  /// Set by a part just before it answers Step::kBlocked.
  BlockReason blocked = BlockReason::kNone;
};

}  // namespace laketide
