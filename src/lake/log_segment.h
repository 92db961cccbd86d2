// Which files of `_delta_log` make up one version of a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// A complete checkpoint: one file, or all parts of one, by path. Immutable.
struct CheckpointFiles {
  int64_t version = -1;
  std::vector<std::string> paths;
};

/// State = checkpoint (if any), then the commits behind it, without a gap. Immutable.
struct LogSegment {
  std::optional<CheckpointFiles> checkpoint;
  std::vector<int64_t> commits;
  int64_t version() const { return commits.empty() ? (checkpoint ? checkpoint->version : -1) : commits.back(); }
};

/// Lists the newest version, or `at`. No log, or one without a commit: version() is -1. Fails `kUser` `broken_log` when
/// a version in between is missing, `no_such_version` when `at` is not there (any more). `_last_checkpoint` shortens the
/// listing and is believed only where the listing bears it out.
Result<LogSegment> find_segment(storage::Store& store, const std::string& table_path, std::optional<int64_t> at = {});

/// Versions whose commit file is there, in order.
Result<std::vector<int64_t>> list_commits(storage::Store& store, const std::string& table_path);

std::string log_directory(const std::string& table_path);
std::string commit_path(const std::string& table_path, int64_t version);
std::string checkpoint_path(const std::string& table_path, int64_t version);
std::string last_checkpoint_path(const std::string& table_path);

/// What `_last_checkpoint` says. Immutable.
struct LastCheckpoint {
  int64_t version = -1;
  int64_t actions = 0;
};
/// None if it is absent or cannot be read: it is only a hint.
std::optional<LastCheckpoint> read_last_checkpoint(storage::Store& store, const std::string& table_path);

}  // namespace laketide::lake
