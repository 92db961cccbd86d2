// Writes one Parquet file through the store.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// How a Parquet file is laid out. Immutable.
struct ParquetOptions {
  std::string compression = "zstd";   // zstd | snappy | none
  int64_t row_group_bytes = 32 << 20; // of Arrow's bytes, which bounds what the writer holds in memory
  arrow::MemoryPool* memory = nullptr;  // default: Arrow's own
};
/// Fails `kUser` `bad_compression` for a codec we do not write.
Status check_compression(const std::string& compression);

/// One Parquet file being written: data pages V1, timestamps as INT64 microseconds, three-level lists, a dictionary on text
/// columns only (elsewhere it halves the speed and saves little). Confined to its task.
class ParquetWriter {
 public:
  virtual ~ParquetWriter() = default;
  /// Takes the file's rows in `batch`, whose schema must be the one given to open_parquet_writer.
  virtual Status write(const arrow::RecordBatch& batch) = 0;
  /// Bytes that reached the file so far; grows by row groups.
  virtual int64_t file_bytes() const = 0;
  /// Writes the footer and hands the file back, neither synced nor closed.
  virtual Result<std::unique_ptr<storage::FileWriter>> finish() = 0;
};

Result<std::unique_ptr<ParquetWriter>> open_parquet_writer(std::unique_ptr<storage::FileWriter> file,
                                                           const std::shared_ptr<arrow::Schema>& schema,
                                                           const ParquetOptions& options);

}  // namespace laketide::lake
