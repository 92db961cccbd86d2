#include "lake/checkpoint_rows.h"

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/table_builder.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/arrow_status.h"

namespace laketide::lake {

namespace {

using OrderedJson = nlohmann::ordered_json;

constexpr int64_t kRowsPerBatch = 4096;

std::shared_ptr<arrow::DataType> text_map() { return arrow::map(arrow::utf8(), arrow::field("value", arrow::utf8())); }

std::shared_ptr<arrow::DataType> deletion_vector() {
  return arrow::struct_({arrow::field("storageType", arrow::utf8()), arrow::field("pathOrInlineDv", arrow::utf8()),
                         arrow::field("offset", arrow::int32()), arrow::field("sizeInBytes", arrow::int32()),
                         arrow::field("cardinality", arrow::int64())});
}

std::shared_ptr<arrow::Field> add_column() {
  return arrow::field("add", arrow::struct_({arrow::field("path", arrow::utf8()), arrow::field("partitionValues", text_map()),
                                             arrow::field("size", arrow::int64()), arrow::field("modificationTime", arrow::int64()),
                                             arrow::field("dataChange", arrow::boolean()), arrow::field("stats", arrow::utf8()),
                                             arrow::field("tags", text_map()), arrow::field("deletionVector", deletion_vector()),
                                             arrow::field("baseRowId", arrow::int64()),
                                             arrow::field("defaultRowCommitVersion", arrow::int64()),
                                             arrow::field("clusteringProvider", arrow::utf8())}));
}

std::shared_ptr<arrow::Field> remove_column() {
  return arrow::field(
      "remove", arrow::struct_({arrow::field("path", arrow::utf8()), arrow::field("deletionTimestamp", arrow::int64()),
                                arrow::field("dataChange", arrow::boolean()), arrow::field("extendedFileMetadata", arrow::boolean()),
                                arrow::field("partitionValues", text_map()), arrow::field("size", arrow::int64()),
                                arrow::field("deletionVector", deletion_vector()), arrow::field("baseRowId", arrow::int64()),
                                arrow::field("defaultRowCommitVersion", arrow::int64())}));
}

std::shared_ptr<arrow::Field> metadata_column() {
  const auto format = arrow::struct_({arrow::field("provider", arrow::utf8()), arrow::field("options", text_map())});
  return arrow::field("metaData",
                      arrow::struct_({arrow::field("id", arrow::utf8()), arrow::field("name", arrow::utf8()),
                                      arrow::field("description", arrow::utf8()), arrow::field("format", format),
                                      arrow::field("schemaString", arrow::utf8()),
                                      arrow::field("partitionColumns", arrow::list(arrow::field("element", arrow::utf8()))),
                                      arrow::field("configuration", text_map()), arrow::field("createdTime", arrow::int64())}));
}

std::shared_ptr<arrow::Field> protocol_column() {
  const auto names = arrow::list(arrow::field("element", arrow::utf8()));
  return arrow::field("protocol",
                      arrow::struct_({arrow::field("minReaderVersion", arrow::int32()), arrow::field("minWriterVersion", arrow::int32()),
                                      arrow::field("readerFeatures", names), arrow::field("writerFeatures", names)}));
}

arrow::Status append(arrow::ArrayBuilder& builder, const OrderedJson* value);

arrow::Status append_struct(arrow::StructBuilder& builder, const OrderedJson& object) {
  ARROW_RETURN_NOT_OK(builder.Append());
  for (int i = 0; i < builder.num_fields(); ++i) {
    const auto found = object.find(builder.type()->field(i)->name());
    ARROW_RETURN_NOT_OK(append(*builder.field_builder(i), found == object.end() ? nullptr : &*found));
  }
  return arrow::Status::OK();
}

arrow::Status append_map(arrow::MapBuilder& builder, const OrderedJson& object) {
  ARROW_RETURN_NOT_OK(builder.Append());
  for (const auto& [key, value] : object.items()) {
    ARROW_RETURN_NOT_OK(static_cast<arrow::StringBuilder*>(builder.key_builder())->Append(key));
    ARROW_RETURN_NOT_OK(append(*builder.item_builder(), &value));
  }
  return arrow::Status::OK();
}

arrow::Status append_list(arrow::ListBuilder& builder, const OrderedJson& list) {
  ARROW_RETURN_NOT_OK(builder.Append());
  for (const auto& value : list) ARROW_RETURN_NOT_OK(append(*builder.value_builder(), &value));
  return arrow::Status::OK();
}

arrow::Status append(arrow::ArrayBuilder& builder, const OrderedJson* value) {
  if (value == nullptr || value->is_null()) return builder.AppendNull();
  switch (builder.type()->id()) {
    case arrow::Type::STRUCT: return append_struct(static_cast<arrow::StructBuilder&>(builder), *value);
    case arrow::Type::MAP: return append_map(static_cast<arrow::MapBuilder&>(builder), *value);
    case arrow::Type::LIST: return append_list(static_cast<arrow::ListBuilder&>(builder), *value);
    case arrow::Type::INT32: return static_cast<arrow::Int32Builder&>(builder).Append(value->get<int32_t>());
    case arrow::Type::INT64: return static_cast<arrow::Int64Builder&>(builder).Append(value->get<int64_t>());
    case arrow::Type::BOOL: return static_cast<arrow::BooleanBuilder&>(builder).Append(value->get<bool>());
    default: return static_cast<arrow::StringBuilder&>(builder).Append(value->get_ref<const std::string&>());
  }
}

}  // namespace

std::shared_ptr<arrow::Schema> checkpoint_schema() {
  return arrow::schema(
      {arrow::field("txn", arrow::struct_({arrow::field("appId", arrow::utf8()), arrow::field("version", arrow::int64()),
                                           arrow::field("lastUpdated", arrow::int64())})),
       add_column(), remove_column(), metadata_column(), protocol_column(),
       arrow::field("domainMetadata", arrow::struct_({arrow::field("domain", arrow::utf8()), arrow::field("configuration", arrow::utf8()),
                                                      arrow::field("removed", arrow::boolean())}))});
}

CheckpointRows::CheckpointRows(Take take) : take_(std::move(take)) {}
CheckpointRows::~CheckpointRows() = default;

Status CheckpointRows::append(const Action& action) {
  if (!builder_) {
    auto made = arrow::RecordBatchBuilder::Make(checkpoint_schema(), arrow::default_memory_pool(), kRowsPerBatch);
    if (!made.ok()) return from_arrow(made.status(), "build a checkpoint");
    builder_ = std::move(made).ValueUnsafe();
  }
  const OrderedJson row = to_json(action);
  for (int i = 0; i < builder_->num_fields(); ++i) {
    const auto found = row.find(builder_->schema()->field(i)->name());
    LT_RETURN_IF_ERROR(from_arrow(laketide::lake::append(*builder_->GetField(i), found == row.end() ? nullptr : &*found),
                                  "build a checkpoint"));
  }
  ++rows_;
  return ++pending_ < kRowsPerBatch ? Status() : flush();
}

Status CheckpointRows::flush() {
  if (pending_ == 0) return {};
  pending_ = 0;
  auto batch = builder_->Flush();
  if (!batch.ok()) return from_arrow(batch.status(), "build a checkpoint");
  return take_(**batch);
}

}  // namespace laketide::lake
