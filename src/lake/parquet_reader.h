// Reads one Parquet file through the store.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <arrow/type_fwd.h>

#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// Rows of a file on their way out. Outlived by its reader. Caller synchronises.
class ParquetRows {
 public:
  virtual ~ParquetRows() = default;
  /// The next rows, at most some thousand; null behind the last.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next() = 0;
};

/// An open Parquet file. Failures are `kUser` `broken_file`, or the store's. Caller synchronises.
class ParquetReader {
 public:
  virtual ~ParquetReader() = default;
  virtual const std::shared_ptr<arrow::Schema>& schema() const = 0;
  virtual int64_t rows() const = 0;
  /// The rows from the first, with the leaf columns whose dotted path `wanted` accepts; where it accepts none, batches have rows and
  /// no columns. What is read ahead is about a page of each column.
  virtual Result<std::unique_ptr<ParquetRows>> rows_with(const std::function<bool(std::string_view path)>& wanted) = 0;
  /// Hands out the rows, batch by batch, with the leaf columns whose dotted path `wanted` accepts; where it accepts none,
  /// batches have rows and no columns. Ends early, with its Status, when `take` fails.
  virtual Status read(const std::function<bool(std::string_view path)>& wanted,
                      const std::function<Status(const std::shared_ptr<arrow::RecordBatch>&)>& take) = 0;
};

/// `memory`: null for Arrow's own.
Result<std::unique_ptr<ParquetReader>> open_parquet_reader(storage::Store& store, const std::string& path, arrow::MemoryPool* memory = nullptr);

}  // namespace laketide::lake
