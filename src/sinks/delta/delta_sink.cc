#include "sinks/delta/delta_sink.h"

#include <set>

#include <arrow/type.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "lake/delta_log.h"
#include "lake/delta_schema.h"
#include "lake/table_features.h"
#include "sinks/delta/delta_writer.h"
#include "sinks/delta/progress_names.h"
#include "storage/unique_name.h"

namespace laketide {
namespace {

using lake::DeltaLog;
using lake::TableState;

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
        log_(store_, options_.table_path, system_clock()) {}

  const std::string& id() const override { return options_.id; }

  Result<Progress> claim(const Wait& wait) override {
    LT_FAILPOINT("delta.claim.before");
    LT_RETURN_IF_ERROR(log_.refresh(wait));
    while (log_.state().exists()) {
      LT_ASSIGN_OR_RETURN(const bool raised, raise_generation(wait));
      if (raised) break;
    }
    if (!log_.state().exists()) generation_ = Generation(1);
    LT_ASSIGN_OR_RETURN(Progress progress, read_progress(wait));
    committed_ = progress.epoch;
    LT_RETURN_IF_ERROR(remove_leftovers(committed_ ? after(*committed_) : EpochId(0)));
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

  Result<std::unique_ptr<Writer>> open(Context& context) override {
    auto open_epoch = std::make_shared<EpochId>(committed_ ? after(*committed_) : EpochId(0));
    lake::DataWriterOptions options;
    options.schema = table_;
    options.partition_columns = options_.partition_by;
    options.statistics = lake::statistics_scope(metadata_);
    options.parquet.compression = options_.compression;
    options.parquet.memory = context.memory;
    options.target_file_bytes = options_.target_file_bytes;
    options.create = [store = store_, names = names_, root = options_.table_path, codec = options_.compression, lane = context.lane,
                      open_epoch](const std::string& directory, std::string& path) {
      path = directory + names.file(*open_epoch, lane, storage::make_uuid(), codec);
      return store->create(storage::join(root, path));
    };
    return make_delta_writer(*shape_, lake::make_data_writer(std::move(options)), std::move(open_epoch));
  }

  Status prepare(const EpochPlan&, std::span<const std::unique_ptr<Staged>> staged, const Wait&) override {
    LT_FAILPOINT("delta.prepare.before");
    adds_.clear();
    rows_staged_ = 0;
    txn_id_ = storage::make_uuid();
    std::set<std::string> directories;
    for (const auto& one : staged) {
      auto& lane = static_cast<DeltaStaged&>(*one);
      rows_staged_ += lane.rows();
      for (auto& file : lane.files()) LT_RETURN_IF_ERROR(settle(file, directories));
    }
    for (const auto& directory : directories) LT_RETURN_IF_ERROR(store_->sync_dir(directory));
    LT_FAILPOINT("delta.prepare.after");
    return {};
  }

  Result<Commit> commit(const EpochPlan& plan, const Wait& wait) override {
    LT_FAILPOINT("delta.commit.before");
    lake::Transaction transaction = transaction_of(plan);
    const auto check = [&](const TableState& state) { return may_commit(state, plan); };
    LT_ASSIGN_OR_RETURN(const auto outcome, log_.commit(transaction, check, wait));
    LT_FAILPOINT("delta.commit.after");
    committed_ = plan.epoch;
    created_ = true;
    return Commit{std::to_string(outcome.version), rows_staged_, 0};
  }

  Status abandon(EpochId epoch, const Wait&) override {
    adds_.clear();
    return remove_leftovers(epoch);
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
    created_ = true;
    return !outcome.skipped;
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
    int64_t version = state.progress.at(names_.epoch()).table_version;
    if (version < 0) {
      LT_ASSIGN_OR_RETURN(const auto found, log_.find_commit(names_.epoch(), *epoch, state.version, wait));
      version = found.value_or(-1);
    }
    if (version >= 0) {
      LT_ASSIGN_OR_RETURN(const auto info, log_.commit_info(version));
      if (info) progress.plan = info->user_metadata;
    }
    return progress;
  }

  Result<lake::Metadata> metadata_for(const arrow::Schema& schema) const {
    lake::Metadata metadata;
    metadata.id = storage::make_uuid();
    LT_ASSIGN_OR_RETURN(metadata.schema_string, lake::to_schema_string(schema));
    metadata.partition_columns = options_.partition_by;
    metadata.created_ms = system_clock().now().micros / 1000;
    for (const auto& column : options_.partition_by) {
      if (schema.GetFieldIndex(column) < 0) {
        return Status::user("schema_mismatch", "partition_by names a column that the rows do not have: " + column, "partition_by");
      }
    }
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

  Status settle(lake::DataFile& file, std::set<std::string>& directories) {
    if (file.file) {
      LT_RETURN_IF_ERROR(file.file->sync());
      LT_RETURN_IF_ERROR(file.file->close());
      file.file.reset();
    }
    directories.insert(storage::parent(storage::join(options_.table_path, file.path)));
    directories.insert(options_.table_path);
    adds_.push_back(file.to_add(system_clock().now().micros / 1000));
    return {};
  }

  lake::Transaction transaction_of(const EpochPlan& plan) const {
    const int64_t now_ms = system_clock().now().micros / 1000;
    lake::Transaction transaction;
    transaction.txn_id = txn_id_;
    transaction.operation_parameters = {{"outputMode", "Append"}, {"queryId", options_.pipeline}, {"epochId", std::to_string(plan.epoch.value)}};
    transaction.operation_metrics = {{"numAddedFiles", std::to_string(adds_.size())}, {"numOutputRows", std::to_string(rows_staged_)}};
    transaction.user_metadata = plan.to_json();
    transaction.progress = {{names_.generation(), generation_.value, now_ms}, {names_.epoch(), plan.epoch.value, now_ms}};
    for (const auto& [place, range] : plan.ranges) transaction.progress.push_back({names_.partition(place), range.end->value, now_ms});
    transaction.adds = adds_;
    transaction.new_protocol = new_protocol_;
    transaction.new_metadata = new_metadata_;
    return transaction;
  }

  /// Asked about the newest state before each attempt.
  Result<DeltaLog::Verdict> may_commit(const TableState& state, const EpochPlan& plan) {
    if (!state.exists()) return DeltaLog::Verdict::kCommit;
    const auto generation = progress_in(state, names_.generation());
    const bool ours = generation == generation_.value && created_;
    if (generation && !ours) {
      return Status::fenced("another process owns this sink now; this one has written nothing more. Table " + options_.table_path +
                            ", generation " + std::to_string(*generation) + ", ours " + std::to_string(generation_.value));
    }
    const auto epoch = progress_in(state, names_.epoch());
    if (epoch && *epoch >= plan.epoch.value) return DeltaLog::Verdict::kSkip;
    // Another writer may have changed the table since our files were written.
    if (!(state.metadata == metadata_)) {
      const Schema before = table_;
      LT_RETURN_IF_ERROR(fit(state));
      if (!before->Equals(*table_)) return Status::external("table_changed", "the table's columns were changed while an epoch was written; it is written again: " + options_.table_path);
    }
    return DeltaLog::Verdict::kCommit;
  }

  /// Removes files of this sink that were written for `from` or a later epoch: no commit names them.
  Status remove_leftovers(EpochId from) { return remove_leftovers_in(options_.table_path, from); }

  Status remove_leftovers_in(const std::string& directory, EpochId from) {
    LT_ASSIGN_OR_RETURN(const auto entries, store_->list(directory));
    for (const auto& entry : entries) {
      const std::string path = storage::join(directory, entry.name);
      if (entry.is_directory) {
        if (entry.name != "_delta_log" && !options_.partition_by.empty()) LT_RETURN_IF_ERROR(remove_leftovers_in(path, from));
        continue;
      }
      const auto epoch = names_.epoch_of_file(entry.name);
      if (!epoch || *epoch < from) continue;
      LT_RETURN_IF_ERROR(store_->remove(path));
      log::debug("a file that no commit names was removed", {{"pipeline", options_.pipeline}, {"sink", options_.id}, {"file", path}});
    }
    return {};
  }

  const DeltaSinkOptions options_;
  const std::shared_ptr<storage::Store> store_;
  const ProgressNames names_;
  DeltaLog log_;
  Generation generation_;
  std::optional<EpochId> committed_;
  bool created_ = false;  // the generation in the table is the one we wrote

  Schema rows_;   // visible columns that come
  Schema table_;  // columns of the table
  lake::Metadata metadata_;
  std::optional<RowShape> shape_;
  lake::Protocol new_protocol_;
  lake::Metadata new_metadata_;

  std::vector<lake::AddFile> adds_;  // of the prepared epoch
  int64_t rows_staged_ = 0;
  std::string txn_id_;
};

}  // namespace

Result<std::unique_ptr<Sink>> make_delta_sink(DeltaSinkOptions options, std::shared_ptr<storage::Store> store) {
  LT_RETURN_IF_ERROR(lake::check_compression(options.compression));
  return std::unique_ptr<Sink>(std::make_unique<DeltaSink>(std::move(options), std::move(store)));
}

}  // namespace laketide
