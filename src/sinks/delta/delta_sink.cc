#include "sinks/delta/delta_sink.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <mutex>
#include <set>

#include <arrow/type.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "lake/delta_log.h"
#include "lake/delta_schema.h"
#include "lake/largest_value.h"
#include "lake/live_files.h"
#include "lake/partition_value.h"
#include "lake/table_features.h"
#include "sinks/delta/delta_writer.h"
#include "sinks/delta/progress_names.h"
#include "storage/unique_name.h"

namespace laketide {
namespace {

using lake::DeltaLog;
using lake::TableState;

constexpr const char* kRowsMetric = "numOutputRows";

std::optional<int64_t> progress_in(const TableState& state, const std::string& app_id) {
  const auto found = state.progress.find(app_id);
  return found == state.progress.end() ? std::nullopt : std::optional(found->second.version);
}

/// Files that the writers of one sink have made and no commit has named yet. Thread-safe.
class MadeFiles {
 public:
  void add(const std::string& path) {
    std::lock_guard lock(mutex_);
    paths_.insert(path);
  }
  bool contains(const std::string& path) {
    std::lock_guard lock(mutex_);
    return paths_.contains(path);
  }
  void forget(const std::set<std::string>& named) {
    std::lock_guard lock(mutex_);
    for (const auto& path : named) paths_.erase(path);
  }
  /// Forgets all but `kept`, and answers them.
  std::vector<std::string> take_all_but(const std::set<std::string>& kept) {
    std::lock_guard lock(mutex_);
    std::vector<std::string> taken;
    std::ranges::set_difference(paths_, kept, std::back_inserter(taken));
    for (const auto& path : taken) paths_.erase(path);
    return taken;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> paths_;
};

/// What `prepare` made of an epoch, until its commit is over. Confined to its task.
struct Prepared {
  EpochId epoch;
  std::string txn_id = storage::make_uuid();
  std::vector<lake::AddFile> adds;
  std::set<std::string> paths;  // of the adds, as they stand on disk
  int64_t rows = 0;
  bool attempted = false;  // its commit was begun and not seen to succeed
};

/// Caller synchronises.
class DeltaSink final : public Sink {
 public:
  DeltaSink(DeltaSinkOptions options, std::shared_ptr<storage::Store> store)
      : options_(std::move(options)),
        store_(std::move(store)),
        names_(options_.pipeline, options_.id),
        log_(store_, options_.table_path, system_clock()) {}

  const std::string& id() const override { return options_.id; }

  Result<Progress> claim(const Wait& wait) override {
    LT_FAILPOINT("delta.claim.before");
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    while (log_.state().exists()) {
      LT_ASSIGN_OR_RETURN(const bool raised, raise_generation(wait));
      if (raised) break;
    }
    found_.clear();
    if (!log_.state().exists()) {
      generation_ = Generation(1);
      LT_RETURN_IF_ERROR(for_each_file("", [&](const std::string& path, EpochId) -> Status {
        found_.insert(path);
        return {};
      }));
    }
    LT_ASSIGN_OR_RETURN(Progress progress, read_progress(wait));
    prepared_.reset();
    open_epoch_.store(progress.epoch ? after(*progress.epoch) : EpochId(0));
    if (log_.state().exists()) LT_RETURN_IF_ERROR(remove_leftovers());
    LT_FAILPOINT("delta.claim.after");
    return progress;
  }

  Status bind(const Schema& schema, const Wait& wait) override {
    rows_ = schema;
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    if (log_.state().exists()) return fit(log_.state());
    LT_ASSIGN_OR_RETURN(new_metadata_, metadata_for(*schema));
    new_protocol_ = lake::protocol_for(*schema);
    LT_ASSIGN_OR_RETURN(const Schema table, lake::from_schema_string(new_metadata_.schema_string));
    return fit_to(table, new_metadata_);
  }

  Result<std::optional<Instant>> largest(const std::string& column, const Wait& wait) override {
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    if (!log_.state().exists()) return std::optional<Instant>();
    LT_ASSIGN_OR_RETURN(const auto table, lake::read_full_state(*store_, options_.table_path, log_.state().version, wait));
    LT_ASSIGN_OR_RETURN(const auto micros, lake::largest_micros(table, column));
    return micros ? std::optional(Instant{*micros}) : std::nullopt;
  }

