#include "formats/json/json_format.h"

#include <optional>
#include <utility>

#include <arrow/type.h>

#include "flow/schema_text.h"
#include "formats/json/json_decoder.h"
#include "formats/json/json_inference.h"

namespace laketide::json {
namespace {

/// See json_format.h. Thread-safe.
class JsonFormat final : public Format {
 public:
  JsonFormat(Schema schema, UnknownFields unknown, bool skip_tombstones)
      : schema_(std::move(schema)), unknown_(unknown), skip_tombstones_(skip_tombstones) {}

  Schema schema() const override { return schema_; }

  std::unique_ptr<SchemaInference> inference() const override {
    return schema_ ? nullptr : make_json_inference(unknown_ == UnknownFields::kRescue);
  }

  Result<std::unique_ptr<Decoder>> open(Schema columns, std::vector<std::string> hidden, Context& context) const override {
    JsonDecoderOptions options;
    options.known = schema_ ? schema_ : columns;
    options.wanted = std::move(columns);
    options.hidden = std::move(hidden);
    options.unknown = unknown_;
    // What nobody looks at need not be kept.
    if (unknown_ == UnknownFields::kRescue && options.wanted->GetFieldIndex(std::string(kRescuedColumn)) < 0) {
      options.unknown = UnknownFields::kIgnore;
    }
    options.skip_tombstones = skip_tombstones_;
    return make_json_decoder(std::move(options), context);
  }

 private:
  const Schema schema_;  // null: to be inferred
  const UnknownFields unknown_;
  const bool skip_tombstones_;
};

Result<UnknownFields> policy_of(const std::string& text, const Schema& schema) {
  const bool has_rescued = schema && schema->GetFieldIndex(std::string(kRescuedColumn)) >= 0;
  if (text.empty()) return !schema || has_rescued ? UnknownFields::kRescue : UnknownFields::kIgnore;
  if (text == "ignore") return UnknownFields::kIgnore;
  if (text == "rescue") return UnknownFields::kRescue;
  if (text == "fail") return UnknownFields::kFail;
  if (text == "evolve") {
    return Status::user("unsupported", "schema_policy evolve is not there yet; rescue keeps unknown fields", "schema_policy");
  }
  return Status::user("bad_value", "schema_policy is ignore, rescue or fail, got " + text, "schema_policy");
}

Result<bool> skips_tombstones(const std::string& text) {
  if (text == "row") return false;
  if (text == "skip") return true;
  if (text == "delete") {
    return Status::user("unsupported", "tombstones: delete is not there yet; row gives a row of nulls, skip leaves them out", "tombstones");
  }
  return Status::user("bad_value", "tombstones is row or skip, got " + text, "tombstones");
}

}  // namespace

Result<std::unique_ptr<Format>> make_json_format(JsonFormatOptions options) {
  Schema schema;
  if (!options.schema.empty()) {
    LT_ASSIGN_OR_RETURN(schema, parse_schema_text(options.schema));
  }
  LT_ASSIGN_OR_RETURN(const UnknownFields unknown, policy_of(options.schema_policy, schema));
  LT_ASSIGN_OR_RETURN(const bool skip, skips_tombstones(options.tombstones));
  const std::string rescued(kRescuedColumn);
  if (schema && unknown == UnknownFields::kRescue) {
    const auto declared = schema->GetFieldByName(rescued);
    if (declared && declared->type()->id() != arrow::Type::STRING) {
      return Status::user("bad_schema", "_rescued holds the unknown fields as text; declare it as text, or not at all", "schema");
    }
    if (!declared) {
      arrow::FieldVector fields = schema->fields();
      fields.push_back(arrow::field(rescued, arrow::utf8()));
      schema = arrow::schema(std::move(fields));
    }
  }
  return std::unique_ptr<Format>(std::make_unique<JsonFormat>(std::move(schema), unknown, skip));
}

}  // namespace laketide::json
