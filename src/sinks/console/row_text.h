// Rows of a table as text: CSV and JSON lines.
#pragma once

#include <cstdint>
#include <string>

#include <arrow/type_fwd.h>

namespace laketide {

/// One value as JSON: times as ISO-8601 text, bytes as '\x' and hex, nested values as objects and arrays. What JSON has no
/// form for becomes a text that says so.
std::string json_value(const arrow::Array& values, int64_t row);
/// One row of the first `columns` columns as a JSON object.
std::string json_row(const arrow::RecordBatch& batch, int64_t row, int columns);

/// The names as a line of CSV (RFC 4180, with a line feed).
std::string csv_head(const arrow::Schema& schema);
/// One row of the first `columns` columns as a line of CSV: null is nothing, an empty text is "", nested values are JSON.
std::string csv_row(const arrow::RecordBatch& batch, int64_t row, int columns);

}  // namespace laketide