  Result<std::unique_ptr<Writer>> open(Context& context) override {
    auto open_epoch = std::make_shared<EpochId>(open_epoch_.load());
    lake::DataWriterOptions options;
    options.schema = table_;
    options.partition_columns = options_.partition_by;
    options.statistics = lake::statistics_scope(metadata_);
    options.parquet.compression = options_.compression;
    options.parquet.memory = context.memory;
    options.target_file_bytes = options_.target_file_bytes;
    options.create = [store = store_, names = names_, root = options_.table_path, codec = options_.compression, lane = context.lane,
                      open_epoch, made = made_](const std::string& directory, std::string& path) {
      path = directory + names.file(*open_epoch, lane, storage::make_uuid(), codec);
      made->add(path);
      return store->create(storage::join(root, path));
    };
    return make_delta_writer(*shape_, lake::make_data_writer(std::move(options)), std::move(open_epoch));
  }

  Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>> staged, const Wait& wait) override {
    LT_FAILPOINT("delta.prepare.before");
    Prepared prepared{.epoch = plan.epoch};
    std::set<std::string> directories;
    for (const auto& one : staged) {
      auto& lane = static_cast<DeltaStaged&>(*one);
      prepared.rows += lane.rows();
      for (auto& file : lane.files()) LT_RETURN_IF_ERROR(settle(file, prepared, directories));
    }
    if (!directories.empty()) directories.insert(storage::parent(options_.table_path));
    for (const auto& directory : directories) LT_RETURN_IF_ERROR(store_->sync_dir(directory));
    // What another writer did to the table shows here, where the epoch can still be given up.
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    prepared_ = std::move(prepared);
    LT_RETURN_IF_ERROR(may_commit(log_.state(), plan).status());
    LT_FAILPOINT("delta.prepare.after");
    return {};
  }

  Result<Commit> commit(const EpochPlan& plan, const Wait& wait) override {
    LT_FAILPOINT("delta.commit.before");
    const bool is_prepared = prepared_ && prepared_->epoch == plan.epoch;
    if (!is_prepared) return already_committed(plan, wait);
    prepared_->attempted = true;
    const auto check = [&](const TableState& state) { return may_commit(state, plan); };
    LT_ASSIGN_OR_RETURN(const auto outcome, log_.commit(transaction_of(plan), check, wait));
    owned_ = true;
    LT_FAILPOINT("delta.commit.after");
    if (outcome.skipped) return already_committed(plan, wait);
    made_->forget(prepared_->paths);
    open_epoch_.store(after(plan.epoch));
    if (outcome.version == 0) remove_rivals();
    const Commit commit{std::to_string(outcome.version), prepared_->rows, 0};
    prepared_.reset();
    return commit;
  }

  // Only files that this object made, and not those of a commit that seemed to fail and stands: under a larger generation
  // another process writes files of the same names' kind.
  Status abandon(EpochId epoch, const Wait& wait) override {
    if (prepared_ && prepared_->attempted) {
      LT_RETURN_IF_ERROR(log_.refresh(wait));
      LT_ASSIGN_OR_RETURN(const bool stands, last_commit_stands(wait));
      if (stands) made_->forget(prepared_->paths);
      if (stands) prepared_.reset();
    }
    if (prepared_ && prepared_->epoch >= epoch) prepared_.reset();
    const auto doomed = made_->take_all_but(prepared_ ? prepared_->paths : std::set<std::string>());
    for (const auto& path : doomed) LT_RETURN_IF_ERROR(store_->remove(storage::join(options_.table_path, path)));
    return {};
  }

