#include "sinks/delta/delta_sink.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <set>

#include <arrow/type.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "flow/change_column.h"
#include "flow/key_columns.h"
#include "lake/delta_log.h"
#include "lake/delta_schema.h"
#include "lake/largest_value.h"
#include "lake/live_files.h"
#include "lake/partition_value.h"
#include "lake/table_features.h"
#include "sinks/delta/delta_writer.h"
#include "sinks/delta/made_files.h"
#include "sinks/delta/prepared_epoch.h"
#include "sinks/delta/progress_names.h"
#include "sinks/delta/tombstones.h"
#include "storage/unique_name.h"

namespace laketide {
namespace {

using lake::DeltaLog;
using lake::TableState;

using Mode = DeltaSinkOptions::Mode;

constexpr int kReworksMax = 16;                      // of one commit that other writers' commits get in the way of
constexpr int64_t kCommitsPerSweep = 8;
constexpr const char* kSpillDirectory = "_laketide/";  // hidden from readers, as all that begins so

std::optional<int64_t> progress_in(const TableState& state, const std::string& app_id) {
  const auto found = state.progress.find(app_id);
  return found == state.progress.end() ? std::nullopt : std::optional(found->second.version);
}

/// Caller synchronises.
class DeltaSink final : public Sink {
 public:
  DeltaSink(DeltaSinkOptions options, std::shared_ptr<storage::Store> store)
      : options_(std::move(options)),
        store_(std::move(store)),
        names_(options_.pipeline, options_.id),
        log_(store_, options_.table_path, *options_.clock),
        tombstones_({store_, options_.table_path, names_, options_.retain, options_.clock}) {}

  const std::string& id() const override { return options_.id; }

  Result<Progress> claim(const Wait& wait) override {
    LT_FAILPOINT("delta.claim.before");
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    while (log_.state().exists()) {
      LT_ASSIGN_OR_RETURN(const bool raised, raise_generation(wait));
      if (raised) break;
    }
    found_.clear();
    tombstones_.reset();
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
    if (log_.state().exists() && !LT_SEEDED_BUG("delta.claim.after", "keep_leftovers")) LT_RETURN_IF_ERROR(remove_leftovers());
    LT_FAILPOINT("delta.claim.after");
    return progress;
  }

  Status bind(const Schema& schema, const Wait& wait) override {
    rows_ = schema;
    key_columns_ = options_.key.empty() ? key_columns_of(*schema) : options_.key;
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
    memory_.store(context.memory);
    if (options_.mode != Mode::kUpsert) {
      CheckRows check = [id = options_.id, mode = options_.mode](const arrow::RecordBatch& rows) {
        return mode == Mode::kAppend ? check_only_inserts(rows, id) : check_no_deletes(rows, id);
      };
      auto files = lake::make_data_writer(writer_options([open_epoch] { return *open_epoch; }, context.lane, context.memory));
      return make_delta_writer(*shape_, std::move(files), std::move(check), std::move(open_epoch));
    }
    SpillPlace spill{.store = store_, .table_path = options_.table_path, .path = {}, .rows_bytes_max = options_.held_bytes_max,
                     .parquet = {.compression = "snappy", .memory = context.memory}};
    spill.path = [names = names_, lane = context.lane, open_epoch] { return kSpillDirectory + names.file(*open_epoch, lane, storage::make_uuid(), "snappy"); };
    auto new_rows = [table = table_, spill, lane = writers_opened_++] { return std::make_shared<UpsertRows>(table, spill, lane); };
    return make_upsert_writer(*shape_, *key_, std::move(new_rows), std::move(open_epoch));
  }

  Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>> staged, const Wait& wait) override {
    LT_FAILPOINT("delta.prepare.before");
    PreparedEpoch prepared{.epoch = plan.epoch, .txn_id = storage::make_uuid()};
    std::vector<std::shared_ptr<const UpsertRows>> lanes;
    std::set<std::string> directories;
    for (const auto& one : staged) {
      prepared.rows += one->rows();
      if (options_.mode == Mode::kUpsert) {
        lanes.push_back(static_cast<UpsertStaged&>(*one).shared());
        continue;
      }
      for (auto& file : static_cast<DeltaStaged&>(*one).files()) LT_RETURN_IF_ERROR(settle(file, prepared, directories));
    }
    LT_RETURN_IF_ERROR(sync(directories));
    if (options_.mode == Mode::kUpsert) prepared.merge = std::make_unique<Merge>(merge_options(plan.epoch), std::move(lanes));
    // What another writer did to the table shows here, where the epoch can still be given up.
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    prepared.whole = options_.mode == Mode::kAppend;
    prepared_ = std::move(prepared);
    LT_ASSIGN_OR_RETURN(const auto verdict, may_commit(log_.state(), plan));
    if (verdict == DeltaLog::Verdict::kCommit && options_.mode != Mode::kAppend) LT_RETURN_IF_ERROR(rework(wait));
    LT_FAILPOINT("delta.prepare.after");
    return {};
  }

