#include "formats/json/json_decoder.h"

#include <algorithm>
#include <cstring>

#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <simdjson.h>

#include "flow/pseudo_columns.h"
#include "formats/json/column_builders.h"
#include "formats/json/column_plan.h"
#include "formats/json/json_format.h"
#include "formats/json/quick_reader.h"
#include "formats/json/value_reader.h"

namespace laketide::json {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kShownMax = 64;

/// Why a record was refused. Confined to its task.
struct Refusal {
  const char* code = nullptr;
  std::string reason;
};

std::string shown(std::string_view raw) {
  if (raw.size() <= kShownMax) return std::string(raw);
  size_t cut = kShownMax;
  while (cut > 0 && (static_cast<unsigned char>(raw[cut]) & 0xc0) == 0x80) --cut;  // between characters
  return std::string(raw.substr(0, cut)) + "…";
}

/// A field's name as the text has it, and its column. Confined to its task.
struct FieldName {
  std::string_view raw;
  int column = kUnknownField;
};

/// How much of the text from `value` on is that value, for messages only.
size_t value_size(const char* value, const char* end) {
  const char* at = value;
  int depth = 0;
  bool quoted = false;
  for (; at < end; ++at) {
    if (quoted) {
      if (*at == '\\') ++at;
      else if (*at == '"') quoted = false;
      if (!quoted && depth == 0) return static_cast<size_t>(at + 1 - value);
      continue;
    }
    if (*at == '"') quoted = true;
    if (*at == '{' || *at == '[') ++depth;
    if ((*at == '}' || *at == ']') && --depth <= 0) return static_cast<size_t>(at - value) + (depth == 0 ? 1 : 0);
    if (*at == ',' && depth == 0) break;
  }
  return static_cast<size_t>(std::min(at, end) - value);
}

std::string expectation(const Column& column) {
  switch (column.kind == ColumnKind::kList ? column.inner[0].kind : column.kind) {
    case ColumnKind::kStruct: return "an object";
    case ColumnKind::kText: return "a string";
    case ColumnKind::kBytea: return "a string in base64";
    case ColumnKind::kDate: return "a string like \"2026-01-02\"";
    case ColumnKind::kTime: return "a string like \"03:04:05\"";
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestamptz: return "a string like \"2026-01-02T03:04:05.678Z\"";
    case ColumnKind::kUuid: return "a string that is a UUID";
    case ColumnKind::kBoolean: return "true or false";
    default: return "a number";
  }
}

/// See json_decoder.h. Confined to its task.
class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(JsonDecoderOptions options, ColumnPlan plan, Context& context)
      : options_(std::move(options)),
        plan_(std::move(plan)),
        builders_(options_.wanted, plan_.columns(), context.memory),
        pseudo_(options_.hidden, context.memory),
        quick_(plan_.columns(), builders_.plain_columns(), options_.unknown == UnknownFields::kIgnore),
        reader_(options_.unknown),
        cells_(plan_.columns().size()) {
    arrow::FieldVector fields = options_.wanted->fields();
    for (const auto& field : pseudo_.fields()) fields.push_back(field);
    schema_ = arrow::schema(std::move(fields));
    for (size_t i = 0; i < cells_.size(); ++i) {
      if (plan_.columns()[i].not_null) required_.push_back(i);
    }
  }

  Status decode(const Records& records, Batch& out, Rejects& rejects) override;

 private:
  // These answer false for a record that cannot be used; refusal_ then says why.
  bool read_record(const RecordView& record);
  bool parse(const RecordView& record);
  bool read_fields(ondemand::document& document, ondemand::object& object);
  simdjson::error_code find_column(ondemand::field& field, size_t position, FieldName& name);
  bool read_unknown(ondemand::document& document, std::string_view raw_name, ondemand::value& value);
  void rescue(std::string_view raw_name, std::string_view value);
  bool check_nulls();
  bool refuse(Outcome outcome, const Column& column, const char* value);
  bool refuse(const char* code, std::string reason) {
    refusal_ = {code, std::move(reason)};
    return false;
  }
  bool refuse_json(std::string_view why) { return refuse("bad_json", "the value is not JSON: " + std::string(why)); }
  bool refuse_json(simdjson::error_code error);
  bool refuse_unknown(std::string_view name) { return refuse("unknown_field", "the schema has no such field, and schema_policy is fail: " + shown(name)); }
  std::string_view copy_padded(const RecordView& record);

