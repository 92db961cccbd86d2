// How many rows of each partition came too late for what the query remembers.
#pragma once

#include <memory>
#include <optional>

#include "flow/context.h"
#include "flow/operator.h"
#include "operators/aggregate.h"
#include "operators/row_place.h"

namespace laketide {

/// A row is late when its first window ended at or before EpochInfo::late; without windows, when it happened at or before
/// EpochInfo::late − `lag`. The step behind all lanes leaves it out of those windows, or altogether. Immutable.
struct LateCountOptions {
  Schema input;
  int time = -1;                         // position in the input
  std::optional<WindowOptions> window;   // kTumble or kHop, over the same column
  int64_t lag = 0;                       // microseconds
  RowOrigin origin;
};

/// In each lane: hands its rows on, and adds to Context::late_rows when the epoch ends, as only then it is known how far event time had
/// come. Until then it holds times and places of the rows, not the rows.
std::unique_ptr<Operator> make_late_count(LateCountOptions options, Context& context);

}  // namespace laketide