 private:
  /// False: another claim came between; look again.
  Result<bool> raise_generation(const Wait& wait) {
    const auto seen = progress_in(log_.state(), names_.generation());
    generation_ = Generation(seen.value_or(0) + 1);
    lake::Transaction claim;
    claim.txn_id = storage::make_uuid();
    claim.operation = "CLAIM";
    claim.operation_parameters = {{"pipeline", options_.pipeline}, {"sink", options_.id}};
    claim.progress = {{names_.generation(), generation_.value, system_clock().now().micros / 1000}};
    const auto check = [&](const TableState& state) -> Result<DeltaLog::Verdict> {
      return progress_in(state, names_.generation()) == seen ? DeltaLog::Verdict::kCommit : DeltaLog::Verdict::kSkip;
    };
    LT_ASSIGN_OR_RETURN(const auto outcome, log_.commit(claim, check, wait));
    owned_ = !outcome.skipped;
    return owned_;
  }

  Result<Progress> read_progress(const Wait& wait) {
    Progress progress;
    progress.generation = generation_;
    const TableState& state = log_.state();
    const auto epoch = progress_in(state, names_.epoch());
    if (!epoch) return progress;
    progress.epoch = EpochId(*epoch);
    for (const auto& [app_id, at] : state.progress) {
      if (const auto place = names_.place_of(app_id)) progress.next[*place] = NextOffset(at.version);
    }
    LT_ASSIGN_OR_RETURN(const auto version, version_of(EpochId(*epoch), wait));
    if (!version) return progress;
    LT_ASSIGN_OR_RETURN(const auto info, log_.commit_info(*version));
    if (info) progress.plan = info->user_metadata;
    return progress;
  }

  /// The version that holds an epoch of ours; none if the log does not go back so far.
  Result<std::optional<int64_t>> version_of(EpochId epoch, const Wait& wait) {
    const auto& newest = log_.state().progress.at(names_.epoch());
    if (newest.version == epoch.value && newest.table_version >= 0) return std::optional(newest.table_version);
    return log_.find_commit(names_.epoch(), epoch.value, log_.state().version, wait);
  }

  /// The answer to a commit of an epoch that stands in the log.
  Result<Commit> already_committed(const EpochPlan& plan, const Wait& wait) {
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    LT_ASSIGN_OR_RETURN(const auto verdict, may_commit(log_.state(), plan));
    if (verdict != DeltaLog::Verdict::kSkip) {
      return Status::internal("not_prepared", "an epoch was committed that was not prepared: " + std::to_string(plan.epoch.value));
    }
    LT_ASSIGN_OR_RETURN(const auto version, version_of(plan.epoch, wait));
    Commit commit{version ? std::to_string(*version) : "", 0, 0};
    if (!version) return commit;
    LT_ASSIGN_OR_RETURN(const auto info, log_.commit_info(*version));
    const auto rows = info ? info->operation_metrics.find(kRowsMetric) : lake::TextMap::const_iterator();
    if (info && rows != info->operation_metrics.end()) commit.rows = std::atoll(rows->second.value_or("0").c_str());
    return commit;
  }

  Result<lake::Metadata> metadata_for(const arrow::Schema& schema) const {
    lake::Metadata metadata;
    metadata.id = storage::make_uuid();
    LT_ASSIGN_OR_RETURN(metadata.schema_string, lake::to_schema_string(schema));
    metadata.partition_columns = options_.partition_by;
    metadata.created_ms = system_clock().now().micros / 1000;
    LT_RETURN_IF_ERROR(lake::check_partition_columns(options_.partition_by, schema));
    return metadata;
  }

  Status fit(const TableState& state) {
    LT_RETURN_IF_ERROR(lake::check_appendable(state.protocol, state.metadata, *state.schema));
    return fit_to(state.schema, state.metadata);
  }

  Status fit_to(const Schema& table, const lake::Metadata& metadata) {
    if (metadata.partition_columns != options_.partition_by) {
      std::string columns;
      for (const auto& column : metadata.partition_columns) columns += (columns.empty() ? "" : ", ") + column;
      return Status::user("schema_mismatch", "the table is partitioned otherwise; set partition_by: [" + columns + "], or write to another path", "partition_by");
    }
    LT_ASSIGN_OR_RETURN(shape_, RowShape::fit(rows_, table));
    table_ = table;
    metadata_ = metadata;
    return {};
  }

