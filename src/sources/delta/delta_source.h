// A Delta table as a source: one version of it, read whole.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "flow/read_ahead.h"
#include "flow/source.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide {

/// `delta:` of a source, with what the engine adds. Immutable.
struct DeltaSourceOptions {
  std::string name;        // key under `sources:`
  std::string shown_as;    // the table as the document names it; what `_topic` holds
  std::string table_path;
  std::optional<int64_t> version;  // none: the newest when `bounds` is asked for the first time
  std::string pin;                 // of an earlier snapshot() of this table; empty: none
  std::function<IoPost()> open_actor;  // a lane's own, on which its files are read
};

/// The rows of one version, which stays the same whatever is committed to the table meanwhile, and is found again by its pin as long as
/// the table's clean-up leaves its files. Columns of the partitioning are columns; of the others only those selected are read. Offsets
/// number the rows in the order of the files' paths. Calls fail `kUser` no_table, no_such_version, unsupported_table (also: deletion
/// vectors), broken_log, broken_file, table_recreated.
Result<std::unique_ptr<Source>> make_delta_source(DeltaSourceOptions options, std::shared_ptr<storage::Store> store);

}  // namespace laketide