  Result<Commit> commit(const EpochPlan& plan, const Wait& wait) override {
    LT_FAILPOINT("delta.commit.before");
    const bool is_prepared = prepared_ && prepared_->epoch == plan.epoch;
    if (!is_prepared) return already_committed(plan, wait);
    prepared_->attempted = true;
    lake::Transaction transaction = transaction_of(plan);
    int reworks = 0;
    const auto check = [&](const TableState& state) -> Result<DeltaLog::Verdict> {
      LT_ASSIGN_OR_RETURN(const auto verdict, may_commit(state, plan));
      if (verdict != DeltaLog::Verdict::kCommit || options_.mode == Mode::kAppend) return verdict;
      LT_ASSIGN_OR_RETURN(const bool changed, keep_up(reworks, wait));
      if (changed) transaction = transaction_of(plan);
      return verdict;
    };
    LT_ASSIGN_OR_RETURN(const auto outcome, log_.commit(transaction, check, wait));
    owned_ = true;
    LT_FAILPOINT("delta.commit.after");
    if (outcome.skipped) return already_committed(plan, wait);
    made_->forget(prepared_->paths);
    open_epoch_.store(after(plan.epoch));
    if (outcome.version == 0) remove_rivals();
    remove_superseded();
    tend(wait);
    const Commit commit{std::to_string(outcome.version), prepared_->merged ? prepared_->merged->changed() : prepared_->rows, 0};
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
    generation_ = Generation(seen.value_or(0) + (LT_SEEDED_BUG("delta.claim.before", "same_generation") && seen ? 0 : 1));
    lake::Transaction claim;
    claim.txn_id = storage::make_uuid();
    claim.operation = "CLAIM";
    claim.operation_parameters = {{"pipeline", options_.pipeline}, {"sink", options_.id}};
    claim.progress = {{names_.generation(), generation_.value, options_.clock->now().micros / 1000}};
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
    if (info) commit.rows = rows_changed(*info);
    return commit;
  }

  Result<lake::Metadata> metadata_for(const arrow::Schema& schema) const {
    lake::Metadata metadata;
    metadata.id = storage::make_uuid();
    LT_ASSIGN_OR_RETURN(metadata.schema_string, lake::to_schema_string(schema));
    metadata.partition_columns = options_.partition_by;
    metadata.created_ms = options_.clock->now().micros / 1000;
    LT_RETURN_IF_ERROR(lake::check_partition_columns(options_.partition_by, schema));
    return metadata;
  }

  Status fit(const TableState& state) {
    const auto check = options_.mode == Mode::kAppend ? lake::check_appendable(state.protocol, state.metadata, *state.schema)
                                                      : lake::check_rewritable(state.protocol, state.metadata, *state.schema, options_.mode == Mode::kUpsert);
    LT_RETURN_IF_ERROR(check);
    return fit_to(state.schema, state.metadata);
  }

  Status fit_to(const Schema& table, const lake::Metadata& metadata) {
    if (metadata.partition_columns != options_.partition_by) {
      std::string columns;
      for (const auto& column : metadata.partition_columns) columns += (columns.empty() ? "" : ", ") + column;
      return Status::user("schema_mismatch", "the table is partitioned otherwise; set partition_by: [" + columns + "], or write to another path", "partition_by");
    }
    LT_ASSIGN_OR_RETURN(shape_, RowShape::fit(rows_, table));
    if (options_.mode == Mode::kUpsert) {
      LT_ASSIGN_OR_RETURN(key_, key_for(*table));
    }
    table_ = table;
    metadata_ = metadata;
    return {};
  }

  Status settle(lake::DataFile& file, PreparedEpoch& prepared, std::set<std::string>& directories) {
    if (!made_->contains(file.path)) {
      return Status::internal("abandoned", "a file was staged that an abandon has removed: " + file.path);
    }
    if (file.file) {
      if (!LT_SEEDED_BUG("delta.prepare.before", "skip_sync")) LT_RETURN_IF_ERROR(file.file->sync());
      LT_RETURN_IF_ERROR(file.file->close());
      file.file.reset();
    }
    const std::string root = storage::join(options_.table_path, "");
    for (std::string path = root + file.path; path.size() > root.size();) {
      path = storage::parent(path);
      directories.insert(path);
    }
    if (!LT_SEEDED_BUG("delta.prepare.before", "drop_file")) prepared.adds.push_back(file.to_add(options_.clock->now().micros / 1000));
    prepared.paths.insert(file.path);
    return {};
  }

