// Writes rows as data files of a table, which nobody sees until a commit names them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lake/actions.h"
#include "lake/file_statistics.h"
#include "lake/parquet_writer.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// A finished data file: complete, but neither synced nor named in the log. `path` is below the table's root, as it stands
/// on disk. `file` is null once it was synced and closed. Confined to its task.
struct DataFile {
  std::string path;
  TextMap partition_values;
  int64_t rows = 0, size = 0;
  std::string stats;
  std::unique_ptr<storage::FileWriter> file;

  AddFile to_add(int64_t modified_ms) const;
};

struct DataWriterOptions {
  std::shared_ptr<arrow::Schema> schema;       // of the rows: the table's columns, in the table's order
  std::vector<std::string> partition_columns;  // stand in the path, not in the file
  StatisticsScope statistics;
  ParquetOptions parquet;
  int64_t target_file_bytes = 128 << 20;  // a file is closed once it is about that large
  int64_t partitions_max = 10'000;        // of one epoch
  int64_t open_files_max = 64;            // the one that waits longest for rows is closed first
  /// Starts a new file in a directory below the table's root ("" or "a=1/"); sets `path`, also below the root.
  std::function<Result<std::unique_ptr<storage::FileWriter>>(const std::string& directory, std::string& path)> create;
};

/// One lane's files. Takes no lock and does not wait for the disk, save for what the kernel's cache makes it wait.
/// Confined to its task.
class DataWriter {
 public:
  virtual ~DataWriter() = default;
  virtual Status write(const std::shared_ptr<arrow::RecordBatch>& batch) = 0;
  /// Closes one open file; true: none is left, and `files` has all files since the last time. Then writing starts anew.
  virtual Result<bool> finish(std::vector<DataFile>& files) = 0;
};

std::unique_ptr<DataWriter> make_data_writer(DataWriterOptions options);

}  // namespace laketide::lake