  const JsonDecoderOptions options_;
  ColumnPlan plan_;
  ColumnBuilders builders_;
  PseudoColumns pseudo_;
  Schema schema_;
  QuickReader quick_;
  ondemand::parser parser_;
  ValueReader reader_;
  std::vector<Cell> cells_;
  std::vector<char> padded_;
  std::string_view text_;  // of the record, in padded_
  std::string rescued_;
  Refusal refusal_;
  std::vector<size_t> required_;  // columns that are not null
  std::vector<size_t> kept_;      // records that became rows
};

bool JsonDecoder::refuse_json(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR: return refuse_json("it is not UTF-8");
    case simdjson::EMPTY: return refuse_json("it is empty");
    case simdjson::UNESCAPED_CHARS: return refuse_json("a string holds a control character");
    case simdjson::UNCLOSED_STRING: return refuse_json("a string does not end");
    default: return refuse_json("it breaks off or is malformed");
  }
}

Status JsonDecoder::decode(const Records& records, Batch& out, Rejects& rejects) {
  out = nullptr;
  kept_.clear();
  LT_RETURN_IF_ERROR(builders_.begin(static_cast<int64_t>(records.rows.size())));
  for (const RecordView& record : records.rows) {
    if (record.value == nullptr && options_.skip_tombstones) continue;
    if (record.value != nullptr) text_ = copy_padded(record);
    if (record.value != nullptr && quick_.read(text_, plan_, builders_.rows())) {
      builders_.keep_row();
    } else if (read_record(record)) {
      LT_RETURN_IF_ERROR(builders_.append(cells_, reader_.elements()));
    } else {
      rejects.add(records, record, RejectStage::kDecode, refusal_.code, std::move(refusal_.reason));
      continue;
    }
    kept_.push_back(static_cast<size_t>(&record - records.rows.data()));
  }
  const auto rows = static_cast<int64_t>(kept_.size());
  LT_ASSIGN_OR_RETURN(auto arrays, builders_.finish());
  pseudo_.append(records, kept_);
  LT_ASSIGN_OR_RETURN(auto hidden, pseudo_.finish());
  if (rows == 0) return {};
  for (auto& array : hidden) arrays.push_back(std::move(array));
  out = arrow::RecordBatch::Make(schema_, rows, std::move(arrays));
  return {};
}

/// The parser reads up to 64 bytes behind a text, and of a fetch buffer nobody knows what is behind. Zeros must stand there: of a text that
/// breaks off, `{"v":[{}`, the parser asks the first byte behind it whether there is more, and a comma left over from the record
/// before would lead it out of the buffer.
std::string_view JsonDecoder::copy_padded(const RecordView& record) {
  const size_t needed = record.value_size + simdjson::SIMDJSON_PADDING;
  if (padded_.size() < needed) padded_.resize(needed * 2);
  std::memcpy(padded_.data(), record.value, record.value_size);
  std::memset(padded_.data() + record.value_size, 0, simdjson::SIMDJSON_PADDING);
  return {padded_.data(), record.value_size};
}

bool JsonDecoder::read_record(const RecordView& record) {
  for (Cell& cell : cells_) cell.is_set = false;
  return (record.value == nullptr || parse(record)) && check_nulls();
}

bool JsonDecoder::parse(const RecordView& record) {
  rescued_.clear();
  reader_.start_record(record.value_size);
  ondemand::document document;
  if (const auto error = parser_.iterate(text_.data(), text_.size(), padded_.size()).get(document)) return refuse_json(error);
  ondemand::object object;
  if (const auto error = document.get_object().get(object)) {
    if (error != simdjson::INCORRECT_TYPE) return refuse_json(error);
    return refuse("not_an_object", "the value must be one JSON object, and is " + shown(text_));
  }
  if (!read_fields(document, object)) return false;
  if (!is_at_end(document)) return refuse_json("something stands behind the object");
  if (plan_.rescued() >= 0 && !rescued_.empty()) {
    rescued_ += '}';
    cells_[static_cast<size_t>(plan_.rescued())].set_bytes(rescued_);
  }
  return true;
}

