#include "formats/csv/csv_inference.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <utility>

#include <arrow/type.h>

#include "base/iso_time.h"
#include "flow/pseudo_columns.h"
#include "flow/records.h"
#include "formats/csv/csv_record.h"
#include "formats/csv/json_text.h"

namespace laketide::csv {
namespace {

/// What all values of a column so far could be. Confined to its task.
struct Candidate {
  std::string name;
  bool seen = false, whole = true, number = true, boolean = true, time = true;

  void look(std::string_view text) {
    if (text.empty()) return;
    seen = true;
    number = number && is_json_number(text) && !begins_with_zeros(text);
    whole = whole && number && is_bigint(text);
    boolean = boolean && (text == "true" || text == "false" || text == "True" || text == "False" || text == "TRUE" || text == "FALSE");
    if (!time) return;
    const auto parsed = parse_iso_time(text);
    time = parsed && parsed->has_offset;
  }

  std::shared_ptr<arrow::DataType> type() const {
    if (!seen) return arrow::utf8();
    if (whole) return arrow::int64();
    if (number) return arrow::float64();
    if (boolean) return arrow::boolean();
    return time ? arrow::timestamp(arrow::TimeUnit::MICRO, "UTC") : arrow::utf8();
  }

 private:
  static bool is_bigint(std::string_view text) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
  }
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

/// See csv_inference.h. Confined to its task.
class CsvInference final : public SchemaInference {
 public:
  CsvInference(std::vector<std::string> names, char delimiter) : record_(delimiter) {
    for (auto& name : names) columns_.emplace_back().name = std::move(name);
  }

  void add(const Records& records) override {
    for (const RecordView& record : records.rows) {
      if (!record_.cut(record.value_view())) continue;
      const auto& values = record_.values();
      if (columns_.empty()) name_by_place(values.size());
      if (values.size() != columns_.size()) continue;
      ++count_;
      for (size_t i = 0; i < values.size(); ++i) columns_[i].look(values[i].text);
    }
  }

  int64_t count() const override { return count_; }

  Result<Schema> schema() const override {
    if (count_ == 0) return Status::user("schema_needed", "no record could be read from which the columns could be learnt; declare them in schema", "schema");
    arrow::FieldVector fields;
    std::set<std::string> names;
    for (const Candidate& column : columns_) {
      if (is_pseudo_column(column.name)) continue;
      if (!names.insert(lower(column.name)).second) return Status::user("bad_schema", "the first line has two columns of one name; name them apart: " + column.name, "schema");
      fields.push_back(arrow::field(column.name, column.type()));
    }
    return arrow::schema(std::move(fields));
  }

 private:
  void name_by_place(size_t count) {
    for (size_t i = 1; i <= count; ++i) columns_.emplace_back().name = "column" + std::to_string(i);
  }

  CsvRecord record_;
  std::vector<Candidate> columns_;
  int64_t count_ = 0;
};

}  // namespace

std::unique_ptr<SchemaInference> make_csv_inference(std::vector<std::string> names, char delimiter) {
  return std::make_unique<CsvInference>(std::move(names), delimiter);
}

}  // namespace laketide::csv
