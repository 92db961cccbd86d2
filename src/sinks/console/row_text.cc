#include "sinks/console/row_text.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "sinks/postgres/json_text.h"

namespace laketide {
namespace {

// Bytes that are no UTF-8 become U+FFFD.
std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string csv_cell(const std::string& text) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + "\"";
}

std::string csv_value(const arrow::Array& values, int64_t row) {
  if (values.IsNull(row)) return {};
  if (values.type_id() == arrow::Type::STRING) return csv_cell(static_cast<const arrow::StringArray&>(values).GetString(row));
  const std::string json = json_value(values, row);
  // A time or a row of bytes: its text without JSON's quotes.
  if (json.starts_with('"') && json.find('\\') == std::string::npos) return csv_cell(json.substr(1, json.size() - 2));
  return csv_cell(json);
}

}  // namespace

std::string json_value(const arrow::Array& values, int64_t row) {
  if (values.IsNull(row)) return "null";
  if (values.type_id() == arrow::Type::STRING) return json_text(static_cast<const arrow::StringArray&>(values).GetView(row));
  std::string out;
  if (const char* why = postgres::append_json(values, row, out)) return json_text(std::string("cannot be shown: ") + why);
  return out;
}

std::string json_row(const arrow::RecordBatch& batch, int64_t row, int columns) {
  std::string out = "{";
  for (int column = 0; column < columns; ++column) {
    out.append(column == 0 ? "" : ",").append(json_text(batch.column_name(column))).append(":").append(json_value(*batch.column(column), row));
  }
  return out + "}";
}

std::string csv_head(const arrow::Schema& schema) {
  std::string line;
  for (int column = 0; column < schema.num_fields(); ++column) line.append(column == 0 ? "" : ",").append(csv_cell(schema.field(column)->name()));
  return line;
}

std::string csv_row(const arrow::RecordBatch& batch, int64_t row, int columns) {
  std::string line;
  for (int column = 0; column < columns; ++column) line.append(column == 0 ? "" : ",").append(csv_value(*batch.column(column), row));
  return line;
}

}  // namespace laketide