  Status settle(lake::DataFile& file, Prepared& prepared, std::set<std::string>& directories) {
    if (!made_->contains(file.path)) {
      return Status::internal("abandoned", "a file was staged that an abandon has removed: " + file.path);
    }
    if (file.file) {
      LT_RETURN_IF_ERROR(file.file->sync());
      LT_RETURN_IF_ERROR(file.file->close());
      file.file.reset();
    }
    const std::string root = storage::join(options_.table_path, "");
    for (std::string path = root + file.path; path.size() > root.size();) {
      path = storage::parent(path);
      directories.insert(path);
    }
    prepared.adds.push_back(file.to_add(system_clock().now().micros / 1000));
    prepared.paths.insert(file.path);
    return {};
  }

  lake::Transaction transaction_of(const EpochPlan& plan) const {
    const int64_t now_ms = system_clock().now().micros / 1000;
    lake::Transaction transaction;
    transaction.txn_id = prepared_->txn_id;
    transaction.operation_parameters = {{"outputMode", "Append"}, {"queryId", options_.pipeline}, {"epochId", std::to_string(plan.epoch.value)}};
    transaction.operation_metrics = {{"numAddedFiles", std::to_string(prepared_->adds.size())}, {kRowsMetric, std::to_string(prepared_->rows)}};
    transaction.user_metadata = plan.to_json();
    transaction.progress = {{names_.generation(), generation_.value, now_ms}, {names_.epoch(), plan.epoch.value, now_ms}};
    for (const auto& [place, range] : plan.ranges) transaction.progress.push_back({names_.partition(place), range.end->value, now_ms});
    transaction.adds = prepared_->adds;
    transaction.new_protocol = new_protocol_;
    transaction.new_metadata = new_metadata_;
    return transaction;
  }

  /// Asked about the newest state before each attempt.
  Result<DeltaLog::Verdict> may_commit(const TableState& state, const EpochPlan& plan) {
    const auto generation = state.progress.find(names_.generation());
    if (generation == state.progress.end()) {
      if (!owned_) return fits_still(state);
      return Status::user("table_replaced", "the table was removed or replaced while this pipeline wrote to it; start the pipeline "
                          "again to write the new one from its own progress: " + options_.table_path);
    }
    // Of several that found no table, each took generation 1: it belongs to the one whose commit made it.
    const bool made_by_us = owned_ || (prepared_ && generation->second.commit_txn_id == prepared_->txn_id);
    if (!made_by_us || generation->second.version != generation_.value) {
      return Status::fenced("another process owns this sink now; this one has written nothing more. Table " + options_.table_path +
                            ", generation " + std::to_string(generation->second.version) + ", ours " + std::to_string(generation_.value));
    }
    const auto epoch = progress_in(state, names_.epoch());
    if (!epoch || *epoch < plan.epoch.value) return fits_still(state);
    LT_RETURN_IF_ERROR(check_same_ranges(state, plan));
    return DeltaLog::Verdict::kSkip;
  }

  /// An epoch that the table has must be the one that is to be committed.
  Status check_same_ranges(const TableState& state, const EpochPlan& plan) const {
    if (progress_in(state, names_.epoch()) != plan.epoch.value) return {};
    for (const auto& [place, range] : plan.ranges) {
      const auto there = progress_in(state, names_.partition(place));
      if (there == range.end->value) continue;
      return Status::internal("epoch_differs", "the table has this epoch with other offsets: epoch " + std::to_string(plan.epoch.value) +
                              ", " + names_.partition(place) + " up to " + std::to_string(there.value_or(-1)) + ", not " +
                              std::to_string(range.end->value));
    }
    return {};
  }

  Result<DeltaLog::Verdict> fits_still(const TableState& state) {
    if (!state.exists()) return DeltaLog::Verdict::kCommit;
    // Another writer may have changed the table since our files were written.
    if (!(state.metadata == metadata_)) {
      const Schema before = table_;
      LT_RETURN_IF_ERROR(fit(state));
      if (!before->Equals(*table_)) return Status::external("table_changed", "the table's columns were changed while an epoch was written; it is written again: " + options_.table_path);
    }
    return DeltaLog::Verdict::kCommit;
  }

