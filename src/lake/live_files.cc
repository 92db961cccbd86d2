#include "lake/live_files.h"

#include <utility>
#include <vector>

#include "lake/checkpoint_reader.h"
#include "lake/log_segment.h"

namespace laketide::lake {

namespace {

/// Takes an action on a file; false: it is none.
bool take_file(Action& action, FullState& full) {
  if (auto* add = std::get_if<AddFile>(&action)) {
    const std::string key = file_key(add->path, add->deletion_vector);
    if (!full.files.insert_or_assign(key, std::move(*add)).second) full.added_twice.push_back(key);
    return true;
  }
  if (const auto* remove = std::get_if<RemoveFile>(&action)) {
    full.files.erase(file_key(remove->path, remove->deletion_vector));
    return true;
  }
  return false;
}

void note(const Action& action, FileChanges& changes) {
  if (const auto* add = std::get_if<AddFile>(&action)) changes.added.push_back(*add);
  if (const auto* remove = std::get_if<RemoveFile>(&action)) changes.removed.push_back(*remove);
  changes.unknown = changes.unknown || std::holds_alternative<Metadata>(action) || std::holds_alternative<Protocol>(action);
}

Status take_commit(const std::string& text, int64_t version, FullState& full, FileChanges* changes = nullptr) {
  std::vector<Action> rest, adds;
  LT_RETURN_IF_ERROR(parse_commit(text, Detail::kFiles, [&](Action&& action) {
    if (changes != nullptr) note(action, *changes);
    // A commit may remove and add the same path with another deletion vector, in any order.
    if (std::holds_alternative<AddFile>(action)) {
      adds.push_back(std::move(action));
    } else if (!take_file(action, full)) {
      rest.push_back(std::move(action));
    }
    return Status();
  }));
  for (auto& add : adds) take_file(add, full);
  return full.state.apply_commit(version, std::move(rest));
}

}  // namespace

Result<FullState> read_full_state(storage::Store& store, const std::string& table_path, std::optional<int64_t> version,
                                  const Wait& wait) {
  FullState full;
  LT_ASSIGN_OR_RETURN(const LogSegment segment, find_segment(store, table_path, version));
  if (segment.version() < 0) return Status::user("no_table", "there is no Delta table here: " + table_path, "path");
  if (segment.checkpoint) {
    LT_RETURN_IF_ERROR(read_checkpoint(store, table_path, *segment.checkpoint, Detail::kFiles, wait, [&](Action&& action) {
      if (std::holds_alternative<RemoveFile>(action)) return Status();  // a tombstone, of a file that is gone already
      return take_file(action, full) ? Status() : full.state.apply(std::move(action), -1, "");
    }));
    full.state.version = segment.checkpoint->version;
  }
  for (const int64_t commit : segment.commits) {
    if (wait.over()) return Status::cancelled("reading the log was cut short: " + table_path);
    LT_ASSIGN_OR_RETURN(const auto text, store.get(commit_path(table_path, commit)));
    if (!text) return Status::user("broken_log", "a commit is gone: " + commit_path(table_path, commit));
    LT_RETURN_IF_ERROR(take_commit(*text, commit, full).in(commit_path(table_path, commit)));
  }
  if (!full.state.schema) return Status::user("broken_log", "the log holds no schema: " + table_path);
  return full;
}

Result<FileChanges> follow_full_state(storage::Store& store, const std::string& table_path, int64_t version, const std::string& table_id,
                                      const Wait& wait, FullState& full) {
  FileChanges changes;
  bool stepwise = full.state.exists() && full.state.metadata.id == table_id && full.state.version <= version;
  while (stepwise && full.state.version < version) {
    if (wait.over()) return Status::cancelled("reading the log was cut short: " + table_path);
    LT_ASSIGN_OR_RETURN(const auto text, store.get(commit_path(table_path, full.state.version + 1)));
    stepwise = text.has_value();
    if (stepwise) LT_RETURN_IF_ERROR(take_commit(*text, full.state.version + 1, full, &changes).in(commit_path(table_path, full.state.version + 1)));
  }
  if (stepwise) return changes;
  full = {};
  changes.unknown = true;
  LT_ASSIGN_OR_RETURN(full, read_full_state(store, table_path, version, wait));
  return changes;
}

}  // namespace laketide::lake