  Status sync(std::set<std::string> directories) {
    if (!directories.empty()) directories.insert(storage::parent(options_.table_path));
    for (const auto& directory : directories) LT_RETURN_IF_ERROR(store_->sync_dir(directory));
    return {};
  }

  Result<UpsertKey> key_for(const arrow::Schema& table) const {
    if (key_columns_.empty()) return Status::user("bad_key", "the query does not say which columns tell its rows apart; mode: upsert needs a key, such as key: [id]", "key");
    for (const auto& column : key_columns_) {
      if (rows_->GetFieldIndex(column) < 0) return Status::user("bad_key", "the key names a column that the pipeline does not give: " + column, "key");
    }
    LT_ASSIGN_OR_RETURN(auto key, lake::RowKey::make(table, key_columns_, options_.partition_by));
    UpsertKey made{.key = std::move(key), .order = {}, .visible = rows_->num_fields()};
    if (options_.order_by.empty()) return made;
    if (rows_->GetFieldIndex(options_.order_by) < 0) {
      return Status::user("bad_key", "order_by names a column that the pipeline does not give: " + options_.order_by, "order_by");
    }
    LT_ASSIGN_OR_RETURN(const auto order, lake::RowKey::make(table, {options_.order_by}, {}));
    made.order = order.columns().front();
    return made;
  }

  lake::DataWriterOptions writer_options(std::function<EpochId()> epoch, int lane, arrow::MemoryPool* memory) const {
    lake::DataWriterOptions options;
    options.schema = table_;
    options.partition_columns = options_.partition_by;
    options.statistics = lake::statistics_scope(metadata_);
    options.parquet.compression = options_.compression;
    options.parquet.memory = memory;
    options.target_file_bytes = options_.target_file_bytes;
    options.create = [store = store_, names = names_, root = options_.table_path, codec = options_.compression, lane,
                      epoch = std::move(epoch), made = made_](const std::string& directory, std::string& path) {
      path = directory + names.file(epoch(), lane, storage::make_uuid(), codec);
      made->add(path);
      return store->create(storage::join(root, path));
    };
    return options;
  }

  MergeOptions merge_options(EpochId epoch) const {
    MergeOptions options{.store = store_, .table_path = options_.table_path, .table = table_, .key = *key_, .memory = memory_.load(),
                         .target_file_bytes = options_.target_file_bytes, .make_writer = {}};
    options.make_writer = [writer = writer_options([epoch] { return epoch; }, 0, memory_.load())] { return lake::make_data_writer(writer); };
    return options;
  }

  /// Chooses the files that give way in the newest version, and writes those that come in their place.
  Status rework(const Wait& wait) {
    prepared_->whole = false;
    LT_FAILPOINT("delta.rework.before");
    const TableState& state = log_.state();
    if (state.exists()) LT_RETURN_IF_ERROR(lake::follow_full_state(*store_, options_.table_path, state.version, state.metadata.id, wait, files_).status());
    prepared_->read_version = state.exists() ? std::optional(state.version) : std::nullopt;
    prepared_->removed.clear();
    if (options_.mode == Mode::kOverwrite) {
      for (const auto& [path, file] : state.exists() ? files_.files : std::map<std::string, lake::AddFile>()) prepared_->removed.push_back(file);
      prepared_->whole = true;
      return {};
    }
    prepared_->paths.clear();
    prepared_->adds.clear();
    LT_ASSIGN_OR_RETURN(auto merged, prepared_->merge->run(state.exists() ? &files_ : nullptr, wait));
    LT_FAILPOINT("delta.rework.written");
    std::set<std::string> directories;
    for (auto& file : merged.files) LT_RETURN_IF_ERROR(settle(file, *prepared_, directories));
    LT_RETURN_IF_ERROR(sync(directories));
    prepared_->removed = std::move(merged.removed);
    merged.files.clear();
    prepared_->merged = std::move(merged);
    LT_FAILPOINT("delta.rework.after");
    prepared_->whole = true;
    return {};
  }

