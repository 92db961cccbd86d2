#include "operators/row_ranks.h"

#include <algorithm>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"

namespace laketide {

Result<std::optional<RowRanks>> RowRanks::make(const AggregateOptions& options, arrow::MemoryPool* memory) {
  const bool wanted = std::any_of(options.calls.begin(), options.calls.end(), [](const AggregateCall& call) { return call.function->ordered && !call.distinct; });
  if (!wanted) return std::optional<RowRanks>();
  LT_ASSIGN_OR_RETURN(RowRanks ranks, make(*options.input, options.order, memory));
  return std::optional<RowRanks>(std::move(ranks));
}

Result<RowRanks> RowRanks::make(const arrow::Schema& input, const std::vector<int>& order, arrow::MemoryPool* memory) {
  if (std::ranges::all_of(order, [](int column) { return column < 0; })) {
    return Status::internal("row_order", "an operator whose result depends on the order of rows was not given their places");
  }
  return make(input, {}, order, memory);
}

Result<RowRanks> RowRanks::make(const arrow::Schema& input, const std::vector<SortColumn>& sorted, const std::vector<int>& place, arrow::MemoryPool* memory) {
  std::vector<int> columns;
  std::vector<KeyOrder> orders;
  arrow::FieldVector fields;
  for (const SortColumn& one : sorted) {
    columns.push_back(one.column);
    orders.push_back(one.order);
    fields.push_back(input.field(one.column));
  }
  for (const int column : place) {
    if (column < 0) continue;
    columns.push_back(column);
    orders.emplace_back();
    fields.push_back(input.field(column)->WithNullable(false));
  }
  LT_ASSIGN_OR_RETURN(KeyCodec codec, KeyCodec::make(*arrow::schema(fields), orders));
  return RowRanks(std::move(codec), std::move(columns), memory);
}

Result<std::shared_ptr<arrow::Array>> RowRanks::of(const arrow::RecordBatch& rows) {
  Columns columns;
  for (const int column : columns_) columns.push_back(rows.column(column));
  codec_.encode(columns, rows.num_rows(), rows_);
  return expr::memory_result(expr::bytes_column(expr::TypeId::kBytea, rows.num_rows(), memory_, [&](int64_t row, std::string_view& out) {
    out = rows_[static_cast<size_t>(row)];
    return true;
  }));
}

}  // namespace laketide
