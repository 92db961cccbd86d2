#include "sinks/postgres/cell_encoder.h"

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include "sinks/postgres/column_type.h"

namespace laketide::postgres {

bool is_json_text(const arrow::Field& field) {
  const auto id = field.type()->id();
  if ((id != arrow::Type::STRING && id != arrow::Type::LARGE_STRING) || !field.metadata()) return false;
  const auto type = field.metadata()->Get("laketide.type");
  return type.ok() && *type == "jsonb";
}

Result<std::unique_ptr<CellEncoder>> make_cell_encoder(const arrow::Field& field, const ColumnType& column) {
  auto encoder = make_fixed_cell(field, column.base);
  if (!encoder) encoder = make_text_cell(field, column.base, column.is_enum);
  if (!encoder) encoder = make_built_cell(field, column.base);
  if (!encoder) encoder = make_array_cell(field, column);
  if (encoder) return encoder;
  const std::string wanted = column_type_for(field);
  return Status::user("schema_mismatch",
                      "the table's column cannot take what the pipeline gives; cast it in the pipeline's SQL, or change the column"
                      + (wanted.empty() ? std::string() : " to " + wanted) + ": column " + column.name + " is " + column.sql_name +
                          ", the value is " + field.type()->ToString(),
                      column.name);
}

}  // namespace laketide::postgres
