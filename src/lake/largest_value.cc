#include "lake/largest_value.h"

#include <algorithm>

#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/value_text.h"

namespace laketide::lake {
namespace {

using Json = nlohmann::json;

std::optional<int64_t> micros_of(const std::string& text, bool is_date) { return parse_timestamp_micros(is_date ? text + "T00:00:00" : text); }

std::optional<int64_t> count_of(const Json& object, const std::string& name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_integer() ? std::optional(found->get<int64_t>()) : std::nullopt;
}

/// What a file's statistics say of a column. Immutable.
struct Bound {
  std::optional<int64_t> micros;
  bool known = false;  // without a value: no row of the file has one
};

Bound bound_in(const std::string& statistics, const std::string& column, bool is_date) {
  const Json json = Json::parse(statistics, nullptr, false);
  if (!json.is_object()) return {};
  const auto rows = count_of(json, "numRecords");
  if (rows == 0) return {{}, true};
  const Json highs = json.value("maxValues", Json::object());
  if (const auto high = highs.is_object() ? highs.find(column) : highs.end(); high != highs.end() && high->is_string()) {
    const auto micros = micros_of(high->get<std::string>(), is_date);
    return {micros, micros.has_value()};
  }
  const Json nulls = json.value("nullCount", Json::object());
  return {{}, rows && nulls.is_object() && count_of(nulls, column) == rows};
}

Bound bound_of(const AddFile& file, const std::string& column, bool is_date) {
  const auto partition = file.partition_values.find(column);
  if (partition == file.partition_values.end()) return file.stats ? bound_in(*file.stats, column, is_date) : Bound();
  if (!partition->second || partition->second->empty()) return {{}, true};
  const auto micros = micros_of(*partition->second, is_date);
  return {micros, micros.has_value()};
}

}  // namespace

Result<std::optional<int64_t>> largest_micros(const FullState& table, const std::string& column) {
  const auto field = table.state.schema->GetFieldByName(column);
  if (!field) return Status::user("bad_column", "the table has no such column: " + column);
  const bool is_date = field->type()->id() == arrow::Type::DATE32;
  if (!is_date && field->type()->id() != arrow::Type::TIMESTAMP) {
    return Status::user("bad_column", "only a column of type timestamptz, timestamp or date says when a row is from; this one is " + field->type()->ToString() + ": " + column);
  }
  std::optional<int64_t> largest;
  for (const auto& [key, file] : table.files) {
    const Bound bound = bound_of(file, column, is_date);
    if (!bound.known) {
      return Status::user("no_statistics", "the table's log does not say how large this column is in every file, and no file is read for it; start from \"resume\" or a time. Column " +
                                               column + ", file " + file.path);
    }
    if (bound.micros) largest = std::max(largest.value_or(*bound.micros), *bound.micros);
  }
  return largest;
}

}  // namespace laketide::lake
