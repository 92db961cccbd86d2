// CSV values as JSON, by the type they are to have.
#pragma once

#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "formats/csv/csv_record.h"

namespace laketide::csv {

/// How a column's values are written.
enum class JsonKind { kText, kNumber, kBoolean, kDocument };

/// -?digits[.digits][e[+-]digits], leading zeros and all.
bool is_json_number(std::string_view text);
/// "007", "-00.5"; not "0", "0.5".
bool begins_with_zeros(std::string_view number);

JsonKind json_kind_of(const arrow::Field& field);

/// Appends a JSON value: null for nothing (empty, without quotes); a value that is not of the kind as text, which a decoder refuses with its
/// words. Numbers may begin with '+' or zeros; booleans are true, false, t, f, yes, no, 1, 0 in any case.
void append_json(std::string& out, const CsvValue& value, JsonKind kind);
void append_json_text(std::string& out, std::string_view text);

}  // namespace laketide::csv
