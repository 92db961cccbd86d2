#include "sinks/delta/tombstones.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

#include "base/failpoint.h"
#include "lake/file_scan.h"
#include "lake/log_segment.h"

namespace laketide {
namespace {

// Of one call: it stands between two epochs.
constexpr int kCommitsMax = 256;
constexpr int kFilesMax = 64;

bool is_in_table(const std::string& path) { return !path.starts_with('/') && path.find(':') == std::string::npos && path.find("..") == std::string::npos; }

Status no_time_to_sweep() { return Status::cancelled("there was no time left to remove files that nobody needs any more"); }

}  // namespace

void Tombstones::reset() {
  oldest_ = -1;
  seen_ = swept_ = 0;
  revived_.clear();
}

Status Tombstones::sweep(int64_t newest, const Load& load, const Wait& wait) {
  if (oldest_ < 0) {
    LT_ASSIGN_OR_RETURN(const auto commits, lake::list_commits(*options_.store, options_.table_path));
    if (commits.empty()) return {};
    oldest_ = seen_ = swept_ = commits.front();
  }
  LT_RETURN_IF_ERROR(see(newest, wait));
  return seen_ > newest ? remove_due(load, wait) : Status();
}

Status Tombstones::see(int64_t newest, const Wait& wait) {
  for (int left = kCommitsMax; left > 0 && seen_ <= newest; --left, ++seen_) {
    if (wait.over()) return no_time_to_sweep();
    LT_ASSIGN_OR_RETURN(const auto text, options_.store->get(lake::commit_path(options_.table_path, seen_)));
    if (text && !is_ours(*text)) LT_RETURN_IF_ERROR(note_revived(*text));
  }
  return {};
}

// What another writer adds is new, unless it restores an older version, or names a file as only this sink does.
Status Tombstones::note_revived(const std::string& text) {
  std::vector<std::string> added;
  bool restores = false;
  const auto is_ours_by_name = [&](const std::string& path) { return options_.names.epoch_of_file(path.substr(path.rfind('/') + 1)).has_value(); };
  LT_RETURN_IF_ERROR(lake::parse_commit(text, lake::Detail::kFiles, [&](lake::Action&& action) {
    if (const auto* add = std::get_if<lake::AddFile>(&action)) added.push_back(add->path);
    if (const auto* info = std::get_if<lake::CommitInfo>(&action)) restores = info->operation == "RESTORE";
    return Status();
  }));
  std::ranges::copy_if(added, std::inserter(revived_, revived_.end()), [&](const auto& path) { return restores || is_ours_by_name(path); });
  return {};
}

Status Tombstones::remove_due(const Load& load, const Wait& wait) {
  int files_left = kFilesMax;
  for (int left = kCommitsMax; left > 0 && files_left > 0 && swept_ < seen_; --left) {
    if (wait.over()) return no_time_to_sweep();
    LT_ASSIGN_OR_RETURN(const auto text, options_.store->get(lake::commit_path(options_.table_path, swept_)));
    if (text && is_ours(*text)) {
      LT_ASSIGN_OR_RETURN(const bool done, remove_of(*text, load, files_left));
      if (!done) return {};
    }
    ++swept_;
  }
  return {};
}

/// False: the commit is too young, or has more files than this call may remove.
Result<bool> Tombstones::remove_of(const std::string& text, const Load& load, int& left) {
  std::vector<std::string> removed;
  std::optional<int64_t> at_ms;
  LT_RETURN_IF_ERROR(lake::parse_commit(text, lake::Detail::kFiles, [&](lake::Action&& action) {
    if (const auto* info = std::get_if<lake::CommitInfo>(&action)) at_ms = std::max(at_ms, info->timestamp_ms);
    const auto* remove = std::get_if<lake::RemoveFile>(&action);
    if (remove == nullptr) return Status();
    at_ms = std::max(at_ms, remove->deletion_ms);
    if (is_in_table(remove->path) && !revived_.contains(remove->path)) removed.push_back(remove->path);
    return Status();
  }));
  if (removed.empty()) return true;
  if (!at_ms || *at_ms + options_.retain.count() >= options_.clock->now().micros / 1000) return false;
  LT_ASSIGN_OR_RETURN(const lake::FullState* table, load());
  for (const auto& path : removed) {
    if (table->files.contains(path)) continue;
    if (--left < 0) return false;
    LT_FAILPOINT("delta.sweep.before");
    LT_RETURN_IF_ERROR(options_.store->remove(lake::data_path(options_.table_path, path)));
  }
  return true;
}

}  // namespace laketide
