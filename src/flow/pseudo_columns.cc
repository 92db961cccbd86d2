#include "flow/pseudo_columns.h"

#include <algorithm>
#include <array>

#include <arrow/array/array_base.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/type.h>

#include "flow/arrow_status.h"

namespace laketide {
namespace {

enum class Kind { kTopic, kPartition, kOffset, kTimestamp, kTimestampType, kKey, kValue, kHeaders };
constexpr std::array<std::pair<std::string_view, Kind>, 8> kNames{{
    {"_topic", Kind::kTopic},
    {"_partition", Kind::kPartition},
    {"_offset", Kind::kOffset},
    {"_timestamp", Kind::kTimestamp},
    {"_timestamp_type", Kind::kTimestampType},
    {"_key", Kind::kKey},
    {"_value", Kind::kValue},
    {"_headers", Kind::kHeaders},
}};

const std::pair<std::string_view, Kind>* find(std::string_view name) {
  const auto found = std::find_if(kNames.begin(), kNames.end(), [&](const auto& one) { return one.first == name; });
  return found == kNames.end() ? nullptr : &*found;
}

std::shared_ptr<arrow::DataType> type_of(Kind kind) {
  switch (kind) {
    case Kind::kTopic: return arrow::utf8();
    case Kind::kPartition: return arrow::int32();
    case Kind::kOffset: return arrow::int64();
    case Kind::kTimestamp: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Kind::kTimestampType: return arrow::int32();
    case Kind::kKey:
    case Kind::kValue: return arrow::binary();
    case Kind::kHeaders: break;
  }
  return arrow::list(arrow::struct_({arrow::field("key", arrow::utf8()), arrow::field("value", arrow::binary())}));
}

arrow::Status append_bytes(arrow::ArrayBuilder& to, const char* data, uint32_t size) {
  auto& builder = static_cast<arrow::BinaryBuilder&>(to);
  return data ? builder.Append(data, static_cast<int32_t>(size)) : builder.AppendNull();
}

arrow::Status append_headers(arrow::ArrayBuilder& to, const Records& records, const RecordView& record) {
  auto& list = static_cast<arrow::ListBuilder&>(to);
  auto& entry = static_cast<arrow::StructBuilder&>(*list.value_builder());
  ARROW_RETURN_NOT_OK(list.Append());
  if (!records.headers) return arrow::Status::OK();
  for (const HeaderView& header : records.headers(record)) {
    ARROW_RETURN_NOT_OK(entry.Append());
    ARROW_RETURN_NOT_OK(static_cast<arrow::StringBuilder&>(*entry.field_builder(0)).Append(header.name));
    ARROW_RETURN_NOT_OK(append_bytes(*entry.field_builder(1), header.value_is_null ? nullptr : header.value.data(),
                                     static_cast<uint32_t>(header.value.size())));
  }
  return arrow::Status::OK();
}

arrow::Status append(Kind kind, arrow::ArrayBuilder& to, const Records& records, const RecordView& record) {
  switch (kind) {
    case Kind::kTopic: return static_cast<arrow::StringBuilder&>(to).Append(records.topics[record.topic]);
    case Kind::kPartition: return static_cast<arrow::Int32Builder&>(to).Append(record.partition);
    case Kind::kOffset: return static_cast<arrow::Int64Builder&>(to).Append(record.offset.value);
    case Kind::kTimestamp:
      if (record.timestamp_ms < 0) return to.AppendNull();
      return static_cast<arrow::TimestampBuilder&>(to).Append(record.timestamp_ms * 1000);
    case Kind::kTimestampType: return static_cast<arrow::Int32Builder&>(to).Append(record.timestamp_type);
    case Kind::kKey: return append_bytes(to, record.key, record.key_size);
    case Kind::kValue: return append_bytes(to, record.value, record.value_size);
    case Kind::kHeaders: break;
  }
  return append_headers(to, records, record);
}

/// All of a column of one width at once: no look at the builder's room, and none at its bitmap, for each.
template <typename Builder, typename Value>
arrow::Status append_each(arrow::ArrayBuilder& to, std::span<const size_t> rows, Value value) {
  auto& builder = static_cast<Builder&>(to);
  const int64_t before = builder.length();
  ARROW_RETURN_NOT_OK(builder.AppendEmptyValues(static_cast<int64_t>(rows.size())));
  for (size_t i = 0; i < rows.size(); ++i) builder[before + static_cast<int64_t>(i)] = value(rows[i]);
  return arrow::Status::OK();
}

arrow::Status append(Kind kind, arrow::ArrayBuilder& to, const Records& records, std::span<const size_t> rows) {
  switch (kind) {
    case Kind::kPartition: return append_each<arrow::Int32Builder>(to, rows, [&](size_t row) { return records.rows[row].partition; });
    case Kind::kOffset: return append_each<arrow::Int64Builder>(to, rows, [&](size_t row) { return records.rows[row].offset.value; });
    default: break;
  }
  for (const size_t row : rows) ARROW_RETURN_NOT_OK(append(kind, to, records, records.rows[row]));
  return arrow::Status::OK();
}

}  // namespace

bool is_record_pseudo_column(std::string_view name) { return find(name) != nullptr; }

bool is_epoch_pseudo_column(std::string_view name) { return name == "_epoch" || name == "_pipeline"; }

// Multiples of the golden ratio keep their distance: two levels of up to 2^31 rows each never meet.
int64_t row_of_record(int64_t row, int64_t ordinal) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;
  const auto from = static_cast<uint64_t>(row);
  return static_cast<int64_t>((from ^ (from >> 32)) * kGolden + static_cast<uint64_t>(ordinal) + 1);
}