bool JsonDecoder::read_fields(ondemand::document& document, ondemand::object& object) {
  size_t position = 0;
  for (auto one : object) {
    if (one.error() != simdjson::SUCCESS) return refuse_json(one.error());
    // No copies of fields and values: each is a store that the next load has to wait for.
    ondemand::field&& field = std::move(one).value_unsafe();
    FieldName name;
    if (const auto error = find_column(field, position++, name)) return refuse_json(error);
    ondemand::value& value = field.value();
    if (name.column >= 0) {
      const auto index = static_cast<size_t>(name.column);
      const std::string_view token = token_of(value);
      const Column& column = plan_.columns()[index];
      const Outcome outcome = reader_.read(document, value, token, column, cells_[index]);
      if (outcome != Outcome::kOk) return refuse(outcome, column, token.data());
      if ((column.kind == ColumnKind::kStruct || column.kind == ColumnKind::kList) && !reader_.rescued().empty()) rescue(name.raw, reader_.rescued());
    } else if (name.column == kUnwantedField || options_.unknown == UnknownFields::kIgnore) {
      if (const Outcome outcome = reader_.skip(value); outcome != Outcome::kOk) return refuse(outcome, {}, nullptr);
    } else if (!read_unknown(document, name.raw, value)) {
      return false;
    }
  }
  return true;
}

simdjson::error_code JsonDecoder::find_column(ondemand::field& field, size_t position, FieldName& name) {
  name.raw = plan_.expected_name(position);
  if (!name.raw.empty() && field.key().unsafe_is_equal(name.raw)) {
    name.column = plan_.expected_column(position);
    return simdjson::SUCCESS;
  }
  bool escaped = false;
  name.raw = raw_name_of(field, escaped);
  std::string_view unescaped = name.raw;
  if (escaped) {
    if (const auto error = field.unescaped_key().get(unescaped)) return error;
  }
  name.column = plan_.look_up(unescaped, position);
  return simdjson::SUCCESS;
}

bool JsonDecoder::read_unknown(ondemand::document& document, std::string_view raw_name, ondemand::value& value) {
  if (options_.unknown == UnknownFields::kFail) {
    return refuse_unknown(raw_name);
  }
  std::string_view raw;
  if (const Outcome outcome = reader_.take_raw(document, value, raw); outcome != Outcome::kOk) return refuse(outcome, {}, nullptr);
  rescue(raw_name, raw);
  return true;
}

void JsonDecoder::rescue(std::string_view raw_name, std::string_view value) {
  rescued_.append(rescued_.empty() ? "{\"" : ",\"").append(raw_name).append("\":").append(value);
}

bool JsonDecoder::check_nulls() {
  for (const size_t i : required_) {
    if (cells_[i].is_set) continue;
    return refuse("missing_field", "the column is `not null`, and the record has no value for it: " + plan_.columns()[i].name);
  }
  return true;
}

bool JsonDecoder::refuse(Outcome outcome, const Column& column, const char* value) {
  if (outcome == Outcome::kBadJson) return refuse_json("a value is malformed");
  if (outcome == Outcome::kTooDeep) return refuse_json("it is nested deeper than " + std::to_string(kDepthMax));
  const Fault& fault = reader_.fault();
  const bool nested = (column.kind == ColumnKind::kStruct || column.kind == ColumnKind::kList) && !fault.path.empty();
  const std::string name = nested ? column.name + "." + fault.path : column.name;
  if (outcome == Outcome::kUnknownField) return refuse_unknown(name);
  if (outcome == Outcome::kMissingField) return refuse("missing_field", "the field is `not null`, and the record has no value for it: " + name);
  const Column& wanted = nested ? *fault.column : column;
  if (nested) value = fault.value;
  const char* const end = text_.data() + text_.size();
  const std::string seen = shown({value, value_size(value, end)});
  const std::string list = wanted.kind == ColumnKind::kList ? "an array, each " : "";
  const std::string what = outcome == Outcome::kOutOfRange ? "is a number that its type cannot hold" : "must be " + list + expectation(wanted);
  return refuse("wrong_type", "field " + name + " (" + wanted.sql_type + ") " + what + "; it is " + seen);
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_json_decoder(JsonDecoderOptions options, Context& context) {
  LT_ASSIGN_OR_RETURN(ColumnPlan plan, ColumnPlan::make(options.known, options.wanted));
  return std::unique_ptr<Decoder>(std::make_unique<JsonDecoder>(std::move(options), std::move(plan), context));
}

}  // namespace laketide::json
