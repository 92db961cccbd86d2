#include "state/state_store.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/failpoint.h"
#include "base/mutex.h"
#include "state/compatibility.h"
#include "state/version_reader.h"
#include "state/version_writer.h"
#include "storage/local_store.h"
#include "storage/unique_name.h"

namespace laketide::state {

namespace {

// Beside the rule that changes may not grow larger than the snapshot they build on: reading many small files takes time, too.
constexpr int64_t kChangesPerSnapshotMax = 64;
constexpr std::string_view kSuffix = ".state";
constexpr int kEpochDigits = 19;  // of the largest: names sort as epochs do
constexpr int64_t kNoNumber = -1;
constexpr int64_t kAnyEpoch = std::numeric_limits<int64_t>::max();

std::string file_name(int64_t epoch) {
  const std::string digits = std::to_string(epoch);
  return std::string(static_cast<size_t>(kEpochDigits) - digits.size(), '0').append(digits).append(kSuffix);
}

std::optional<int64_t> epoch_of(std::string_view name) {
  if (name.size() != kEpochDigits + kSuffix.size() || !name.ends_with(kSuffix)) return std::nullopt;
  int64_t epoch = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kEpochDigits, epoch);
  if (error != std::errc() || end != name.data() + kEpochDigits) return std::nullopt;
  return epoch;
}

/// Decides when all rows are written again. Thread-safe.
class SnapshotPolicy {
 public:
  bool due() const {
    MutexLock lock(mutex_);
    return broken_ || changes_bytes_ > snapshot_bytes_ || changes_ >= kChangesPerSnapshotMax;
  }
  /// Nothing can be built on what was there before.
  void begin_anew() {
    MutexLock lock(mutex_);
    broken_ = true;
  }
  void note(bool whole, int64_t bytes) {
    MutexLock lock(mutex_);
    if (whole) broken_ = false;
    snapshot_bytes_ = whole ? bytes : snapshot_bytes_;
    changes_bytes_ = whole ? 0 : changes_bytes_ + bytes;
    changes_ = whole ? 0 : changes_ + 1;
  }
  int64_t next_number() {
    MutexLock lock(mutex_);
    return ++number_;
  }
  int64_t last_number() const {
    MutexLock lock(mutex_);
    return number_;
  }

 private:
  mutable Mutex mutex_;
  bool broken_ LT_GUARDED_BY(mutex_) = true;
  int64_t snapshot_bytes_ LT_GUARDED_BY(mutex_) = 0;
  int64_t changes_bytes_ LT_GUARDED_BY(mutex_) = 0;  // since that snapshot
  int64_t changes_ LT_GUARDED_BY(mutex_) = 0;
  int64_t number_ LT_GUARDED_BY(mutex_) = 0;  // of the last frozen state
};

template <typename Next>
Status drain(Next next, std::vector<Rows>& batches) {
  for (;;) {
    LT_ASSIGN_OR_RETURN(Rows rows, next());
    if (rows == nullptr) return {};
    if (rows->num_rows() > 0) batches.push_back(std::move(rows));
  }
}

Result<FrozenState> freeze_tables(const StateTables& tables, bool whole) {
  FrozenState state;
  state.whole = whole;
  for (const auto& [name, table] : tables.all()) {
    FrozenState::Table& frozen = state.tables[name];
    frozen.schema = table->schema();
    frozen.key_columns = table->key_columns();
    if (whole) {
      LT_RETURN_IF_ERROR(drain([&] { return table->all(); }, frozen.rows));
    } else {
      LT_RETURN_IF_ERROR(drain([&] { return table->changed(); }, frozen.rows));
      LT_RETURN_IF_ERROR(drain([&] { return table->removed(); }, frozen.removed));
    }
  }
  return state;
}

/// Versions as files of one directory. A version of this run's history is found by its epoch; files above the history's end belong to
/// epochs that were taken back, and go before anything is written in their place. Caller synchronises, but for `freeze`.
class VersionFiles final : public StateStore {
 public:
  VersionFiles(std::string directory, std::string shape, std::shared_ptr<storage::Store> store)
      : directory_(std::move(directory)), shape_(std::move(shape)), store_(std::move(store)) {}

  Status find_files() {
    LT_ASSIGN_OR_RETURN(const auto entries, store_->list(directory_));
    for (const storage::Entry& entry : entries) {
      if (const auto epoch = epoch_of(entry.name)) files_[*epoch] = File{};
      if (storage::is_temporary_name(entry.name)) LT_RETURN_IF_ERROR(store_->remove(storage::join(directory_, entry.name)));
    }
    return {};
  }

