// Rows of one data file in the columns of its table.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "lake/actions.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// Where an add's file lies: its path is a URI, relative to the table's root or absolute (also file:).
std::string data_path(const std::string& table_path, const std::string& add_path);

/// The rows of one file, drawn batch by batch. Caller synchronises.
class FileScan {
 public:
  virtual ~FileScan() = default;
  /// Null behind the last. Fails as `scan_file` does.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> next() = 0;
};

/// Opens the file for the columns of `schema`, as `scan_file` hands them out. `store` and `memory` must outlive it.
Result<std::unique_ptr<FileScan>> open_file_scan(storage::Store& store, const std::string& table_path, const AddFile& add,
                                                 const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* memory = nullptr);

/// Hands out the file's rows as `schema` has them: columns by name, those of `add.partition_values` filled in, those that
/// the file lacks null; types that differ only in form are cast. Fails `kUser` `broken_file`, or `unsupported_table` at a deletion vector.
Status scan_file(storage::Store& store, const std::string& table_path, const AddFile& add,
                 const std::shared_ptr<arrow::Schema>& schema,
                 const std::function<Status(const std::shared_ptr<arrow::RecordBatch>&)>& take, arrow::MemoryPool* memory = nullptr);

}  // namespace laketide::lake
