// The event time of rows as a lane sees them, behind the decoder.
#pragma once

#include <chrono>
#include <memory>
#include <optional>

#include "flow/batch.h"
#include "flow/context.h"
#include "flow/event_times.h"
#include "operators/row_place.h"

namespace laketide {

/// `column` is a timestamp or timestamptz of `input`, which also has `_partition` (and `_topic` where the source has several) unless its
/// rows are made, not read: those count as one partition. Immutable.
struct EventTimesOptions {
  std::string column;
  Schema input;
  RowOrigin origin;
  /// Times further ahead of the clock than this do not move the watermark.
  std::optional<std::chrono::microseconds> future_skew_max;
};

/// Rows without a time are refused as `no_event_time`. Fails `kUser` `bad_event_time` for a column that is not there or is no timestamp.
Result<std::unique_ptr<EventTimes>> make_event_times(EventTimesOptions options, Context& context);

/// The hidden columns it needs.
std::vector<std::string> event_time_columns(const RowOrigin& origin);

}  // namespace laketide
