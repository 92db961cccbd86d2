#include "sinks/delta/row_shape.h"

#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/delta_schema.h"

namespace laketide {
namespace {

Status mismatch(const std::string& what) {
  return Status::user("schema_mismatch", what + "; write to another path, or change the query so that its columns are the table's");
}

Status check_column(const arrow::Field& from, const arrow::Field& to) {
  if (!lake::type_fits(*from.type(), *to.type())) {
    return mismatch("a column has another type than the table's: " + from.name() + " is " + lake::delta_type_name(*from.type()) +
                    ", the table has " + lake::delta_type_name(*to.type()));
  }
  if (from.nullable() && !to.nullable()) return mismatch("a column may be null and the table's may not: " + from.name());
  return {};
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
  for (size_t i = 0; i < from_.size(); ++i) {
    if (from_[i] >= 0) {
      columns.push_back(batch->column(from_[i]));
      continue;
    }
    auto nulls = arrow::MakeArrayOfNull(table_->field(static_cast<int>(i))->type(), batch->num_rows());
    if (!nulls.ok()) return Status::internal("memory", nulls.status().ToString());
    columns.push_back(std::move(nulls).ValueUnsafe());
  }
  return arrow::RecordBatch::Make(table_, batch->num_rows(), std::move(columns));
}

}  // namespace laketide
