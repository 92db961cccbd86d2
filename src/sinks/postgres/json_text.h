// Nested Arrow values as JSON text.
#pragma once

#include <cstdint>
#include <string>

#include <arrow/type_fwd.h>

namespace laketide::postgres {

/// True if every type inside `type` can be written as JSON.
bool has_json_text(const arrow::DataType& type);

/// Appends row `row` of `values` as JSON: structs as objects, maps with text keys as objects, lists as arrays, numbers as
/// numbers (NaN and infinities as strings, as PostgreSQL's to_jsonb does), times as ISO-8601 text, binary as '\x' and hex.
/// Utf8 fields marked laketide.type=jsonb are embedded. Null: success; else why the value cannot be written.
const char* append_json(const arrow::Array& values, int64_t row, std::string& out);

}  // namespace laketide::postgres
