#include "formats/json/json_inference.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <arrow/type.h>
#include <simdjson.h>

#include "base/iso_time.h"
#include "flow/pseudo_columns.h"
#include "flow/schema_text.h"
#include "formats/json/json_format.h"
#include "formats/json/value_reader.h"

namespace laketide::json {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kColumnsMax = 1000;

// Kinds of values a field had, as bits.
enum Seen : unsigned { kBooleans = 1, kIntegers = 2, kReals = 4, kTimes = 8, kTexts = 16, kNested = 32 };

const char* type_of(unsigned seen) {
  switch (seen) {
    case 0: return "text";
    case kBooleans: return "boolean";
    case kIntegers: return "bigint";
    case kReals:
    case kIntegers | kReals: return "double";
    case kTimes: return "timestamptz";
    case kTexts:
    case kTexts | kTimes: return "text";
    default: return "jsonb";
  }
}

std::string lower(std::string_view text) {
  std::string low(text);
  std::transform(low.begin(), low.end(), low.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return low;
}

/// See json_inference.h. Confined to its task.
class JsonInference final : public SchemaInference {
 public:
  explicit JsonInference(bool with_rescued) : with_rescued_(with_rescued) {}

  void add(const Records& records) override {
    for (const RecordView& record : records.rows) {
      if (record.value == nullptr || !read(record.value_view())) continue;
      ++count_;
      for (const auto& [name, seen] : found_) note(name, seen);
    }
  }

  int64_t count() const override { return count_; }

  Result<Schema> schema() const override {
    if (count_ == 0) {
      return Status::user("schema_needed", "no record could be decoded as JSON, so the schema cannot be inferred: declare it under "
                                           "format.json.schema, or send records first");
    }
    arrow::FieldVector fields;
    for (const Field& field : fields_) {
      LT_ASSIGN_OR_RETURN(auto made, field_of_sql_type(field.name, type_of(field.seen)));
      fields.push_back(std::move(made));
    }
    if (with_rescued_) fields.push_back(arrow::field(std::string(kRescuedColumn), arrow::utf8()));
    return arrow::schema(std::move(fields));
  }

 private:
  struct Field {
    std::string name;
    unsigned seen = 0;
  };

  /// Reads one record's fields into found_; false if it is not an object.
  bool read(std::string_view text);
  bool read_value(ondemand::document& document, ondemand::value& value, unsigned& seen);
  void note(const std::string& name, unsigned seen);

  const bool with_rescued_;
  ondemand::parser parser_;
  ValueReader reader_{UnknownFields::kIgnore};
  std::vector<char> padded_;
  std::vector<std::pair<std::string, unsigned>> found_;
  std::vector<Field> fields_;
  std::unordered_map<std::string, size_t> by_name_;
  std::set<std::string> lower_names_;
  int64_t count_ = 0;
};

bool JsonInference::read(std::string_view text) {
  found_.clear();
  reader_.start_record(text.size());
  if (padded_.size() < text.size() + simdjson::SIMDJSON_PADDING) padded_.resize(2 * text.size() + simdjson::SIMDJSON_PADDING);
  std::memcpy(padded_.data(), text.data(), text.size());
  std::memset(padded_.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);  // see JsonDecoder::copy_padded
  ondemand::document document;
  ondemand::object object;
  if (parser_.iterate(padded_.data(), text.size(), padded_.size()).get(document)) return false;
  if (document.get_object().get(object)) return false;
  for (auto one : object) {
    ondemand::field field;
    std::string_view name;
    if (std::move(one).get(field)) return false;
    if (field.unescaped_key().get(name)) return false;
    auto& [found_name, seen] = found_.emplace_back(std::string(name), 0u);
    if (!read_value(document, field.value(), seen)) return false;
  }
  return is_at_end(document);
}

bool JsonInference::read_value(ondemand::document& document, ondemand::value& value, unsigned& seen) {
  static const Column kText{};
  const std::string_view token = token_of(value);
  switch (token.front()) {
    case '{': case '[': seen = kNested; break;
    case 't': case 'f': seen = kBooleans; break;
    case 'n': seen = 0; break;
    case '"': {
      Cell cell;
      if (reader_.read(document, value, token, kText, cell) != Outcome::kOk) return false;
      const auto time = parse_iso_time(cell.bytes.view());
      seen = time && time->has_offset ? kTimes : kTexts;
      return true;
    }
    default: {
      int64_t integer = 0;
      seen = value.get_int64().get(integer) == simdjson::SUCCESS ? kIntegers : kReals;
      if (seen == kIntegers) return true;
    }
  }
  return reader_.skip(value) == Outcome::kOk;
}

void JsonInference::note(const std::string& name, unsigned seen) {
  const auto known = by_name_.find(name);
  if (known != by_name_.end()) {
    fields_[known->second].seen |= seen;
    return;
  }
  const bool taken = name.empty() || is_pseudo_column(name) || name == kRescuedColumn || fields_.size() >= kColumnsMax;
  if (taken || !lower_names_.insert(lower(name)).second) return;
  by_name_[name] = fields_.size();
  fields_.push_back({name, seen});
}

}  // namespace

std::unique_ptr<SchemaInference> make_json_inference(bool with_rescued) {
  return std::make_unique<JsonInference>(with_rescued);
}

}  // namespace laketide::json
