// A directory of Parquet files without a log, as a table of one version.
#pragma once

#include <memory>
#include <string>

#include "lake/table.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// `path` is a directory, or one Parquet file. Names that begin with '_' or '.' are passed over. Fails `kUser` `no_table`
/// if there is no Parquet file.
Result<std::unique_ptr<Table>> open_parquet_directory(const std::string& path, std::shared_ptr<storage::Store> store);

}  // namespace laketide::lake