  Result<FrozenState> freeze(const StateTables& tables) override {
    auto state = freeze_tables(tables, policy_.due());
    if (!state.ok()) {
      policy_.begin_anew();  // a part of the changes was taken and is lost
      return state;
    }
    state->number = policy_.next_number();
    policy_.note(state->whole, state->bytes());
    return state;
  }

  Status write(int64_t epoch, const FrozenState& state, const Wait& wait) override {
    LT_FAILPOINT("state.write.before");
    LT_RETURN_IF_ERROR(take_back(epoch, state));
    VersionHead head{.epoch = epoch, .whole = state.whole, .shape = shape_};
    if (!state.whole) {
      head.previous = history_.back().epoch;
      head.previous_checksum = history_.back().checksum;
    }
    for (const auto& [name, table] : state.tables) head.tables.push_back({name, table.key_columns, table.schema});
    LT_ASSIGN_OR_RETURN(const uint64_t checksum, write_file(head, state, wait));
    files_[epoch] = File{.whole = state.whole};
    history_.push_back({epoch, state.number, checksum});
    history_end_ = epoch;
    LT_FAILPOINT("state.write.after");
    return {};
  }

  Result<std::optional<int64_t>> restore(int64_t epoch, const StateTables& tables, const Wait& wait) override {
    history_.clear();
    history_end_ = epoch;
    policy_.begin_anew();
    const auto above = files_.upper_bound(epoch);
    if (above == files_.begin()) return std::optional<int64_t>();
    const int64_t version = std::prev(above)->first;
    LT_ASSIGN_OR_RETURN(const auto chain, chain_to(version, tables));
    for (const auto& reader : chain) LT_RETURN_IF_ERROR(apply(*reader, tables, wait));
    history_.back().number = policy_.last_number();
    for (const auto& reader : chain) policy_.note(reader->head().whole, reader->size());
    return std::optional(version);
  }

  Status forget_below(int64_t epoch, const Wait& wait) override {
    LT_FAILPOINT("state.forget.before");
    auto keep = files_.upper_bound(epoch);
    bool found = false;
    while (!found && keep != files_.begin()) {
      --keep;
      LT_ASSIGN_OR_RETURN(found, is_whole(keep->first));
    }
    if (!found) return {};
    // The newest first: what a crash leaves is versions with all they build on.
    std::vector<int64_t> epochs;
    for (auto file = files_.begin(); file != keep; ++file) epochs.insert(epochs.begin(), file->first);
    std::erase_if(history_, [&](const Version& version) { return version.epoch < keep->first; });
    LT_RETURN_IF_ERROR(remove_files(epochs, wait));
    LT_FAILPOINT("state.forget.after");
    return {};
  }

  Status clear(const Wait& wait) override {
    LT_FAILPOINT("state.clear.before");
    history_.clear();
    history_end_ = kAnyEpoch;
    policy_.begin_anew();
    // The oldest first: until the last one is gone there is either the newest version, or one that is refused as damaged. Never an
    // older one that passes for the newest.
    std::vector<int64_t> epochs;
    for (const auto& [epoch, file] : files_) epochs.push_back(epoch);
    LT_RETURN_IF_ERROR(remove_files(epochs, wait));
    LT_FAILPOINT("state.clear.after");
    return {};
  }

 private:
  struct File {
    std::optional<bool> whole;  // unknown until its head was read
  };
  struct Version {
    int64_t epoch;
    int64_t number;  // FrozenState::number; of the one that was restored, that before the next; of those below it kNoNumber
    uint64_t checksum;
  };
  using Chain = std::vector<std::unique_ptr<VersionReader>>;

  std::string path(int64_t epoch) const { return storage::join(directory_, file_name(epoch)); }

  /// Ends the history below `epoch`, and removes what later epochs left.
  Status take_back(int64_t epoch, const FrozenState& state) {
    auto end = history_.end();
    while (end != history_.begin() && std::prev(end)->epoch >= epoch) --end;
    if (!state.whole && (end == history_.begin() || std::prev(end)->number + 1 != state.number)) {
      return Status::internal("state_gap", "changes of state were to be written that do not follow the version before them: epoch " +
                                             std::to_string(epoch) + ", frozen as number " + std::to_string(state.number));
    }
    history_.erase(end, history_.end());
    history_end_ = std::min(history_end_, epoch - 1);
    std::vector<int64_t> later;
    for (auto file = files_.upper_bound(std::min(history_end_, epoch)); file != files_.end(); ++file) {
      if (file->first != epoch) later.insert(later.begin(), file->first);
    }
    return remove_files(later, Wait{});
  }