std::shared_ptr<arrow::Field> pseudo_column_field(std::string_view name) {
  if (name == "_epoch" || name == kRowColumn) return arrow::field(std::string(name), arrow::int64(), false);
  if (name == "_pipeline") return arrow::field(std::string(name), arrow::utf8(), false);
  const auto* known = find(name);
  if (known == nullptr) return nullptr;
  const bool nullable = known->second == Kind::kTimestamp || known->second == Kind::kKey || known->second == Kind::kValue;
  return arrow::field(std::string(name), type_of(known->second), nullable);
}

/// One builder for each wanted column. Confined to its task.
struct PseudoColumns::Builders {
  struct Column {
    Kind kind;
    std::shared_ptr<arrow::Field> field;
    std::unique_ptr<arrow::ArrayBuilder> builder;
  };
  std::vector<Column> columns;
  arrow::Status failed;  // the first failure; append cannot answer
};

PseudoColumns::PseudoColumns(std::vector<std::string> names, arrow::MemoryPool* memory)
    : builders_(std::make_unique<Builders>()) {
  for (const std::string& name : names) {
    const auto* known = find(name);
    if (known == nullptr) {
      builders_->failed &= arrow::Status::Invalid("not a column of records: ", name);
      continue;
    }
    std::unique_ptr<arrow::ArrayBuilder> builder;
    builders_->failed &= arrow::MakeBuilder(memory, type_of(known->second), &builder);
    builders_->columns.push_back({known->second, pseudo_column_field(name), std::move(builder)});
  }
}

PseudoColumns::~PseudoColumns() = default;

void PseudoColumns::append(const Records& records, const RecordView& record) {
  for (auto& column : builders_->columns) {
    if (!builders_->failed.ok()) return;
    builders_->failed = laketide::append(column.kind, *column.builder, records, record);
  }
}

void PseudoColumns::append(const Records& records, std::span<const size_t> rows) {
  for (auto& column : builders_->columns) {
    if (!builders_->failed.ok()) return;
    builders_->failed = laketide::append(column.kind, *column.builder, records, rows);
  }
}

Result<std::vector<std::shared_ptr<arrow::Array>>> PseudoColumns::finish() {
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  LT_RETURN_IF_ERROR(from_arrow(builders_->failed));
  for (auto& column : builders_->columns) {
    LT_RETURN_IF_ERROR(from_arrow(column.builder->Finish(&arrays.emplace_back())));
  }
  return arrays;
}

std::vector<std::shared_ptr<arrow::Field>> PseudoColumns::fields() const {
  std::vector<std::shared_ptr<arrow::Field>> all;
  for (const auto& column : builders_->columns) all.push_back(column.field);
  return all;
}

}  // namespace laketide
