#include "formats/csv/csv_format.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/type.h>

#include "flow/records.h"
#include "flow/rejects.h"
#include "flow/schema_text.h"
#include "formats/csv/csv_inference.h"
#include "formats/csv/csv_record.h"
#include "formats/csv/json_text.h"
#include "formats/json/json_format.h"

namespace laketide::csv {
namespace {

constexpr size_t kPaddingBytes = 64;

/// One column on its way into JSON. Immutable.
struct Member {
  size_t place = 0;   // in the record
  std::string head;   // `"name":`
  JsonKind kind = JsonKind::kText;
};

std::string head_of(const std::string& name) {
  std::string head;
  append_json_text(head, name);
  return head + ":";
}

std::vector<std::string> names_in(const std::string& header, char delimiter) {
  CsvRecord record(delimiter);
  std::vector<std::string> names;
  if (!record.cut(header)) return names;
  for (const CsvValue& value : record.values()) names.push_back(value.text.empty() ? "column" + std::to_string(names.size() + 1) : std::string(value.text));
  return names;
}

/// Rows as JSON texts in one buffer, made anew for each call. Confined to its task.
class JsonRows {
 public:
  explicit JsonRows(char delimiter) : record_(delimiter) {}

  /// Cuts the record; how it is refused, or nothing. `count`: values it must have, 0: any number.
  const char* cut(std::string_view text, size_t count) {
    if (!record_.cut(text)) return "bad_csv";
    return count != 0 && record_.values().size() != count ? "wrong_field_count" : nullptr;
  }
  size_t values() const { return record_.values().size(); }

  void add(const RecordView& record, const std::vector<Member>& members) {
    const size_t begin = text_.size();
    text_ += '{';
    for (const Member& member : members) {
      if (text_.back() != '{') text_ += ',';
      text_ += member.head;
      append_json(text_, record_.values()[member.place], member.kind);
    }
    text_ += '}';
    rows_.push_back(record);
    rows_.back().value_size = static_cast<uint32_t>(text_.size() - begin);
  }

  /// What was added since the last call of `clear`.
  Records records(const Records& like) {
    text_.reserve(text_.size() + kPaddingBytes);
    const char* at = text_.data();
    for (RecordView& row : rows_) {
      row.value = at;
      at += row.value_size;
    }
    Records all = like;
    all.rows = rows_;
    all.padding = kPaddingBytes;
    return all;
  }

  void clear() {
    text_.clear();
    rows_.clear();
  }

 private:
  CsvRecord record_;
  std::string text_;
  std::vector<RecordView> rows_;
};

/// See flow/decoder.h. Confined to its task.
class CsvDecoder final : public Decoder {
 public:
  CsvDecoder(std::unique_ptr<Decoder> json, std::vector<Member> members, size_t count, char delimiter)
      : json_(std::move(json)), members_(std::move(members)), count_(count), rows_(delimiter) {}

  Status decode(const Records& records, Batch& out, Rejects& rejects) override {
    rows_.clear();
    for (const RecordView& record : records.rows) {
      const std::string_view text = record.value == nullptr ? std::string_view() : record.value_view();
      if (const char* code = rows_.cut(text, count_)) {
        rejects.add(records, record, RejectStage::kDecode, code, reason(code));
      } else {
        rows_.add(record, members_);
      }
    }
    Rejects refused;
    LT_RETURN_IF_ERROR(json_->decode(rows_.records(records), out, refused));
    if (refused.size() > 0) with_own_bytes(records, refused, rejects);
    return {};
  }

 private:
  std::string reason(const char* code) const {
    if (std::string_view(code) == "bad_csv") return "a quote is left open, or something stands behind a closing one";
    return "the record has " + std::to_string(rows_.values()) + " values, and there are " + std::to_string(count_) + " columns";
  }

  // Quarantined is what stood in the file, not what we made of it.
  static void with_own_bytes(const Records& records, Rejects& refused, Rejects& rejects) {
    auto record = records.rows.begin();
    for (Reject& reject : refused.take()) {
      while (record != records.rows.end() && (record->offset != reject.offset || record->partition != reject.partition)) ++record;
      if (record == records.rows.end()) record = records.rows.begin();
      else reject.value = std::string(record->value_view());
      rejects.add(std::move(reject));
    }
  }

  const std::unique_ptr<Decoder> json_;
  const std::vector<Member> members_;
  const size_t count_;
  JsonRows rows_;
};

/// See csv_format.h. Thread-safe.
class CsvFormat final : public Format {
 public:
  CsvFormat(CsvFormatOptions options, Schema schema, std::unique_ptr<Format> json)
      : options_(std::move(options)), schema_(std::move(schema)), json_(std::move(json)) {}

  Schema schema() const override { return schema_; }

  std::unique_ptr<SchemaInference> inference() const override {
    if (schema_) return nullptr;
    return make_csv_inference(options_.header ? names_in(options_.header(), options_.delimiter) : std::vector<std::string>(), options_.delimiter);
  }

  Result<std::unique_ptr<Decoder>> open(Schema columns, std::vector<std::string> hidden, Context& context) const override {
    const Schema& all = schema_ ? schema_ : columns;
    std::vector<std::string> names = options_.header ? names_in(options_.header(), options_.delimiter) : all->field_names();
    std::vector<Member> members;
    for (const auto& field : columns->fields()) {
      const auto found = std::ranges::find(names, field->name());
      if (found == names.end()) {
        std::string listed;
        for (const auto& name : names) listed += (listed.empty() ? "" : ", ") + name;
        return Status::user("header_differs", "the schema has a column that the files do not have: " + field->name() + "; they have: " + listed, "schema");
      }
      members.push_back({static_cast<size_t>(found - names.begin()), head_of(field->name()), json_kind_of(*field)});
    }
    LT_ASSIGN_OR_RETURN(auto json, json_->open(std::move(columns), std::move(hidden), context));
    return std::unique_ptr<Decoder>(std::make_unique<CsvDecoder>(std::move(json), std::move(members), names.size(), options_.delimiter));
  }

 private:
  const CsvFormatOptions options_;
  const Schema schema_;  // null: to be inferred
  const std::unique_ptr<Format> json_;
};

}  // namespace

Result<std::unique_ptr<Format>> make_csv_format(CsvFormatOptions options) {
  Schema schema;
  if (!options.schema.empty()) {
    LT_ASSIGN_OR_RETURN(schema, parse_schema_text(options.schema));
  }
  LT_ASSIGN_OR_RETURN(auto json, json::make_json_format({options.schema, "row", "ignore"}));
  return std::unique_ptr<Format>(std::make_unique<CsvFormat>(std::move(options), std::move(schema), std::move(json)));
}

}  // namespace laketide::csv
