// Integers, floats and booleans as text, read and written as PostgreSQL does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "expr/row_error.h"

namespace laketide::expr {

/// The text without PostgreSQL's blanks at both ends.
std::string_view trim_blanks(std::string_view text);

/// A value from text with blanks around; kInvalidTextRepresentation, or kNumericValueOutOfRange.
ErrorCode parse(std::string_view text, int16_t& value);
ErrorCode parse(std::string_view text, int32_t& value);
ErrorCode parse(std::string_view text, int64_t& value);
ErrorCode parse(std::string_view text, float& value);
ErrorCode parse(std::string_view text, double& value);
/// "t", "yes", "on", "1" and so on, each beginning of a word that is not ambiguous.
ErrorCode parse(std::string_view text, bool& value);
/// Any spelling of a uuid PostgreSQL reads, as its 36 characters in lower case.
ErrorCode parse_uuid(std::string_view text, std::string& value);

/// The shortest text that reads back as the same value, with an exponent from 1e+15 (reals: 1e+06) and below 1e-04.
std::string print_float(float value);
std::string print_float(double value);

}  // namespace laketide::expr
