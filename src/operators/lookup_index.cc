#include "operators/lookup_index.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <arrow/type.h>

#include "expr/evaluate.h"
#include "flow/arrow_status.h"

namespace laketide {
namespace {

Result<Batch> one_batch(const Schema& schema, const std::vector<Batch>& rows, arrow::MemoryPool* memory) {
  const auto table = arrow::Table::FromRecordBatches(schema, rows);
  if (!table.ok()) return from_arrow(table.status());
  auto all = (*table)->CombineChunksToBatch(memory);
  if (!all.ok()) return from_arrow(all.status());
  return std::move(all).ValueUnsafe();
}

}  // namespace

bool has_null(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t row) {
  return std::any_of(columns.begin(), columns.end(), [row](const auto& column) { return column->IsNull(row); });
}

Result<std::shared_ptr<const LookupIndex>> LookupIndex::make(const LookupIndexOptions& options, const std::vector<Batch>& rows, arrow::MemoryPool* memory) {
  LT_ASSIGN_OR_RETURN(const Batch all, one_batch(options.rows, rows, memory));
  std::shared_ptr<LookupIndex> made(new LookupIndex());
  made->empty_ = all->num_rows() == 0;
  LT_RETURN_IF_ERROR(made->add(options, all, memory));
  return std::shared_ptr<const LookupIndex>(std::move(made));
}

Status LookupIndex::add(const LookupIndexOptions& options, const Batch& all, arrow::MemoryPool* memory) {
  if (options.keys.empty()) {
    starts_ = {0, all->num_rows()};
    return arrange({}, {}, all, options, memory);
  }
  LT_ASSIGN_OR_RETURN(const auto values, expr::evaluate(options.keys, *all, memory));
  Columns keys;
  arrow::FieldVector fields;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i].errors.empty()) {
      return Status::user("static_table", "a key of the join cannot be computed for a row of the static table: " + expr::print(*options.keys[i]));
    }
    keys.push_back(values[i].values);
    // A row with NULL is not looked for, so that no key needs room to say so.
    fields.push_back(arrow::field(std::to_string(i), values[i].values->type(), false));
  }
  LT_ASSIGN_OR_RETURN(index_, KeyIndex::make(*arrow::schema(fields), memory));
  std::vector<bool> is_null(static_cast<size_t>(all->num_rows()));
  for (int64_t row = 0; row < all->num_rows(); ++row) is_null[static_cast<size_t>(row)] = has_null(keys, row);
  has_null_key_ = std::find(is_null.begin(), is_null.end(), true) != is_null.end();
  std::vector<uint32_t> groups;
  LT_RETURN_IF_ERROR(index_->find_or_add(keys, all->num_rows(), groups));
  return arrange(groups, is_null, all, options, memory);
}

// Sorts by counting. What a row with NULL was added under has no rows unless others have that key.
Status LookupIndex::arrange(const std::vector<uint32_t>& groups, const std::vector<bool>& is_null, const Batch& all, const LookupIndexOptions& options,
                            arrow::MemoryPool* memory) {
  auto columns = all->SelectColumns(options.columns);
  if (!columns.ok()) return from_arrow(columns.status());
  if (!index_) {
    rows_ = *columns;
    return {};
  }
  starts_.assign(static_cast<size_t>(index_->numbers()) + 1, 0);
  for (size_t row = 0; row < groups.size(); ++row) {
    if (!is_null[row]) ++starts_[groups[row] + 1];
  }
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  std::vector<int64_t> order(static_cast<size_t>(starts_.back())), next = starts_;
  for (size_t row = 0; row < groups.size(); ++row) {
    if (!is_null[row]) order[static_cast<size_t>(next[groups[row]]++)] = static_cast<int64_t>(row);
  }
  arrow::Int64Builder places(memory);
  std::shared_ptr<arrow::Array> indices;
  LT_RETURN_IF_ERROR(from_arrow(places.AppendValues(order)));
  LT_RETURN_IF_ERROR(from_arrow(places.Finish(&indices)));
  arrow::compute::ExecContext context(memory);
  context.set_use_threads(false);
  const auto taken = arrow::compute::Take(*columns, indices, arrow::compute::TakeOptions::NoBoundsCheck(), &context);
  if (!taken.ok()) return from_arrow(taken.status());
  rows_ = taken->record_batch();
  return {};
}

void LookupIndex::find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t count, KeyRows& room, std::vector<uint32_t>& groups,
                       std::vector<Stretch>& found) const {
  found.assign(static_cast<size_t>(count), Stretch{});
  if (!index_) {
    std::fill(found.begin(), found.end(), Stretch{0, starts_.back()});
    return;
  }
  index_->find(keys, count, room, groups);
  for (size_t row = 0; row < found.size(); ++row) {
    if (groups[row] == KeyIndex::kNone || has_null(keys, static_cast<int64_t>(row))) continue;
    found[row] = {starts_[groups[row]], starts_[groups[row] + 1]};
  }
}

}  // namespace laketide
