// Event time of a run: how far it has come, and what is late.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/positions.h"
#include "base/wait.h"
#include "flow/epoch.h"
#include "flow/event_times.h"

namespace laketide {

/// `event_time:` of a source (PRODUCT §7). Immutable.
struct EventTimeRule {
  std::chrono::microseconds delay{};
  std::chrono::microseconds idle_after{10'000'000};
  /// Spark's rule: the largest time of any partition counts, and none is ever idle (its MicroBatchExecution, policy `max` over the partitions of one source).
  bool spark = false;
};

/// By the name of the source; one without event time has none.
using EventTimeRules = std::map<std::string, EventTimeRule>;

/// The partitions that hold the watermark back no longer: read to the end of the log, and without a record for `idle_after` (PRODUCT §7).
/// `last_record`: when each of them last gave one, or the run began; `read`: the next offset of each.
std::set<SourcePartition> idle_partitions(const EventTimeRules& rules, const std::map<SourcePartition, SteadyTime>& last_record, const PartitionBounds& bounds,
                                          const Positions& read, SteadyTime now);

/// The clock after an epoch in which lanes saw `seen`; `idle` are partitions of `all`. The watermark is the least of (newest − delay) over the partitions of all sources that are not idle; a partition
/// that never had a row holds it back as well. When all are idle, the newest of them counts, as if it had been the last to fall silent.
/// Of a source under Spark's rule the largest counts, as if it were one partition.
EventClock advanced(const EventTimeRules& rules, const EventClock& before, const EventTimes::Newest& seen, const std::set<SourcePartition>& all,
                    const std::set<SourcePartition>& idle);

}  // namespace laketide
