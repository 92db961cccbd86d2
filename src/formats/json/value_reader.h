// Reads one JSON value as a column's type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "formats/json/cell.h"
#include "formats/json/column_plan.h"

namespace laketide::json {

/// What reading a value came to.
enum class Outcome { kOk, kBadJson, kWrongType, kOutOfRange, kTooDeep };

/// Deepest nesting of arrays and objects in a value.
inline constexpr int kDepthMax = 128;

/// Reads values of one record after another; owns what cells point to. No allocation per value once its space has grown.
/// Confined to its task.
class ValueReader {
 public:
  /// Forgets the record before. `record_size` bounds what this one needs.
  void start_record(size_t record_size);
  /// Reads `value`, whose token_of is `token`, into `cell`. Scalars may be left for the iteration around them to step over.
  Outcome read(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view token,
               const Column& column, Cell& cell);
  /// Steps over `value`, checking that it is JSON.
  Outcome skip(simdjson::ondemand::value& value);
  /// As skip; `raw` is the value's text, without white space around and, if nested, within it.
  Outcome take_raw(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view& raw);
  /// Elements of the lists of this record.
  const std::vector<Cell>& elements() const { return elements_; }

 private:
  Outcome read_scalar(simdjson::ondemand::value& value, std::string_view token, ColumnKind kind, const Column& column, Cell& cell);
  Outcome read_string(simdjson::ondemand::value& value, std::string_view token, ColumnKind kind, Cell& cell);
  Outcome read_list(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view token,
                    const Column& column, Cell& cell);
  char* scratch(size_t size);

  std::vector<char> scratch_;
  size_t used_ = 0;
  std::vector<Cell> elements_;
};

/// The token that `value` begins with, without white space behind it.
inline std::string_view token_of(simdjson::ondemand::value& value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') token.remove_suffix(1);
  return token;
}

/// Nothing stands behind what was read so far.
bool is_at_end(simdjson::ondemand::document& document);

}  // namespace laketide::json