  /// What was prepared against an older version, against the newest. True: the transaction is another one now.
  Result<bool> keep_up(int& reworks, const Wait& wait) {
    const TableState& state = log_.state();
    if (prepared_->whole && (!state.exists() || prepared_->read_version == state.version)) return false;
    // Files of another version than was read: an attempt to follow the log broke off, and its changes are not known any more.
    const bool in_step = prepared_->whole && prepared_->read_version && files_.state.version == *prepared_->read_version;
    if (in_step) {
      LT_ASSIGN_OR_RETURN(const auto changes, lake::follow_full_state(*store_, options_.table_path, state.version, state.metadata.id, wait, files_));
      const bool conflict = options_.mode == Mode::kUpsert ? prepared_->merge->conflicts_with(changes) : changes.unknown || !changes.added.empty() || !changes.removed.empty();
      if (!conflict) {
        prepared_->read_version = state.version;
        return true;
      }
    }
    if (++reworks > kReworksMax) {
      return Status::external("table_busy", "other writers changed the same rows faster than this epoch could be merged; it is tried again: " + options_.table_path);
    }
    LT_RETURN_IF_ERROR(rework(wait));
    return true;
  }

  /// The commit stands, so no attempt that named other files can come to stand any more. Only merges make files of an upsert.
  void remove_superseded() {
    if (options_.mode != Mode::kUpsert) return;
    for (const auto& path : made_->take_all_but({})) {
      const Status removed = store_->remove(storage::join(options_.table_path, path));
      if (!removed.ok()) log::warn("a file that no commit names could not be removed", {{"table", options_.table_path}, {"file", path}, {"reason", removed.to_string()}});
    }
  }

  /// Upkeep, now and then; the epoch is in, whatever comes of it.
  void tend(const Wait& wait) {
    if (options_.mode == Mode::kAppend || ++commits_ % kCommitsPerSweep != 0) return;
    const auto load = [&]() -> Result<const lake::FullState*> {
      const TableState& state = log_.state();
      LT_RETURN_IF_ERROR(lake::follow_full_state(*store_, options_.table_path, state.version, state.metadata.id, wait, files_).status());
      return &files_;
    };
    const Status swept = tombstones_.sweep(log_.state().version, load, wait);
    if (!swept.ok()) log::warn("replaced files could not be removed; it is tried again", {{"table", options_.table_path}, {"reason", swept.to_string()}});
  }

  lake::Transaction transaction_of(const EpochPlan& plan) const {
    const int64_t now_ms = options_.clock->now().micros / 1000;
    lake::Transaction transaction = describe(*prepared_, options_, key_columns_);
    transaction.txn_id = prepared_->txn_id;
    transaction.user_metadata = plan.to_json();
    transaction.progress = {{names_.generation(), generation_.value, now_ms}, {names_.epoch(), plan.epoch.value, now_ms}};
    for (const auto& [place, range] : plan.ranges) transaction.progress.push_back({names_.partition(place), range.end->value, now_ms});
    transaction.adds = prepared_->adds;
    transaction.read_version = prepared_->read_version;
    for (const auto& file : prepared_->removed) transaction.removes.push_back(lake::to_remove(file, now_ms));
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
    LT_RETURN_IF_ERROR(remove_files(kSpillDirectory, [](const std::string&, EpochId) { return true; }));
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
        if (entry.name != "_delta_log" && entry.name + "/" != kSpillDirectory && !options_.partition_by.empty()) LT_RETURN_IF_ERROR(for_each_file(path + "/", visit));
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
  Tombstones tombstones_;
  Generation generation_;
  std::set<std::string> found_;  // files of this sink that stood there when the claim found no table
  bool owned_ = false;  // the generation in the table is one that we wrote
  std::atomic<EpochId> open_epoch_{EpochId(0)};  // the least that the epoch being written can be; read by `open`

  Schema rows_;   // visible columns that come
  std::vector<std::string> key_columns_;
  Schema table_;  // columns of the table
  lake::Metadata metadata_;
  std::optional<RowShape> shape_;
  std::optional<UpsertKey> key_;
  lake::Protocol new_protocol_;
  lake::Metadata new_metadata_;

  const std::shared_ptr<MadeFiles> made_ = std::make_shared<MadeFiles>();
  std::optional<PreparedEpoch> prepared_;
  lake::FullState files_;  // upsert and overwrite: of the version last looked at
  std::atomic<uint32_t> writers_opened_{0};  // numbers them, so that rows of two are never taken for each other
  int64_t commits_ = 0;    // of this object
  std::atomic<arrow::MemoryPool*> memory_{nullptr};  // the run's; set by `open`
};

}  // namespace

Result<std::unique_ptr<Sink>> make_delta_sink(DeltaSinkOptions options, std::shared_ptr<storage::Store> store) {
  LT_RETURN_IF_ERROR(lake::check_compression(options.compression));
  return std::unique_ptr<Sink>(std::make_unique<DeltaSink>(std::move(options), std::move(store)));
}

}  // namespace laketide
