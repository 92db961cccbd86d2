// How far a run is behind in time: the age of the oldest record that is not committed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/positions.h"
#include "base/wait.h"
#include "flow/source.h"

namespace laketide {

/// The first record behind what was committed when it was looked for. Immutable.
struct WaitingRecord {
  RecordOffset offset;
  int64_t timestamp_ms = -1;  // -1: the broker has none, or there is no record at the offset (a marker, a compacted hole)
};
using WaitingRecords = std::map<SourcePartition, WaitingRecord>;

/// 0: no partition holds more than is committed of it. Else the greatest age among the records in `waiting` that stand at the
/// committed position; none if nothing is known of any. A partition that is not in `committed` is not looked at.
std::optional<double> lag_seconds(const Positions& committed, const PartitionBounds& bounds, const WaitingRecords& waiting, Instant now);

/// The records to ask for, at most `count`: of each partition that holds more the first, unless `waiting` has it. Those come first
/// of which nothing is known, then those whose last known record is oldest: time goes on within a partition.
std::vector<std::pair<SourcePartition, RecordOffset>> unknown_records(const Positions& committed, const PartitionBounds& bounds,
                                                                      const WaitingRecords& waiting, size_t count);

/// Looks the records up, a few at each call: it is asked again every few seconds. Confined to its task.
class LagWatch {
 public:
  static constexpr size_t kLookUpsMax = 4;

  /// Blocks for up to kLookUpsMax calls of Source::fetch; one that fails leaves its partition unknown.
  std::optional<double> seconds(Source& source, const Positions& committed, const PartitionBounds& bounds, Instant now, const Wait& wait);

 private:
  WaitingRecords waiting_;
};

}  // namespace laketide
