#include "lake/table.h"

#include <algorithm>
#include <utility>

#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/delta_schema.h"
#include "lake/file_scan.h"
#include "lake/live_files.h"
#include "lake/log_segment.h"
#include "lake/parquet_directory.h"
#include "lake/statistics_check.h"
#include "lake/table_features.h"

namespace laketide::lake {

namespace {

int64_t rows_of(const AddFile& add) {
  const auto stats = nlohmann::json::parse(add.stats.value_or(""), nullptr, false);
  if (!stats.is_object() || !stats.contains("numRecords") || !stats["numRecords"].is_number_integer()) return 0;
  return stats["numRecords"].get<int64_t>();
}

/// See Table. Caller synchronises.
class DeltaTable final : public Table {
 public:
  DeltaTable(std::string path, std::shared_ptr<storage::Store> store) : path_(std::move(path)), store_(std::move(store)) {}

  bool is_delta() const override { return true; }

  Result<std::vector<int64_t>> versions(const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(auto commits, list_commits(*store_, path_));
    // Where the log was cleaned up, its oldest commits have nothing to stand on.
    auto oldest = commits.begin();
    while (oldest != commits.end() && !find_segment(*store_, path_, *oldest).ok()) {
      if (wait.over()) return Status::cancelled("listing versions was cut short: " + path_);
      ++oldest;
    }
    commits.erase(commits.begin(), oldest);
    return commits;
  }

  Result<TableVersion> at(std::optional<int64_t> version, const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(FullState full, read_full_state(*store_, path_, version, wait));
    TableVersion table{full.state.version, full.state.protocol, full.state.metadata, full.state.schema, {}};
    for (auto& [key, add] : full.files) table.files.push_back(std::move(add));
    return table;
  }

  Status scan(std::optional<int64_t> version, const Take& take, const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const TableVersion table, at(version, wait));
    LT_RETURN_IF_ERROR(check_readable(table.protocol, table.metadata));
    for (const auto& add : table.files) {
      LT_RETURN_IF_ERROR(scan_file(*store_, path_, add, table.schema, [&](const auto& batch) {
        return wait.over() ? Status::cancelled("reading a table was cut short: " + path_) : take(batch);
      }));
    }
    return {};
  }

  Result<std::vector<HistoryEntry>> history(const Wait& wait) override {
    LT_ASSIGN_OR_RETURN(const auto commits, list_commits(*store_, path_));
    std::vector<HistoryEntry> entries;
    for (auto version = commits.rbegin(); version != commits.rend(); ++version) {
      if (wait.over()) return Status::cancelled("reading the history was cut short: " + path_);
      LT_ASSIGN_OR_RETURN(auto entry, entry_of(*version));
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  Result<std::vector<Finding>> verify(const Wait& wait) override {
    std::vector<Finding> findings;
    LT_RETURN_IF_ERROR(find_gaps(findings));
    LT_ASSIGN_OR_RETURN(const FullState full, read_full_state(*store_, path_, std::nullopt, wait));
    for (const auto& key : full.added_twice) {
      findings.push_back({full.state.version, "duplicate_file", key, "a file was added while it was in the table already"});
    }
    for (const auto& [key, add] : full.files) {
      if (wait.over()) return Status::cancelled("verifying a table was cut short: " + path_);
      LT_RETURN_IF_ERROR(verify_file(full.state, add, findings));
    }
    return findings;
  }

 private:
  Result<HistoryEntry> entry_of(int64_t version) {
    HistoryEntry entry;
    entry.version = version;
    LT_ASSIGN_OR_RETURN(const auto text, store_->get(commit_path(path_, version)));
    LT_RETURN_IF_ERROR(parse_commit(text.value_or(""), Detail::kFiles, [&](Action&& action) {
      if (auto* info = std::get_if<CommitInfo>(&action)) {
        entry.info = std::move(*info);
      } else if (const auto* add = std::get_if<AddFile>(&action)) {
        ++entry.files_added;
        entry.rows_added += rows_of(*add);
      } else if (std::holds_alternative<RemoveFile>(action)) {
        ++entry.files_removed;
      }
      return Status();
    }).in(commit_path(path_, version)));
    return entry;
  }

  Status find_gaps(std::vector<Finding>& findings) {
    LT_ASSIGN_OR_RETURN(const auto commits, list_commits(*store_, path_));
    for (size_t i = 1; i < commits.size(); ++i) {
      if (commits[i] == commits[i - 1] + 1) continue;
      findings.push_back({commits[i - 1] + 1, "missing_version", commit_path(path_, commits[i - 1] + 1), "the log has a gap here"});
    }
    return {};
  }

  Status verify_file(const TableState& state, const AddFile& add, std::vector<Finding>& findings) {
    const auto report = [&](std::string code, std::string detail) {
      findings.push_back({state.version, std::move(code), add.path, std::move(detail)});
    };
    for (const auto& column : state.metadata.partition_columns) {
      if (!add.partition_values.contains(column)) report("missing_partition_value", "no value for partition column " + column);
    }
    LT_ASSIGN_OR_RETURN(const auto there, store_->stat(data_path(path_, add.path)));
    if (!there) {
      report("missing_file", "the file is not there");
      return {};
    }
    if (there->size != add.size) {
      report("wrong_size", "the file has " + std::to_string(there->size) + " bytes, the log says " + std::to_string(add.size));
    }
    StatisticsCheck check(add.stats.value_or("{}"), *state.schema);
    const Status scanned = scan_file(*store_, path_, add, state.schema, [&](const auto& batch) { return check.add(*batch); });
    if (scanned.code() == "broken_file") {
      report("broken_file", std::string(scanned.detail()));
      return {};
    }
    LT_RETURN_IF_ERROR(scanned);
    for (auto& statement : check.finish()) report(std::move(statement.code), std::move(statement.detail));
    return {};
  }

  std::string path_;
  std::shared_ptr<storage::Store> store_;
};

}  // namespace

Result<std::unique_ptr<Table>> open_table(const std::string& path, std::shared_ptr<storage::Store> store) {
  LT_ASSIGN_OR_RETURN(const auto log, store->stat(log_directory(path)));
  if (log && log->is_directory) return std::unique_ptr<Table>(std::make_unique<DeltaTable>(path, std::move(store)));
  return open_parquet_directory(path, std::move(store));
}

}  // namespace laketide::lake
