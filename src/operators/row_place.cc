#include "operators/row_place.h"

#include <optional>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace laketide {
namespace {

// The last of the name: hidden columns stand behind the visible ones.
int position_of(const arrow::Schema& schema, const char* name, arrow::Type::type type) {
  for (int i = schema.num_fields() - 1; i >= 0; --i) {
    if (schema.field(i)->name() == name && schema.field(i)->type()->id() == type) return i;
  }
  return -1;
}

template <typename Array>
const Array* value_at(const arrow::RecordBatch& batch, int column, int64_t row) {
  if (column < 0) return nullptr;
  const auto& array = static_cast<const Array&>(*batch.column(column));
  return array.IsNull(row) ? nullptr : &array;
}

std::optional<std::string> bytes_at(const arrow::RecordBatch& batch, int column, int64_t row) {
  const auto* array = value_at<arrow::BinaryArray>(batch, column, row);
  return array ? std::optional<std::string>(array->GetView(row)) : std::nullopt;
}

}  // namespace

RowPlace::RowPlace(const arrow::Schema& input, RowOrigin origin)
    : origin_(std::move(origin)),
      topic_(position_of(input, "_topic", arrow::Type::STRING)),
      partition_(position_of(input, "_partition", arrow::Type::INT32)),
      offset_(position_of(input, "_offset", arrow::Type::INT64)),
      timestamp_(position_of(input, "_timestamp", arrow::Type::TIMESTAMP)),
      key_(position_of(input, "_key", arrow::Type::BINARY)),
      value_(position_of(input, "_value", arrow::Type::BINARY)) {}

void RowPlace::refuse(const arrow::RecordBatch& batch, const expr::RowErrors& errors, Rejects& rejects) const {
  for (const expr::RowError& error : errors) {
    Reject reject = place(batch, error.row);
    reject.stage = RejectStage::kEvaluate;
    reject.code = to_string(error.code);
    reject.reason = describe(error);
    rejects.add(std::move(reject));
  }
}

Reject RowPlace::place(const arrow::RecordBatch& batch, int64_t row) const {
  constexpr int64_t kMicrosPerMilli = 1000;
  Reject reject;
  reject.source = origin_.source;
  reject.topic = origin_.topic;
  if (const auto* topic = value_at<arrow::StringArray>(batch, topic_, row)) reject.topic = topic->GetView(row);
  if (const auto* partition = value_at<arrow::Int32Array>(batch, partition_, row)) reject.partition = partition->Value(row);
  if (const auto* offset = value_at<arrow::Int64Array>(batch, offset_, row)) reject.offset = RecordOffset{offset->Value(row)};
  if (const auto* time = value_at<arrow::TimestampArray>(batch, timestamp_, row)) reject.timestamp_ms = time->Value(row) / kMicrosPerMilli;
  reject.key = bytes_at(batch, key_, row);
  reject.value = bytes_at(batch, value_, row);
  return reject;
}

std::vector<std::string> place_columns(const RowOrigin& origin) {
  std::vector<std::string> names{"_partition", "_offset", "_timestamp"};
  if (origin.topic.empty()) names.insert(names.begin(), "_topic");
  return names;
}

}  // namespace laketide
