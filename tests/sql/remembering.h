// Queries that remember, run as a stream, as a stream that crashes at every epoch, and as a bounded job.
#pragma once

#include <cstdint>
#include <vector>

#include "flow/epoch.h"
#include "sql/query.h"
#include "sql/table_text.h"

namespace laketide {

/// kStraight: epochs of a few rows, two lanes. kSingly: one-row batches. kCrashing: after every epoch the operators are gone while they
/// are at work on the next one, its state comes back from what was saved, and the number of lanes is another. kBounded: one epoch.
enum class Way { kStraight, kSingly, kCrashing, kBounded };

/// Rows [first, first + count) of a source. Immutable.
struct EpochRows {
  int64_t first = 0, count = 0;
  EpochInfo info;
};

/// Puts the rows through head and tail of `bound` (of which `memory` is set); the last epoch flushes. The answer has the final rows:
/// all that were appended or those of the last epoch, in the order they came, or the last one of each key, in no order. `delay`: how far the watermark stays
/// behind the source's event time, microseconds. Update needs `bound.key`, or a query with one row.
Result<Answer> ask_remembering(const sql::BoundQuery& bound, const sql::SourceTable& source, const std::vector<Row>& rows, Way way, OutputMode mode,
                               int64_t delay, const std::vector<TableRows>& tables = {});

/// The same over epochs that are given; `way` says how their rows come.
Result<Answer> ask_in_epochs(const sql::BoundQuery& bound, const sql::SourceTable& source, const std::vector<Row>& rows, const std::vector<EpochRows>& epochs, Way way,
                             OutputMode mode, const std::vector<TableRows>& tables = {});

/// The rows of sql::bind_late_rows over the same epochs as `way` has them, in one lane.
Result<std::vector<Row>> ask_late(const sql::BoundQuery& late, const sql::SourceTable& source, const std::vector<Row>& rows, Way way, int64_t delay);

/// How many rows an epoch has; kBounded: all.
int64_t rows_of_epoch(Way way, int64_t rows);

}  // namespace laketide
