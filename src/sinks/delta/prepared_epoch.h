// What a sink has made of an epoch, until its commit is over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "flow/epoch.h"
#include "lake/actions.h"
#include "lake/delta_log.h"
#include "sinks/delta/delta_sink.h"
#include "sinks/delta/merge.h"

namespace laketide {

/// Its files are complete and on disk. Confined to its task.
struct PreparedEpoch {
  EpochId epoch;
  std::string txn_id;
  std::vector<lake::AddFile> adds;
  std::set<std::string> paths;  // of the adds, as they stand on disk
  int64_t rows = 0;
  bool attempted = false;  // its commit was begun and not seen to succeed
  bool whole = false;      // false: its rework broke off, and nothing of it counts

  std::unique_ptr<Merge> merge;                  // upsert
  std::optional<MergeOutcome> merged;            // upsert; its files stand in `adds`
  std::vector<lake::AddFile> removed;            // upsert and overwrite: what gives way
  std::optional<int64_t> read_version;           // by which `removed` was chosen; none: there was no table, or nothing gives way
};

/// The part of the commit that says what was done, in the words of other engines (`DESCRIBE HISTORY`).
lake::Transaction describe(const PreparedEpoch& prepared, const DeltaSinkOptions& options, const std::vector<std::string>& key);

/// Rows that a commit changed, by the metrics that `describe` gave it.
int64_t rows_changed(const lake::CommitInfo& info);

}  // namespace laketide
