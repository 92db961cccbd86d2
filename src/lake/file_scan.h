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

/// Hands out the file's rows as `schema` has them: columns by name, those of `add.partition_values` filled in, those that
/// the file lacks null; types that differ only in form are cast.
Status scan_file(storage::Store& store, const std::string& table_path, const AddFile& add,
                 const std::shared_ptr<arrow::Schema>& schema,
                 const std::function<Status(const std::shared_ptr<arrow::RecordBatch>&)>& take, arrow::MemoryPool* memory = nullptr);

}  // namespace laketide::lake
