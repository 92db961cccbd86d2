// Delta tables and files, as sources of a job and as static tables.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/pipeline_spec.h"
#include "flow/read_ahead.h"
#include "flow/source_loader.h"
#include "flow/table_loader.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide {

/// What a document does not say of them. Immutable.
struct StoredPlace {
  std::string name;  // in the query
  std::string topic;  // of its rows
  std::string lake_root;
  std::string pin;   // of an earlier snapshot; empty: none
  std::function<IoPost()> open_actor;  // a lane's own, on which its files are read
};

/// As the document has it if that is absolute, else below the lake root.
std::string lake_path(const std::string& lake_root, const std::string& path);

Result<WholeSource> stored_table(const config::DeltaSourceSpec& delta, const StoredPlace& place, const std::shared_ptr<storage::Store>& store);
Result<WholeSource> stored_files(const config::FilesSourceSpec& files, const config::FormatSpec& format, const StoredPlace& place, const std::shared_ptr<storage::Store>& store);

/// Of a table whose kind is delta or files. It reads on the thread that calls it.
Result<std::unique_ptr<TableLoader>> stored_loader(const config::TableSpec& table, const std::string& lake_root, std::shared_ptr<storage::Store> store);

}  // namespace laketide
