// The state of one version with its files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/wait.h"
#include "lake/actions.h"
#include "lake/table_state.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// Everything that a version consists of. Memory grows with the table. Immutable.
struct FullState {
  TableState state;
  std::map<std::string, AddFile> files;  // by file_key
  /// Keys that were added while they were there already: readers count their rows once or twice, as it comes.
  std::vector<std::string> added_twice;
};

/// Reads the newest version, or `version`. Fails `kUser` `no_table` when there is no log.
Result<FullState> read_full_state(storage::Store& store, const std::string& table_path, std::optional<int64_t> version,
                                  const Wait& wait);

/// What commits did to a table's files. Immutable.
struct FileChanges {
  std::vector<AddFile> added;
  std::vector<RemoveFile> removed;
  bool unknown = false;  // not told commit by commit, or with the table's columns or protocol: anything may have changed
};

/// Brings `full` up to `version`, which the table has: by the commits behind its own, or anew where they are gone or another table
/// stands there now (another `table_id`). `full` may be empty (version -1).
Result<FileChanges> follow_full_state(storage::Store& store, const std::string& table_path, int64_t version, const std::string& table_id,
                                      const Wait& wait, FullState& full);

}  // namespace laketide::lake