  /// Whether the log has the commit that was attempted last, and whose outcome we may not have heard.
  Result<bool> last_commit_stands(const Wait& wait) {
    const auto newest = progress_in(log_.state(), names_.epoch());
    if (!newest || *newest < prepared_->epoch.value) return false;
    LT_ASSIGN_OR_RETURN(const auto version, version_of(prepared_->epoch, wait));
    if (!version) return true;  // the log does not go back so far: keep what may be named there
    LT_ASSIGN_OR_RETURN(const auto info, log_.commit_info(*version));
    return !info || info->txn_id == prepared_->txn_id;
  }

  using Doomed = std::function<bool(const std::string& path, EpochId epoch)>;

  /// What dead owners left: files of epochs that no commit has. Our generation stands in the log by now, so no older owner
  /// can still commit one. Whoever made the table may have died before it removed what rivals had prepared for it.
  Status remove_leftovers() {
    const EpochId open = open_epoch_.load();
    LT_ASSIGN_OR_RETURN(const auto made, log_.read_commit(0));
    const auto first = made ? made->progress_of(names_.epoch()) : std::nullopt;
    LT_RETURN_IF_ERROR(remove_files("", [&](const std::string& path, EpochId epoch) {
      return epoch >= open || (first && epoch.value <= *first && !made->added.contains(lake::uri_encode(path)));
    }));
    return log_.remove_leftovers();
  }

  /// We have made the table: whoever else prepared a first epoch is fenced, and its files are nobody's. Those of the epoch behind it
  /// could be a new owner's by now, unless they stood there before the table did.
  void remove_rivals() {
    const EpochId open = open_epoch_.load();
    Status removed = remove_files("", [&](const std::string& path, EpochId epoch) {
      return (epoch < open || found_.contains(path)) && !prepared_->paths.contains(path) && !made_->contains(path);
    });
    found_.clear();
    if (removed.ok()) removed = log_.remove_leftovers();
    if (!removed.ok()) log::warn("leftovers of a rival could not be removed", {{"table", options_.table_path}, {"reason", removed.to_string()}});
  }

  /// Removes this sink's files that are `doomed`, below `directory` of the table.
  Status remove_files(const std::string& directory, const Doomed& doomed) {
    return for_each_file(directory, [&](const std::string& path, EpochId epoch) {
      return doomed(path, epoch) ? store_->remove(storage::join(options_.table_path, path)) : Status();
    });
  }

  Status for_each_file(const std::string& directory, const std::function<Status(const std::string& path, EpochId epoch)>& visit) {
    LT_ASSIGN_OR_RETURN(const auto entries, store_->list(storage::join(options_.table_path, directory)));
    for (const auto& entry : entries) {
      const std::string path = directory + entry.name;
      if (entry.is_directory) {
        if (entry.name != "_delta_log" && !options_.partition_by.empty()) LT_RETURN_IF_ERROR(for_each_file(path + "/", visit));
        continue;
      }
      const auto epoch = names_.epoch_of_file(entry.name);
      if (epoch) LT_RETURN_IF_ERROR(visit(path, *epoch));
    }
    return {};
  }

  const DeltaSinkOptions options_;
  const std::shared_ptr<storage::Store> store_;
  const ProgressNames names_;
  DeltaLog log_;
  Generation generation_;
  std::set<std::string> found_;  // files of this sink that stood there when the claim found no table
  bool owned_ = false;  // the generation in the table is one that we wrote
  std::atomic<EpochId> open_epoch_{EpochId(0)};  // the least that the epoch being written can be; read by `open`

  Schema rows_;   // visible columns that come
  Schema table_;  // columns of the table
  lake::Metadata metadata_;
  std::optional<RowShape> shape_;
  lake::Protocol new_protocol_;
  lake::Metadata new_metadata_;

  const std::shared_ptr<MadeFiles> made_ = std::make_shared<MadeFiles>();
  std::optional<Prepared> prepared_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_delta_sink(DeltaSinkOptions options, std::shared_ptr<storage::Store> store) {
  LT_RETURN_IF_ERROR(lake::check_compression(options.compression));
  return std::unique_ptr<Sink>(std::make_unique<DeltaSink>(std::move(options), std::move(store)));
}

}  // namespace laketide