  /// In this order; durable at the end.
  Status remove_files(const std::vector<int64_t>& epochs, const Wait& wait) {
    for (const int64_t epoch : epochs) {
      if (wait.over()) return Status::cancelled("the time for removing state is over");
      removals_unsynced_ = true;
      LT_RETURN_IF_ERROR(store_->remove(path(epoch)));
      files_.erase(epoch);
    }
    if (removals_unsynced_) LT_RETURN_IF_ERROR(store_->sync_dir(directory_));
    removals_unsynced_ = false;
    return {};
  }

  Result<uint64_t> write_file(const VersionHead& head, const FrozenState& state, const Wait& wait) {
    const std::string temporary = storage::join(directory_, "." + file_name(head.epoch) + "." + storage::make_uuid() + ".tmp");
    auto checksum = write_temporary(temporary, head, state, wait);
    if (!checksum.ok()) {
      (void)store_->remove(temporary);  // or the next `open` does
      return checksum;
    }
    files_[head.epoch] = File{};  // from here on it may be there
    LT_RETURN_IF_ERROR(store_->replace(temporary, path(head.epoch)));
    return checksum;
  }

  Result<uint64_t> write_temporary(const std::string& path, const VersionHead& head, const FrozenState& state, const Wait& wait) {
    LT_ASSIGN_OR_RETURN(const auto file, store_->create(path));
    LT_ASSIGN_OR_RETURN(const uint64_t checksum, write_version(*file, head, state, wait));
    LT_RETURN_IF_ERROR(file->sync());
    LT_RETURN_IF_ERROR(file->close());
    return checksum;
  }

  Result<bool> is_whole(int64_t epoch) {
    File& file = files_.at(epoch);
    if (!file.whole) {
      auto reader = VersionReader::open(*store_, path(epoch));
      // Nothing is built on what cannot be read: so more is kept, and `restore` says what is wrong.
      if (!reader.ok() && reader.status().fault() == Fault::kUser) return false;
      LT_RETURN_IF_ERROR(reader.status());
      file.whole = (*reader)->head().whole;
    }
    return *file.whole;
  }

  Result<std::unique_ptr<VersionReader>> open_version(int64_t epoch) const {
    auto reader = VersionReader::open(*store_, path(epoch));
    if (reader.status().code() == "not_found") return corrupt("a file is missing: " + path(epoch));
    return reader;
  }

  /// The snapshot first, `version` last; each head fits the one before it and `tables`.
  Result<Chain> chain_to(int64_t version, const StateTables& tables) {
    Chain chain;
    for (int64_t epoch = version;;) {
      LT_ASSIGN_OR_RETURN(auto reader, open_version(epoch));
      const VersionHead& head = reader->head();
      if (head.epoch != epoch) return corrupt("a file holds version " + std::to_string(head.epoch) + ": " + path(epoch));
      LT_RETURN_IF_ERROR(check_compatible(head, shape_, tables));
      files_[epoch].whole = head.whole;
      const int64_t previous = head.previous;
      const bool whole = head.whole;
      chain.insert(chain.begin(), std::move(reader));
      if (whole) return chain;
      if (previous >= epoch || !files_.contains(previous)) {
        return corrupt("version " + std::to_string(epoch) + " builds on one that is missing: " + path(previous));
      }
      epoch = previous;
    }
  }

  Status apply(VersionReader& reader, const StateTables& tables, const Wait& wait) {
    const VersionHead& head = reader.head();
    if (!head.whole && head.previous_checksum != history_.back().checksum) {
      return corrupt("version " + std::to_string(head.epoch) + " builds on another file than the one that is there: " + path(head.previous));
    }
    VersionReader::Section section;
    for (;;) {
      if (wait.over()) return Status::cancelled("the time for reading state is over");
      LT_ASSIGN_OR_RETURN(const bool more, reader.next(section));
      if (!more) break;
      LT_RETURN_IF_ERROR(reader.apply(section, *tables.all().at(head.tables[section.head.table].name)));
    }
    history_.push_back({head.epoch, kNoNumber, reader.checksum()});
    return {};
  }

  const std::string directory_, shape_;
  const std::shared_ptr<storage::Store> store_;
  SnapshotPolicy policy_;
  std::map<int64_t, File> files_;  // what lies in the directory, or may
  std::vector<Version> history_;   // what was restored and written since, in order of epochs
  int64_t history_end_ = kAnyEpoch;  // files above it are of epochs that were taken back
  bool removals_unsynced_ = false;
};

}  // namespace

Result<std::unique_ptr<StateStore>> StateStore::open(std::string directory, std::string shape, std::shared_ptr<storage::Store> store) {
  auto files = std::make_unique<VersionFiles>(std::move(directory), std::move(shape), std::move(store));
  LT_RETURN_IF_ERROR(files->find_files());
  return std::unique_ptr<StateStore>(std::move(files));
}

}  // namespace laketide::state
