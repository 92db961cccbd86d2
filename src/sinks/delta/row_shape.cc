#include "sinks/delta/row_shape.h"

#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/arrow_status.h"
#include "lake/delta_schema.h"

namespace laketide {
namespace {

Status mismatch(const std::string& what) {
  return Status::user("schema_mismatch", what + "; write to another path, or change the query so that its columns are the table's");
}

Status check_column(const arrow::Field& from, const arrow::Field& to) {
  LT_ASSIGN_OR_RETURN(const auto stored, lake::stored_type(*from.type()));
  if (!lake::type_fits(*stored, *to.type())) {
    return mismatch("a column has another type than the table's: " + from.name() + " is " + lake::delta_type_name(*from.type()) +
                    ", the table has " + lake::delta_type_name(*to.type()));
  }
  if (from.nullable() && !to.nullable()) return mismatch("a column may be null and the table's may not: " + from.name());
  return {};
}

/// The values for one column of the table, in its type; `from` < 0: null throughout.
Result<std::shared_ptr<arrow::Array>> column_of(const arrow::RecordBatch& batch, int from, const arrow::Field& to) {
  arrow::Result<std::shared_ptr<arrow::Array>> column = std::shared_ptr<arrow::Array>();
  if (from < 0) {
    column = arrow::MakeArrayOfNull(to.type(), batch.num_rows());
  } else {
    column = batch.column(from);
    if (!(*column)->type()->Equals(*to.type(), /*check_metadata=*/false)) column = arrow::compute::Cast(**column, to.type());
  }
  if (!column.ok()) return lake::from_arrow(column.status(), "turn a column into the table's type");
  if (!to.nullable() && (*column)->null_count() > 0) {
    return Status::internal("null_in_column", "a column that is said to be never null holds a null: " + to.name());
  }
  return std::move(column).ValueUnsafe();
}

}  // namespace

Result<RowShape> RowShape::fit(const Schema& rows, const Schema& table) {
  RowShape shape;
  shape.table_ = table;
  for (const auto& field : rows->fields()) {
    if (table->GetFieldIndex(field->name()) < 0) return mismatch("the table has no such column: " + field->name());
  }
  for (const auto& field : table->fields()) {
    const int index = rows->GetFieldIndex(field->name());
    shape.from_.push_back(index);
    if (index >= 0) {
      LT_RETURN_IF_ERROR(check_column(*rows->field(index), *field));
    } else if (!field->nullable()) {
      return mismatch("the table has a column that is never null and that the rows lack: " + field->name());
    }
  }
  return shape;
}

Result<Batch> RowShape::apply(const Batch& batch) const {
  arrow::ArrayVector columns;
  columns.reserve(from_.size());
  for (size_t i = 0; i < from_.size(); ++i) {
    LT_ASSIGN_OR_RETURN(auto column, column_of(*batch, from_[i], *table_->field(static_cast<int>(i))));
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(table_, batch->num_rows(), std::move(columns));
}

}  // namespace laketide
