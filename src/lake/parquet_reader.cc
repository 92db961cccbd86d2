#include "lake/parquet_reader.h"

#include <exception>
#include <utility>
#include <vector>

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include "lake/arrow_status.h"

namespace laketide::lake {

namespace {

constexpr int64_t kReadBytes = 1 << 18;

/// Parquet's way to the store's file. Caller synchronises.
class StoreInput final : public arrow::io::RandomAccessFile {
 public:
  StoreInput(std::unique_ptr<storage::FileReader> file, arrow::MemoryPool* memory) : file_(std::move(file)), memory_(memory) {}

  arrow::Result<int64_t> GetSize() override { return file_->size(); }
  arrow::Result<int64_t> ReadAt(int64_t position, int64_t size, void* out) override {
    auto got = file_->read_at(position, size, static_cast<char*>(out));
    if (got.ok()) return *got;
    failure_ = got.status();
    return arrow::Status::IOError(failure_.to_string());
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(size, memory_));
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position, size, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(got));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }
  arrow::Result<int64_t> Read(int64_t size, void* out) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t got, ReadAt(position_, size, out));
    position_ += got;
    return got;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(int64_t size) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(position_, size));
    position_ += buffer->size();
    return buffer;
  }
  arrow::Status Seek(int64_t position) override {
    position_ = position;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return position_; }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  const Status& failure() const { return failure_; }

 private:
  std::unique_ptr<storage::FileReader> file_;
  arrow::MemoryPool* const memory_;
  int64_t position_ = 0;
  bool closed_ = false;
  Status failure_;
};

/// See ParquetReader. Caller synchronises.
class ArrowParquetReader final : public ParquetReader {
 public:
  ArrowParquetReader(std::unique_ptr<storage::FileReader> file, std::string path, arrow::MemoryPool* memory)
      : input_(std::make_shared<StoreInput>(std::move(file), memory)), path_(std::move(path)), memory_(memory) {}

  Status open() {
    return guarded([&]() -> arrow::Status {
      parquet::arrow::FileReaderBuilder builder;
      parquet::ReaderProperties pages(memory_);
      pages.enable_buffered_stream();  // else whole column chunks are held, however large the row group
      pages.set_buffer_size(kReadBytes);
      ARROW_RETURN_NOT_OK(builder.Open(input_, pages));
      parquet::ArrowReaderProperties properties(/*use_threads=*/false);
      properties.set_batch_size(8192);
      ARROW_RETURN_NOT_OK(builder.memory_pool(memory_)->properties(properties)->Build(&reader_));
      return reader_->GetSchema(&schema_);
    });
  }

  const std::shared_ptr<arrow::Schema>& schema() const override { return schema_; }
  int64_t rows() const override { return reader_->parquet_reader()->metadata()->num_rows(); }

  Result<std::unique_ptr<ParquetRows>> rows_with(const std::function<bool(std::string_view)>& wanted) override {
    std::vector<int> columns, groups;
    const auto metadata = reader_->parquet_reader()->metadata();
    for (int i = 0; i < metadata->schema()->num_columns(); ++i) {
      if (wanted(metadata->schema()->Column(i)->path()->ToDotString())) columns.push_back(i);
    }
    if (columns.empty()) return std::unique_ptr<ParquetRows>(std::make_unique<CountedRows>(rows()));
    for (int i = 0; i < metadata->num_row_groups(); ++i) groups.push_back(i);
    auto rows = std::make_unique<DecodedRows>(*this);
    LT_RETURN_IF_ERROR(guarded([&]() -> arrow::Status {
      ARROW_ASSIGN_OR_RAISE(rows->batches, reader_->GetRecordBatchReader(groups, columns));
      return arrow::Status::OK();
    }));
    return std::unique_ptr<ParquetRows>(std::move(rows));
  }

  Status read(const std::function<bool(std::string_view)>& wanted,
              const std::function<Status(const std::shared_ptr<arrow::RecordBatch>&)>& take) override {
    LT_ASSIGN_OR_RETURN(const auto rows, rows_with(wanted));
    for (;;) {
      LT_ASSIGN_OR_RETURN(const auto batch, rows->next());
      if (!batch) return {};
      LT_RETURN_IF_ERROR(take(batch));
    }
  }

 private:
  /// Confined to its task.
  struct DecodedRows final : ParquetRows {
    explicit DecodedRows(ArrowParquetReader& owner) : file(owner) {}
    Result<std::shared_ptr<arrow::RecordBatch>> next() override {
      std::shared_ptr<arrow::RecordBatch> batch;
      LT_RETURN_IF_ERROR(file.guarded([&]() -> arrow::Status { return batches->ReadNext(&batch); }));
      return batch;
    }
    ArrowParquetReader& file;
    std::unique_ptr<arrow::RecordBatchReader> batches;
  };

  /// Rows of which nobody wants a column. Confined to its task.
  struct CountedRows final : ParquetRows {
    explicit CountedRows(int64_t rows) : left(rows) {}
    Result<std::shared_ptr<arrow::RecordBatch>> next() override {
      const int64_t rows = std::exchange(left, 0);
      return rows == 0 ? nullptr : arrow::RecordBatch::Make(arrow::schema({}), rows, arrow::ArrayVector{});
    }
    int64_t left;
  };

  template <typename Work>
  Status guarded(Work work) {
    try {
      return outcome(work());
    } catch (const parquet::ParquetStatusException& e) {
      return outcome(e.status());
    } catch (const std::exception& e) {
      return outcome(arrow::Status::IOError(e.what()));
    }
  }

  Status outcome(const arrow::Status& done) const {
    if (!input_->failure().ok()) return input_->failure();
    if (done.ok() || done.IsOutOfMemory()) return from_arrow(done, "read Parquet");
    return Status::user("broken_file", "this is not a Parquet file that can be read: " + path_ + ": " + done.message());
  }

  std::shared_ptr<StoreInput> input_;
  std::string path_;
  arrow::MemoryPool* const memory_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<arrow::Schema> schema_;
};

}  // namespace

Result<std::unique_ptr<ParquetReader>> open_parquet_reader(storage::Store& store, const std::string& path, arrow::MemoryPool* memory) {
  LT_ASSIGN_OR_RETURN(auto file, store.open(path));
  auto reader = std::make_unique<ArrowParquetReader>(std::move(file), path, memory ? memory : arrow::default_memory_pool());
  LT_RETURN_IF_ERROR(reader->open());
  return std::unique_ptr<ParquetReader>(std::move(reader));
}

}  // namespace laketide::lake
