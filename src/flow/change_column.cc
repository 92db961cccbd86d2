#include "flow/change_column.h"

#include <algorithm>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace laketide {

ChangeColumn::ChangeColumn(const arrow::RecordBatch& batch) : rows_(batch.num_rows()) {
  const auto& fields = batch.schema()->fields();
  // It stands behind all visible columns: a visible one of that name comes first.
  for (int at = static_cast<int>(fields.size()) - 1; at >= 0; --at) {
    if (fields[static_cast<size_t>(at)]->name() != kChangeColumn || fields[static_cast<size_t>(at)]->type()->id() != arrow::Type::INT8) continue;
    column_ = batch.column(at);
    values_ = static_cast<const arrow::Int8Array&>(*column_).raw_values();
    return;
  }
}

bool ChangeColumn::any(Change change) const {
  if (values_ == nullptr) return change == Change::kInsert && rows_ > 0;
  return std::find(values_, values_ + rows_, static_cast<int8_t>(change)) != values_ + rows_;
}

Status check_only_inserts(const arrow::RecordBatch& batch, const std::string& sink) {
  const ChangeColumn changes(batch);
  if (!changes.any(Change::kUpdate) && !changes.any(Change::kDelete)) return {};
  return Status::user("needs_upsert", "the query changes rows that it gave before, and this sink only adds rows; set mode: upsert and a key, or output_mode: "
                      "complete with mode: overwrite. Sink " + sink, "mode");
}

Status check_no_deletes(const arrow::RecordBatch& batch, const std::string& sink) {
  if (!ChangeColumn(batch).any(Change::kDelete)) return {};
  return Status::user("needs_upsert", "the query takes rows back one by one, and this sink replaces all rows with each epoch; set output_mode: complete, or "
                      "mode: upsert and a key. Sink " + sink, "mode");
}

}  // namespace laketide
