#include "formats/text/text_format.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/utf8.h>

#include "flow/arrow_status.h"
#include "flow/pseudo_columns.h"

namespace laketide::text {
namespace {

/// Confined to its task.
class TextDecoder final : public Decoder {
 public:
  TextDecoder(Schema schema, std::vector<std::string> hidden, bool wants_value, bool skips_tombstones, arrow::MemoryPool* memory)
      : schema_(std::move(schema)), wants_value_(wants_value), skips_tombstones_(skips_tombstones), values_(memory), hidden_(std::move(hidden), memory) {}

  Status decode(const Records& records, Batch& out, Rejects& rejects) override {
    out = nullptr;
    int64_t rows = 0;
    for (const auto& record : records.rows) {
      if (record.value == nullptr && skips_tombstones_) continue;
      if (!arrow::util::ValidateUTF8(record.value_view())) {
        rejects.add(records, record, RejectStage::kDecode, "bad_utf8", "the value is not UTF-8; read it with format: raw");
        continue;
      }
      LT_RETURN_IF_ERROR(from_arrow(record.value ? values_.Append(record.value_view()) : values_.AppendNull()));
      hidden_.append(records, record);
      ++rows;
    }
    arrow::ArrayVector columns(1);
    LT_RETURN_IF_ERROR(from_arrow(values_.Finish(&columns.front())));
    if (!wants_value_) columns.clear();
    LT_ASSIGN_OR_RETURN(auto places, hidden_.finish());
    columns.insert(columns.end(), places.begin(), places.end());
    if (rows > 0) out = arrow::RecordBatch::Make(schema_, rows, std::move(columns));
    return {};
  }

 private:
  const Schema schema_;
  const bool wants_value_;
  const bool skips_tombstones_;
  arrow::StringBuilder values_;
  PseudoColumns hidden_;
};

/// Immutable.
class TextFormat final : public Format {
 public:
  explicit TextFormat(bool skips_tombstones) : skips_tombstones_(skips_tombstones) {}

  Schema schema() const override { return arrow::schema({arrow::field("value", arrow::utf8())}); }
  std::unique_ptr<SchemaInference> inference() const override { return nullptr; }

  Result<std::unique_ptr<Decoder>> open(Schema columns, std::vector<std::string> hidden, Context& context) const override {
    arrow::FieldVector fields = columns->fields();
    const bool wants_value = !fields.empty();
    for (const auto& name : hidden) fields.push_back(pseudo_column_field(name));
    return std::unique_ptr<Decoder>(std::make_unique<TextDecoder>(arrow::schema(std::move(fields)), std::move(hidden), wants_value,
                                                                  skips_tombstones_, context.memory));
  }

 private:
  const bool skips_tombstones_;
};

}  // namespace

Result<std::unique_ptr<Format>> make_text_format(TextFormatOptions options) {
  if (options.tombstones != "row" && options.tombstones != "skip") {
    return Status::user("unsupported", "tombstones of text are row or skip in this release, got " + options.tombstones, "tombstones");
  }
  arrow::util::InitializeUTF8();
  return std::unique_ptr<Format>(std::make_unique<TextFormat>(options.tombstones == "skip"));
}

}  // namespace laketide::text
