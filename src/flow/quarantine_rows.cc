#include "flow/quarantine_rows.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flow/arrow_status.h"

namespace laketide {
namespace {

std::shared_ptr<arrow::DataType> instant_type() { return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"); }

std::shared_ptr<arrow::DataType> header_type() {
  return arrow::struct_({arrow::field("key", arrow::utf8()), arrow::field("value", arrow::binary())});
}

/// The columns being built. Confined to its task.
struct Columns {
  arrow::StringBuilder pipeline, source, topic, stage, code, reason;
  arrow::Int64Builder epoch, offset;
  arrow::Int32Builder partition;
  arrow::TimestampBuilder timestamp{instant_type(), arrow::default_memory_pool()};
  arrow::TimestampBuilder quarantined_at{instant_type(), arrow::default_memory_pool()};
  arrow::BinaryBuilder key, value;
  std::shared_ptr<arrow::StringBuilder> header_key = std::make_shared<arrow::StringBuilder>();
  std::shared_ptr<arrow::BinaryBuilder> header_value = std::make_shared<arrow::BinaryBuilder>();
  std::shared_ptr<arrow::StructBuilder> header = std::make_shared<arrow::StructBuilder>(
      header_type(), arrow::default_memory_pool(), std::vector<std::shared_ptr<arrow::ArrayBuilder>>{header_key, header_value});
  arrow::ListBuilder headers{arrow::default_memory_pool(), header, arrow::list(header_type())};

  arrow::Status append(const Reject& reject) {
    ARROW_RETURN_NOT_OK(source.Append(reject.source));
    ARROW_RETURN_NOT_OK(topic.Append(reject.topic));
    ARROW_RETURN_NOT_OK(partition.Append(reject.partition));
    ARROW_RETURN_NOT_OK(offset.Append(reject.offset.value));
    ARROW_RETURN_NOT_OK(reject.timestamp_ms < 0 ? timestamp.AppendNull() : timestamp.Append(reject.timestamp_ms * 1000));
    ARROW_RETURN_NOT_OK(reject.key ? key.Append(*reject.key) : key.AppendNull());
    ARROW_RETURN_NOT_OK(reject.value ? value.Append(*reject.value) : value.AppendNull());
    ARROW_RETURN_NOT_OK(headers.Append());
    for (const auto& [name, bytes] : reject.headers) {
      ARROW_RETURN_NOT_OK(header->Append());
      ARROW_RETURN_NOT_OK(header_key->Append(name));
      ARROW_RETURN_NOT_OK(bytes ? header_value->Append(*bytes) : header_value->AppendNull());
    }
    ARROW_RETURN_NOT_OK(stage.Append(to_string(reject.stage)));
    ARROW_RETURN_NOT_OK(code.Append(reject.code));
    return reason.Append(reject.reason);
  }

  arrow::Result<arrow::ArrayVector> finish() {
    arrow::ArrayVector columns;
    for (arrow::ArrayBuilder* builder : std::initializer_list<arrow::ArrayBuilder*>{&pipeline, &epoch, &source, &topic, &partition, &offset, &timestamp, &key, &value,
                                                                                   &headers, &stage, &code, &reason, &quarantined_at}) {
      ARROW_ASSIGN_OR_RAISE(auto column, builder->Finish());
      columns.push_back(std::move(column));
    }
    return columns;
  }
};

}  // namespace

Schema quarantine_schema() {
  static const Schema schema = arrow::schema({
      arrow::field("pipeline", arrow::utf8()), arrow::field("epoch", arrow::int64()), arrow::field("source", arrow::utf8()),
      arrow::field("topic", arrow::utf8()), arrow::field("partition", arrow::int32()), arrow::field("offset", arrow::int64()),
      arrow::field("timestamp", instant_type()), arrow::field("key", arrow::binary()), arrow::field("value", arrow::binary()),
      arrow::field("headers", arrow::list(header_type())), arrow::field("stage", arrow::utf8()), arrow::field("code", arrow::utf8()),
      arrow::field("reason", arrow::utf8()), arrow::field("quarantined_at", instant_type()),
  });
  return schema;
}

Result<Batch> to_batch(std::span<const Reject> rejects, const std::string& pipeline, EpochId epoch, Instant quarantined_at) {
  Columns columns;
  for (const Reject& reject : rejects) {
    LT_RETURN_IF_ERROR(from_arrow(columns.pipeline.Append(pipeline)));
    LT_RETURN_IF_ERROR(from_arrow(columns.epoch.Append(epoch.value)));
    LT_RETURN_IF_ERROR(from_arrow(columns.append(reject)));
    LT_RETURN_IF_ERROR(from_arrow(columns.quarantined_at.Append(quarantined_at.micros)));
  }
  auto built = columns.finish();
  LT_RETURN_IF_ERROR(from_arrow(built.status()));
  return arrow::RecordBatch::Make(quarantine_schema(), static_cast<int64_t>(rejects.size()), std::move(built).ValueUnsafe());
}

}  // namespace laketide
