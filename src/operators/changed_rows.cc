#include "operators/changed_rows.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"

namespace laketide {

Result<Batch> with_changes(const arrow::RecordBatch& rows, int columns, std::span<const Change> changes, arrow::MemoryPool* memory,
                           const std::shared_ptr<arrow::Field>& extra_field, std::shared_ptr<arrow::Array> extra) {
  expr::Type int8(expr::TypeId::kOther);
  int8.other = arrow::int8();
  auto change = expr::fixed_column<int8_t>(int8, rows.num_rows(), memory, [&](int64_t row, int8_t& out) {
    out = static_cast<int8_t>(changes[static_cast<size_t>(row)]);
    return true;
  });
  if (!change.ok()) return expr::memory_status(change.status());
  arrow::FieldVector fields(rows.schema()->fields().begin(), rows.schema()->fields().begin() + columns);
  arrow::ArrayVector arrays(rows.columns().begin(), rows.columns().begin() + columns);
  if (extra_field) {
    fields.push_back(extra_field);
    arrays.push_back(std::move(extra));
  }
  fields.push_back(change_field());
  arrays.push_back(std::move(change).ValueUnsafe());
  return Batch(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows.num_rows(), std::move(arrays)));
}

}  // namespace laketide
