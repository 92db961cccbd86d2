#include "formats/raw/raw_format.h"

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flow/pseudo_columns.h"

namespace laketide::raw {
namespace {

constexpr const char* kColumns[] = {"key", "value", "topic", "partition", "offset", "timestamp", "timestamp_type", "headers"};

// Each column is the pseudo-column of its name under another name, so there is one way to build it.
std::string pseudo_name(const std::string& column) { return "_" + column; }

/// Confined to its task.
class RawDecoder final : public Decoder {
 public:
  RawDecoder(Schema schema, std::vector<std::string> names, arrow::MemoryPool* memory)
      : schema_(std::move(schema)), columns_(std::move(names), memory) {}

  Status decode(const Records& records, Batch& out, Rejects&) override {
    out = nullptr;
    if (records.rows.empty()) return {};
    for (const auto& record : records.rows) columns_.append(records, record);
    LT_ASSIGN_OR_RETURN(auto columns, columns_.finish());
    out = arrow::RecordBatch::Make(schema_, static_cast<int64_t>(records.rows.size()), std::move(columns));
    return {};
  }

 private:
  const Schema schema_;
  PseudoColumns columns_;
};

/// Immutable.
class RawFormat final : public Format {
 public:
  Schema schema() const override {
    arrow::FieldVector fields;
    for (const char* name : kColumns) fields.push_back(pseudo_column_field(pseudo_name(name))->WithName(name));
    return arrow::schema(std::move(fields));
  }
  std::unique_ptr<SchemaInference> inference() const override { return nullptr; }

  Result<std::unique_ptr<Decoder>> open(Schema columns, std::vector<std::string> hidden, Context& context) const override {
    std::vector<std::string> names;
    arrow::FieldVector fields = columns->fields();
    for (const auto& field : columns->fields()) names.push_back(pseudo_name(field->name()));
    for (const auto& name : hidden) {
      names.push_back(name);
      fields.push_back(pseudo_column_field(name));
    }
    return std::unique_ptr<Decoder>(std::make_unique<RawDecoder>(arrow::schema(std::move(fields)), std::move(names), context.memory));
  }
};

}  // namespace

std::unique_ptr<Format> make_raw_format() { return std::make_unique<RawFormat>(); }

}  // namespace laketide::raw
