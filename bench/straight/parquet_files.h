// Rows into Parquet files.
#pragma once

#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <parquet/arrow/writer.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "row_reader.h"
#include "settings.h"

namespace straight {

/// Arrow builders of one batch, small enough to stay in the cache, written into a file's open row group. Confined to its task.
class ParquetFiles {
 public:
  ParquetFiles(const Settings& settings, int lane)
      : prefix_(settings.dir + "/part-" + std::to_string(lane) + "-"),
        rows_per_file_(settings.rows_per_commit),
        codec_(settings.compression == "zstd" ? parquet::Compression::ZSTD : parquet::Compression::SNAPPY) {
    const auto required = [](const char* name, auto type) { return arrow::field(name, std::move(type), false); };
    schema_ = arrow::schema({required("id", arrow::int64()), required("event_type", arrow::utf8()),
                             required("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), required("value", arrow::float64()),
                             required("source", arrow::utf8()), required("user_id", arrow::int64())});
    reserve();
  }

  void add(const Row& row) {
    id_.UnsafeAppend(row.id);
    check(event_type_.Append(row.event_type));
    ts_.UnsafeAppend(row.ts_micros);
    value_.UnsafeAppend(row.value);
    check(source_.Append(row.source));
    user_id_.UnsafeAppend(row.user_id);
    if (id_.length() == kBatchRows) write_batch();
  }

  void finish() {
    write_batch();
    close_file();
  }

 private:
  static constexpr int64_t kBatchRows = 8192;

  void reserve() {
    const auto builders = std::to_array<arrow::ArrayBuilder*>({&id_, &event_type_, &ts_, &value_, &source_, &user_id_});
    for (auto* builder : builders) check(builder->Reserve(kBatchRows));
  }

  void write_batch() {
    const int64_t rows = id_.length();
    if (rows == 0) return;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    const auto builders = std::to_array<arrow::ArrayBuilder*>({&id_, &event_type_, &ts_, &value_, &source_, &user_id_});
    for (auto* builder : builders) check(builder->Finish(&columns.emplace_back()));
    if (!writer_) open_file();
    check(writer_->WriteRecordBatch(*arrow::RecordBatch::Make(schema_, rows, std::move(columns))));
    reserve();
    rows_in_file_ += rows;
    if (rows_in_file_ >= rows_per_file_) close_file();
  }

  void open_file() {
    parquet::WriterProperties::Builder properties;
    properties.compression(codec_)->disable_dictionary();
    properties.enable_dictionary("event_type")->enable_dictionary("source")->max_row_group_length(rows_per_file_);
    file_ = arrow::io::FileOutputStream::Open(prefix_ + std::to_string(files_++) + ".parquet").ValueOrDie();
    writer_ = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(), file_, properties.build()).ValueOrDie();
    check(writer_->NewBufferedRowGroup());
    rows_in_file_ = 0;
  }

  void close_file() {
    if (!writer_) return;
    check(writer_->Close());
    if (::fsync(file_->file_descriptor()) != 0) fail("fsync: " + prefix_);
    check(file_->Close());
    writer_.reset();
  }

  const std::string prefix_;
  const int64_t rows_per_file_;
  const parquet::Compression::type codec_;
  int64_t rows_in_file_ = 0;
  int files_ = 0;
  std::shared_ptr<arrow::Schema> schema_;
  arrow::Int64Builder id_, user_id_;
  arrow::StringBuilder event_type_, source_;
  arrow::TimestampBuilder ts_{arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool()};
  arrow::DoubleBuilder value_;
  std::shared_ptr<arrow::io::FileOutputStream> file_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace straight
