// A value that could not be computed, as a value: it becomes a refused row only if the result depends on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace laketide::expr {

struct Expression;

/// PostgreSQL's condition names (its Appendix A).
enum class ErrorCode : uint8_t {
  kNone,
  kNumericValueOutOfRange,
  kDivisionByZero,
  kInvalidTextRepresentation,
  kInvalidDatetimeFormat,
  kDatetimeFieldOverflow,
  kSubstringError,
  kInvalidEscapeSequence,
  kCharacterNotInRepertoire,
  kInvalidArgument,
  kProgramLimitExceeded,
  kInvalidPower,
  kInvalidLogarithm,
  kInvalidRegularExpression,
};
inline constexpr ErrorCode kGood = ErrorCode::kNone;
inline constexpr ErrorCode kRange = ErrorCode::kNumericValueOutOfRange;
/// "division_by_zero"
const char* to_string(ErrorCode code);

/// Row `row` has no value: evaluating `where` failed. Immutable.
struct RowError {
  int64_t row = 0;
  ErrorCode code = ErrorCode::kNone;
  const Expression* where = nullptr;
  std::optional<std::string> value;  // the text that could not be read, if there was one
};

/// At most one error a row, in the order of rows.
using RowErrors = std::vector<RowError>;

/// For a person: what failed, in which expression (and at which place of the query, unless the caller says it); the value last.
std::string describe(const RowError& error, bool with_place = true);

/// The errors of both; a row that has one in each keeps that of `first`.
RowErrors merge(RowErrors first, RowErrors second);

}  // namespace laketide::expr
