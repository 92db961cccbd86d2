// What a table is at one version, without its files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "lake/actions.h"
#include "laketide/status.h"

namespace laketide::lake {

/// An application's progress, and where it was found. Immutable.
struct Progression {
  int64_t version = 0;
  std::optional<int64_t> updated_ms;
  int64_t table_version = -1;   // of the commit that set it; -1: it came out of a checkpoint
  std::string commit_txn_id;    // of that commit's commitInfo
};

/// Kept while a log is followed: small however large the table is. version -1: there is no table. Caller synchronises.
struct TableState {
  int64_t version = -1;
  Protocol protocol;
  Metadata metadata;
  std::shared_ptr<arrow::Schema> schema;  // of metadata.schema_string
  std::map<std::string, Progression> progress;  // by appId
  std::map<std::string, std::string> domains;
  std::optional<int64_t> in_commit_timestamp_ms;

  bool exists() const { return version >= 0; }
  /// Takes the actions of the commit `version`, whole: `actions` in file order.
  Status apply_commit(int64_t commit_version, std::vector<Action> actions);
  /// Takes one action of a checkpoint.
  Status apply(Action action, int64_t table_version, const std::string& commit_txn_id);
};

}  // namespace laketide::lake
