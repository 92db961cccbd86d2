#include "lake/checkpoint_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sstream>
#include <unordered_map>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/failpoint.h"
#include "lake/checkpoint_reader.h"
#include "lake/checkpoint_rows.h"
#include "lake/log_segment.h"
#include "lake/parquet_writer.h"
#include "lake/table_features.h"
#include "storage/unique_name.h"

namespace laketide::lake {

namespace {

constexpr int64_t kForEver = -1;
constexpr int64_t kRowGroupBytes = 4 << 20;  // it is held in memory until it is full, beside the run's own budget

/// "interval 1 week" in milliseconds; what cannot be read keeps tombstones for ever, which is safe.
int64_t retention_ms(const TableState& state) {
  const std::string text = property(state.metadata, "delta.deletedFileRetentionDuration");
  if (text.empty()) return 7 * 86'400'000LL;
  std::istringstream in(text);
  std::string word, unit;
  int64_t count = 0;
  if (!(in >> word >> count >> unit) || (word != "interval" && word != "INTERVAL")) return kForEver;
  constexpr std::array<std::pair<const char*, int64_t>, 5> kUnits{
      {{"week", 604'800'000}, {"day", 86'400'000}, {"hour", 3'600'000}, {"minute", 60'000}, {"second", 1000}}};
  for (const auto& [name, ms] : kUnits) {
    if (unit.starts_with(name)) return count * ms;
  }
  return kForEver;
}

/// The state of one version on its way into a checkpoint. Confined to its task.
class Checkpoint {
 public:
  Checkpoint(const TableState& state, Instant now, CheckpointRows& rows) : state_(state), now_(now), rows_(rows) {}

  /// A commit behind the previous checkpoint; the latest action on a file counts.
  Status take_commit(std::string_view text) {
    return parse_commit(text, Detail::kFiles, [&](Action&& action) {
      if (auto* add = std::get_if<AddFile>(&action)) {
        tail_.insert_or_assign(file_key(add->path, add->deletion_vector), std::move(action));
      } else if (auto* remove = std::get_if<RemoveFile>(&action)) {
        tail_.insert_or_assign(file_key(remove->path, remove->deletion_vector), std::move(action));
      }
      return Status();
    });
  }

  /// An action of the previous checkpoint: passed on unless the tail knows better. What is no file comes from the state.
  Status take_previous(Action&& action) {
    if (const auto* add = std::get_if<AddFile>(&action)) {
      return tail_.contains(file_key(add->path, add->deletion_vector)) ? Status() : append(std::move(action));
    }
    if (const auto* remove = std::get_if<RemoveFile>(&action)) {
      return tail_.contains(file_key(remove->path, remove->deletion_vector)) ? Status() : append(std::move(action));
    }
    return {};
  }

  Status finish() {
    LT_RETURN_IF_ERROR(rows_.append(state_.protocol));
    LT_RETURN_IF_ERROR(rows_.append(state_.metadata));
    for (const auto& [app_id, progress] : state_.progress) {
      LT_RETURN_IF_ERROR(rows_.append(SetTransaction{app_id, progress.version, progress.updated_ms}));
    }
    for (const auto& [domain, text] : state_.domains) LT_RETURN_IF_ERROR(rows_.append(DomainMetadata{domain, text, false}));
    for (auto& [key, action] : tail_) LT_RETURN_IF_ERROR(append(std::move(action)));
    return rows_.flush();
  }

  int64_t files() const { return files_; }

 private:
  Status append(Action&& action) {
    if (auto* add = std::get_if<AddFile>(&action)) {
      add->data_change = false;  // it tells of the commit, not of the state
      ++files_;
    } else if (auto* remove = std::get_if<RemoveFile>(&action)) {
      remove->data_change = false;
      const int64_t keep = retention_ms_;
      if (keep != kForEver && remove->deletion_ms.value_or(0) < now_.micros / 1000 - keep) return {};
    }
    return rows_.append(action);
  }

  const TableState& state_;
  Instant now_;
  CheckpointRows& rows_;
  int64_t retention_ms_ = retention_ms(state_);
  std::unordered_map<std::string, Action> tail_;
  int64_t files_ = 0;
};

Status gather(storage::Store& store, const std::string& table_path, int64_t version, Checkpoint& checkpoint, const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const LogSegment segment, find_segment(store, table_path, version));
  for (const int64_t commit : segment.commits) {
    if (wait.over()) return Status::cancelled("writing a checkpoint was cut short: " + table_path);
    LT_ASSIGN_OR_RETURN(const auto text, store.get(commit_path(table_path, commit)));
    if (!text) return Status::user("broken_log", "a commit is gone: " + commit_path(table_path, commit));
    LT_RETURN_IF_ERROR(checkpoint.take_commit(*text).in(commit_path(table_path, commit)));
  }
  if (segment.checkpoint) {
    LT_RETURN_IF_ERROR(read_checkpoint(store, table_path, *segment.checkpoint, Detail::kFiles, wait,
                                       [&](Action&& action) { return checkpoint.take_previous(std::move(action)); }));
  }
  return checkpoint.finish();
}

/// Removes what was left unfinished. Confined to its task.
struct RemoveAtEnd {
  storage::Store& store;
  std::string path;
  ~RemoveAtEnd() { static_cast<void>(store.remove(path).ok()); }
};

}  // namespace

int64_t checkpoint_interval(const TableState& state, int64_t last_actions) {
  const std::string text = property(state.metadata, "delta.checkpointInterval");
  int64_t asked = 0;
  std::from_chars(text.data(), text.data() + text.size(), asked);
  return asked > 0 ? asked : std::clamp<int64_t>(last_actions / 100, 100, 1000);
}

Result<int64_t> write_checkpoint(storage::Store& store, const std::string& table_path, const TableState& state, Instant now,
                                 const Wait& wait) {
  LT_FAILPOINT("lake.checkpoint.before");
  const std::string path = checkpoint_path(table_path, state.version);
  const RemoveAtEnd temporary{store, storage::join(log_directory(table_path), "." + path.substr(path.rfind('/') + 1) + "." +
                                                                                   storage::make_uuid() + ".tmp")};
  LT_ASSIGN_OR_RETURN(auto file, store.create(temporary.path));
  ParquetOptions options;
  options.compression = "snappy";  // what every reader of checkpoints has
  options.row_group_bytes = kRowGroupBytes;
  LT_ASSIGN_OR_RETURN(auto writer, open_parquet_writer(std::move(file), checkpoint_schema(), options));
  CheckpointRows rows([&](const arrow::RecordBatch& batch) { return writer->write(batch); });
  Checkpoint checkpoint(state, now, rows);
  LT_RETURN_IF_ERROR(gather(store, table_path, state.version, checkpoint, wait));
  LT_ASSIGN_OR_RETURN(file, writer->finish());
  const int64_t bytes = file->size();
  LT_RETURN_IF_ERROR(file->sync());
  LT_RETURN_IF_ERROR(file->close());
  LT_RETURN_IF_ERROR(store.replace(temporary.path, path));
  LT_FAILPOINT("lake.checkpoint.after");
  const nlohmann::ordered_json last{
      {"version", state.version}, {"size", rows.rows()}, {"sizeInBytes", bytes}, {"numOfAddFiles", checkpoint.files()}};
  LT_RETURN_IF_ERROR(store.put(last_checkpoint_path(table_path), last.dump()));
  return rows.rows();
}

}  // namespace laketide::lake
