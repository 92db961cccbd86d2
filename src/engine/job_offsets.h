// Which records a batch job is to read, as it was asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/positions.h"
#include "base/wait.h"
#include "flow/source.h"
#include "laketide/status.h"
#include "sources/kafka/start_offsets.h"

namespace laketide {

/// Start and end of a job before any broker is asked. Immutable.
struct JobOffsets {
  OffsetSetting start, end;
  bool resume = false;     // start: "resume", from the progress of the job's line
  std::string max_column;  // start: "sink:max(column)"; empty: not that
};

/// Reads both texts; empty ones are earliest and latest. Fails `kUser` `bad_offsets`; `offsets_reversed` where both name
/// offsets and those of the start lie after those of the end, or are of other partitions.
Result<JobOffsets> parse_job_offsets(std::string_view start, std::string_view end);

/// The ranges that `offsets` mean now. A partition that neither side names is not read. `line` has what earlier jobs of the line
/// have done, for `resume`; `since` stands in for the start of sink:max. Asks the broker for times. Fails `kUser` as
/// resolve_offsets does, and `offsets_reversed`.
Result<Ranges> find_ranges(const JobOffsets& offsets, Source& source, const PartitionBounds& bounds, const Positions& line,
                           std::optional<Instant> since, const Wait& wait);

}  // namespace laketide
