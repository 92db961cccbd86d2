#include "lake/parquet_writer.h"

#include <exception>

#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/byte_size.h>
#include <parquet/arrow/schema.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/schema.h>

#include "lake/arrow_status.h"

namespace laketide::lake {

namespace {

constexpr size_t kBufferBytes = 256 << 10;

/// Parquet's way to the store's file: gathers small writes, and keeps our Status, which Arrow's cannot carry. Confined to
/// its task.
class StoreOutput final : public arrow::io::OutputStream {
 public:
  explicit StoreOutput(std::unique_ptr<storage::FileWriter> file) : file_(std::move(file)) { buffer_.reserve(kBufferBytes); }

  arrow::Status Write(const void* data, int64_t size) override {
    const std::string_view bytes(static_cast<const char*>(data), static_cast<size_t>(size));
    position_ += size;
    if (buffer_.size() + bytes.size() > kBufferBytes) ARROW_RETURN_NOT_OK(Flush());
    if (bytes.size() > kBufferBytes) return keep(file_->append(bytes));
    buffer_.append(bytes);
    return arrow::Status::OK();
  }
  arrow::Status Flush() override {
    if (buffer_.empty()) return arrow::Status::OK();
    const arrow::Status done = keep(file_->append(buffer_));
    buffer_.clear();
    return done;
  }
  arrow::Status Close() override { return Flush(); }
  bool closed() const override { return false; }
  arrow::Result<int64_t> Tell() const override { return position_; }

  const Status& failure() const { return failure_; }
  int64_t position() const { return position_; }
  std::unique_ptr<storage::FileWriter> release() { return std::move(file_); }

 private:
  arrow::Status keep(Status status) {
    if (status.ok()) return arrow::Status::OK();
    failure_ = std::move(status);
    return arrow::Status::IOError(failure_.to_string());
  }

  std::unique_ptr<storage::FileWriter> file_;
  std::string buffer_;
  int64_t position_ = 0;
  Status failure_;
};

parquet::Compression::type codec(const std::string& name) {
  if (name == "snappy") return parquet::Compression::SNAPPY;
  if (name == "none") return parquet::Compression::UNCOMPRESSED;
  return parquet::Compression::ZSTD;
}

arrow::Status add_dictionaries(const arrow::Schema& schema, parquet::WriterProperties::Builder& builder) {
  std::shared_ptr<parquet::SchemaDescriptor> descriptor;
  ARROW_RETURN_NOT_OK(parquet::arrow::ToParquetSchema(&schema, *parquet::default_writer_properties(), &descriptor));
  for (int i = 0; i < descriptor->num_columns(); ++i) {
    const auto* column = descriptor->Column(i);
    if (column->logical_type()->is_string()) builder.enable_dictionary(column->path());
  }
  return arrow::Status::OK();
}

/// See ParquetWriter. Confined to its task.
class ArrowParquetWriter final : public ParquetWriter {
 public:
  ArrowParquetWriter(std::unique_ptr<storage::FileWriter> file, const ParquetOptions& options)
      : output_(std::make_shared<StoreOutput>(std::move(file))), row_group_bytes_(options.row_group_bytes) {}

  Status open(const std::shared_ptr<arrow::Schema>& schema, const ParquetOptions& options) {
    return guarded([&]() -> arrow::Status {
      auto* memory = options.memory ? options.memory : arrow::default_memory_pool();
      parquet::WriterProperties::Builder builder;
      builder.memory_pool(memory)->compression(codec(options.compression))->disable_dictionary();
      builder.data_page_version(parquet::ParquetDataPageVersion::V1)->created_by("laketide");
      ARROW_RETURN_NOT_OK(add_dictionaries(*schema, builder));
      parquet::ArrowWriterProperties::Builder arrow_builder;
      arrow_builder.coerce_timestamps(arrow::TimeUnit::MICRO)->set_use_threads(false);
      ARROW_ASSIGN_OR_RAISE(
          writer_, parquet::arrow::FileWriter::Open(*schema, memory, output_, builder.build(), arrow_builder.build()));
      return arrow::Status::OK();
    });
  }

  Status write(const arrow::RecordBatch& batch) override {
    return guarded([&]() -> arrow::Status {
      if (group_bytes_ >= row_group_bytes_) {
        ARROW_RETURN_NOT_OK(writer_->NewBufferedRowGroup());
        group_bytes_ = 0;
      }
      ARROW_ASSIGN_OR_RAISE(const int64_t bytes, arrow::util::ReferencedBufferSize(batch));
      group_bytes_ += bytes;
      return writer_->WriteRecordBatch(batch);
    });
  }

  int64_t file_bytes() const override { return output_->position(); }

  Result<std::unique_ptr<storage::FileWriter>> finish() override {
    LT_RETURN_IF_ERROR(guarded([&]() -> arrow::Status {
      ARROW_RETURN_NOT_OK(writer_->Close());
      return output_->Flush();
    }));
    return output_->release();
  }

 private:
  template <typename Work>
  Status guarded(Work work) {
    try {
      const arrow::Status done = work();
      if (!output_->failure().ok()) return output_->failure();
      return from_arrow(done, "write Parquet");
    } catch (const parquet::ParquetStatusException& e) {
      return output_->failure().ok() ? from_arrow(e.status(), "write Parquet") : output_->failure();
    } catch (const std::exception& e) {
      return output_->failure().ok() ? from_arrow(arrow::Status::UnknownError(e.what()), "write Parquet") : output_->failure();
    }
  }

  std::shared_ptr<StoreOutput> output_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  int64_t row_group_bytes_;
  int64_t group_bytes_ = 0;
};

}  // namespace

Status check_compression(const std::string& compression) {
  if (compression == "zstd" || compression == "snappy" || compression == "none") return {};
  return Status::user("bad_compression", "compression is zstd, snappy or none, not " + compression, "compression");
}

Result<std::unique_ptr<ParquetWriter>> open_parquet_writer(std::unique_ptr<storage::FileWriter> file,
                                                           const std::shared_ptr<arrow::Schema>& schema,
                                                           const ParquetOptions& options) {
  LT_RETURN_IF_ERROR(check_compression(options.compression));
  auto writer = std::make_unique<ArrowParquetWriter>(std::move(file), options);
  LT_RETURN_IF_ERROR(writer->open(schema, options));
  return std::unique_ptr<ParquetWriter>(std::move(writer));
}

}  // namespace laketide::lake
