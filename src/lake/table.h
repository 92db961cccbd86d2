// Looks into a table: for people, for tests, and for reading a table as a batch input.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/wait.h"
#include "lake/actions.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// One version of a table. Of a plain directory there is one, numbered 0. Immutable.
struct TableVersion {
  int64_t version = 0;
  Protocol protocol;
  Metadata metadata;
  std::shared_ptr<arrow::Schema> schema;
  std::vector<AddFile> files;  // in order of their paths
};

/// One entry of a table's history. Immutable.
struct HistoryEntry {
  int64_t version = 0;
  CommitInfo info;  // empty where the commit has none
  int64_t files_added = 0, files_removed = 0, rows_added = 0;  // rows: as far as statistics tell
};

/// Something that is wrong with a table. `code` is stable: missing_version, missing_file, wrong_size, broken_file,
/// wrong_row_count, false_bound, wrong_null_count, broken_statistics, missing_partition_value, duplicate_file. Immutable.
struct Finding {
  int64_t version = -1;
  std::string code;
  std::string path;  // of the file it is about; may be empty
  std::string detail;
};

/// A Delta table, or a directory of Parquet files (found by the absence of a log; their columns must agree; `a=1/`
/// directories give text columns). Only reads. Failures: `kUser` `no_table`, `no_such_version`, `unsupported_table`,
/// `broken_log`, `broken_file`, or the store's. Caller synchronises.
class Table {
 public:
  using Take = std::function<Status(const std::shared_ptr<arrow::RecordBatch>&)>;

  virtual ~Table() = default;
  virtual bool is_delta() const = 0;
  /// Versions that can still be read, oldest first.
  virtual Result<std::vector<int64_t>> versions(const Wait& wait) = 0;
  /// The newest, or `version`.
  virtual Result<TableVersion> at(std::optional<int64_t> version, const Wait& wait) = 0;
  /// Hands out the rows of a version, file by file, in the columns of its schema. Ends early, with its Status, when `take`
  /// fails. Refuses files with deletion vectors by name.
  virtual Status scan(std::optional<int64_t> version, const Take& take, const Wait& wait) = 0;
  /// Commits whose file is still there, newest first.
  virtual Result<std::vector<HistoryEntry>> history(const Wait& wait) = 0;
  /// Reads everything there is and compares it with what the log says: no version missing, each file of the newest version
  /// there with its size, rows, columns, partition values, and bounds and null counts that are true.
  virtual Result<std::vector<Finding>> verify(const Wait& wait) = 0;
};

Result<std::unique_ptr<Table>> open_table(const std::string& path, std::shared_ptr<storage::Store> store);

}  // namespace laketide::lake
