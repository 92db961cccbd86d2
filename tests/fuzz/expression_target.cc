// An expression over rows: the same values and the same refusals for a batch, for its rows one by one, and for a slice of a larger one.
#include <string>
#include <vector>

#include <arrow/type.h>

#include "fuzz/target.h"
#include "sql/table_text.h"

namespace laketide::fuzz {
namespace {

constexpr const char* kColumns = "i int, k bigint, v double, t text, z timestamptz, d date, b boolean, n numeric(12,3), j jsonb";

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
    {"1", "9223372036854775807", "1.5", "alpha", "2026-01-02 03:04:05.678901+00", "2026-01-02", "true", "12.345", R"({"a":[1,2,{"b":null}]})"},
    {"-2147483648", "-1", "NaN", "", "0001-01-01 00:00:00+00", "0001-01-01", "false", "-999999999.999", "[]"},
    {{}, {}, {}, {}, {}, {}, {}, {}, {}},
    {"2147483647", "0", "-0", "  zwölf 😀 %_\\ ", "9999-12-31 23:59:59.999999+00", "9999-12-31", "true", "0", "\"12.5\""},
    {"0", "-9223372036854775808", "1e308", "2026-02-29", "1969-12-31 23:59:59.999999+00", "1970-01-01", {}, "0.001", "-1.50"},
    {"7", "7", "-Infinity", "12", "2024-02-29 12:00:00+00", "2024-02-29", "false", "7", R"({"a":"x","":0})"}};
  return all;
}

/// Rows and refusals as one text; the plan's own words for what failed are the same for all.
std::string text_of(const Answer& answer) {
  std::string text;
  for (const auto& row : answer.rows) {
    text += std::to_string(row.offset);
    for (const auto& cell : row.cells) text += cell ? " '" + *cell + "'" : " NULL";
    text += '\n';
  }
  for (const auto& refused : answer.refused) text += std::to_string(refused.offset) + " " + refused.code + " " + refused.reason + "\n";
  return text;
}

/// What cannot be run over rows (a query that remembers, has no place for its refusals, …) is the other target's.
bool is_one_expression(std::string_view text) {
  for (const char* word : {";", "--", "/*", "from", "FROM", "From"}) {
    if (text.find(word) != std::string_view::npos) return false;
  }
  return true;
}

}  // namespace

void read_bytes(std::string_view bytes) {
  if (!is_one_expression(bytes) || bytes.size() > 4096) return;
  static const Schema schema = schema_of_text(kColumns);
  const std::string query = "SELECT (" + std::string(bytes) + ") AS x, _offset AS o FROM source";
  const auto whole = ask(query, "", schema, rows(), Delivery::kWhole);
  if (!whole.ok()) return must_be_refusal(whole.status());
  for (const Delivery delivery : {Delivery::kSingly, Delivery::kSliced}) {
    const auto other = ask(query, "", schema, rows(), delivery);
    must(other.ok(), "refused in pieces only", query + "\n" + other.status().to_string());
    must(text_of(*other) == text_of(*whole), "other values in pieces", query + "\n" + text_of(*whole) + "in pieces\n" + text_of(*other));
  }
}

}  // namespace laketide::fuzz
