// Rows that came after their window had ended: late_rows.
#pragma once

#include <memory>

#include "flow/context.h"
#include "flow/operator.h"
#include "operators/aggregate.h"

namespace laketide {

/// Rows out: window_start, window_end, the input's columns; of a row as many as it had windows that ended at or before
/// EpochInfo::late, which are those that the aggregate behind all lanes gives it no part in. Immutable.
struct LateRowsOptions {
  Schema input;
  WindowOptions window;  // kTumble or kHop, over the source's event time
};

/// In each lane. How far event time had come is known when the epoch ends: until then its rows are held, as the batches they came in.
std::unique_ptr<Operator> make_late_rows(LateRowsOptions options, Context& context);

}  // namespace laketide
