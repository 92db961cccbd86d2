// Reads one JSON value as a column's type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "formats/json/cell.h"
#include "formats/json/column_plan.h"
#include "formats/json/json_decoder.h"

namespace laketide::json {

/// What reading a value came to.
enum class Outcome { kOk, kBadJson, kWrongType, kOutOfRange, kTooDeep, kMissingField, kUnknownField };

/// The member of a struct that a value was refused for. Confined to its task.
struct Fault {
  std::string path;                // from the column on, without its name
  const Column* column = nullptr;  // null: none, or one that the schema does not have
  const char* value = nullptr;     // where it begins
};

/// Deepest nesting of arrays and objects in a value.
inline constexpr int kDepthMax = 128;

/// Reads values of one record after another; owns what cells point to. No allocation per value once its space has grown.
/// Confined to its task.
class ValueReader {
 public:
  /// `unknown`: what happens to members of structs that the schema does not have.
  explicit ValueReader(UnknownFields unknown) : unknown_(unknown) {}

  /// Forgets the record before. `record_size` bounds what this one needs.
  void start_record(size_t record_size);
  /// Reads `value`, whose token_of is `token`, into `cell`. Scalars may be left for the iteration around them to step over.
  Outcome read(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view token,
               const Column& column, Cell& cell);
  /// Steps over `value`, checking that it is JSON.
  Outcome skip(simdjson::ondemand::value& value);
  /// As skip; `raw` is the value's text, without white space around and, if nested, within it.
  Outcome take_raw(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view& raw);
  /// Elements of the lists of this record, and members of its structs.
  const std::vector<Cell>& elements() const { return elements_; }
  /// What the last `read` refused within a struct.
  const Fault& fault() const { return fault_; }
  /// The unknown members of structs in the value last read, as JSON of the same shape; empty: none, or they are not kept.
  const std::string& rescued() const { return rescued_; }

 private:
  Outcome read_value(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view token,
                     const Column& column, Cell& cell);
  Outcome read_struct(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view token,
                      const Column& column, Cell& cell);
  Outcome read_unknown(simdjson::ondemand::document& document, std::string_view raw_name, simdjson::ondemand::value& value);
  Outcome refuse(Outcome outcome, const Column& member, const char* value);
  Outcome read_scalar(simdjson::ondemand::value& value, std::string_view token, const Column& column, Cell& cell);
  Outcome read_string(simdjson::ondemand::value& value, std::string_view token, ColumnKind kind, Cell& cell);
  Outcome read_list(simdjson::ondemand::document& document, simdjson::ondemand::value& value, std::string_view token,
                    const Column& column, Cell& cell);
  char* scratch(size_t size);

  const UnknownFields unknown_;
  std::vector<char> scratch_;
  size_t used_ = 0;
  std::vector<Cell> elements_;
  std::vector<Cell> open_;  // elements of the lists that are being read
  Fault fault_;
  std::string rescued_;
};

/// A field's name as the text has it; `escaped`: it has to be unescaped before it is compared.
std::string_view raw_name_of(simdjson::ondemand::field& field, bool& escaped);

/// JSON's white space; other control characters are damage.
inline bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The token that `value` begins with, without white space behind it.
inline std::string_view token_of(simdjson::ondemand::value& value) {
  std::string_view token = value.raw_json_token();
  while (!token.empty() && is_space(token.back())) token.remove_suffix(1);
  return token;
}

/// Nothing stands behind what was read so far.
bool is_at_end(simdjson::ondemand::document& document);

}  // namespace laketide::json
