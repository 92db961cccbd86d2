#include "expr/row_error.h"

#include <algorithm>
#include <iterator>

#include "expr/expression.h"

namespace laketide::expr {
namespace {

// What PostgreSQL says, with its types in this product's spelling.
std::string what(const RowError& error) {
  const std::string type = error.where ? error.where->type.name() : "";
  switch (error.code) {
    case ErrorCode::kNone: return "no error";
    case ErrorCode::kNumericValueOutOfRange: return type + " out of range";
    case ErrorCode::kDivisionByZero: return "division by zero";
    case ErrorCode::kInvalidTextRepresentation: return "invalid input syntax for type " + type;
    case ErrorCode::kInvalidDatetimeFormat: return "invalid input syntax for type " + type;
    case ErrorCode::kDatetimeFieldOverflow: return type + " out of range";
    case ErrorCode::kSubstringError: return "negative substring length not allowed";
    case ErrorCode::kInvalidEscapeSequence: return "invalid escape in a LIKE pattern";
    case ErrorCode::kCharacterNotInRepertoire: return "bytes are not valid UTF-8 text";
    case ErrorCode::kInvalidArgument: return "argument outside of the function's domain";
    case ErrorCode::kProgramLimitExceeded: return "the result is too large";
    case ErrorCode::kInvalidPower: return "there is no such root or power";
    case ErrorCode::kInvalidRegularExpression: return "the pattern is not a regular expression, or one that is not supported";
    case ErrorCode::kInvalidLogarithm: return "there is no logarithm of zero or a negative number";
  }
  return "";
}

}  // namespace

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNone: break;
    case ErrorCode::kNumericValueOutOfRange: return "numeric_value_out_of_range";
    case ErrorCode::kDivisionByZero: return "division_by_zero";
    case ErrorCode::kInvalidTextRepresentation: return "invalid_text_representation";
    case ErrorCode::kInvalidDatetimeFormat: return "invalid_datetime_format";
    case ErrorCode::kDatetimeFieldOverflow: return "datetime_field_overflow";
    case ErrorCode::kSubstringError: return "substring_error";
    case ErrorCode::kInvalidEscapeSequence: return "invalid_escape_sequence";
    case ErrorCode::kCharacterNotInRepertoire: return "character_not_in_repertoire";
    case ErrorCode::kInvalidArgument: return "invalid_parameter_value";
    case ErrorCode::kProgramLimitExceeded: return "program_limit_exceeded";
    case ErrorCode::kInvalidPower: return "invalid_argument_for_power_function";
    case ErrorCode::kInvalidRegularExpression: return "invalid_regular_expression";
    case ErrorCode::kInvalidLogarithm: return "invalid_argument_for_logarithm";
  }
  return "none";
}

std::string describe(const RowError& error, bool with_place) {
  std::string text = what(error);
  if (error.where) {
    text += " in " + print(*error.where);
    if (with_place && error.where->place.line > 0) {
      text += " at " + std::to_string(error.where->place.line) + ":" + std::to_string(error.where->place.column);
    }
  }
  if (error.value) text += ": '" + *error.value + "'";
  return text;
}

RowErrors merge(RowErrors first, RowErrors second) {
  if (second.empty()) return first;
  if (first.empty()) return second;
  RowErrors both;
  both.reserve(first.size() + second.size());
  std::set_union(std::make_move_iterator(first.begin()), std::make_move_iterator(first.end()), std::make_move_iterator(second.begin()),
                 std::make_move_iterator(second.end()), std::back_inserter(both),
                 [](const RowError& a, const RowError& b) { return a.row < b.row; });
  return both;
}

}  // namespace laketide::expr
