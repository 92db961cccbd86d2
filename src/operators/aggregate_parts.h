// What the operators of a GROUP BY have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "flow/change.h"
#include "operators/aggregate.h"
#include "operators/group_table.h"

namespace laketide {

/// So many columns of `partial_schema` are what a group is told apart by: window_start, unless there is no window, and the keys.
int group_key_count(const AggregateOptions& options);

/// Makes the rows that leave an aggregate, `output` and `_change`. Immutable.
class AggregateRows {
 public:
  static constexpr size_t kRowsAtOnce = 8192;

  AggregateRows(const AggregateOptions& options, arrow::MemoryPool* memory);
  /// `group_columns`: as the output has them, before the calls' results.
  Result<Batch> make(Columns group_columns, Columns results, std::span<const Change> changes) const;
  using Finish = std::function<Result<Columns>(std::span<const uint32_t> groups)>;
  /// What `finish` gives for these groups. A group that has no result (a sum of more digits than there are) ends the run: the failure
  /// names the group by its columns.
  Result<Columns> results(const Columns& group_columns, std::span<const uint32_t> groups, const Finish& finish) const;

 private:
  std::string group_text(const Columns& group_columns, int64_t row) const;

  const Schema schema_;
  arrow::MemoryPool* const memory_;
};

/// A column of window starts or ends, in microseconds.
Result<std::shared_ptr<arrow::Array>> moment_column(const std::shared_ptr<arrow::DataType>& type, const std::vector<int64_t>& moments,
                                                    arrow::MemoryPool* memory);

/// `laketide_aggregate_late_records_total` of the step of this name; null if the context has no metrics.
std::shared_ptr<Counter> late_counter(const std::string& name, Context& context);

/// The part behind all lanes, by kind of window.
Result<std::unique_ptr<Operator>> make_group_aggregate(AggregateOptions options, Context& context, state::StateTables& tables);
Result<std::unique_ptr<Operator>> make_hop_aggregate(AggregateOptions options, Context& context, state::StateTables& tables);
Result<std::unique_ptr<Operator>> make_session_aggregate(AggregateOptions options, Context& context, state::StateTables& tables);
/// One lane's part for sessions.
Result<std::unique_ptr<Operator>> make_partial_sessions(AggregateOptions options, Context& context);

}  // namespace laketide
