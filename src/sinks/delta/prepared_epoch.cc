#include "sinks/delta/prepared_epoch.h"

#include <cstdlib>

namespace laketide {
namespace {

constexpr const char* kRows = "numOutputRows";
constexpr const char* kInserted = "numTargetRowsInserted";
constexpr const char* kUpdated = "numTargetRowsUpdated";
constexpr const char* kDeleted = "numTargetRowsDeleted";

std::string quoted_list(const std::string& text) { return "[\"" + text + "\"]"; }

std::string predicate_of(const std::vector<std::string>& key) {
  std::string text;
  for (const auto& column : key) {
    if (!text.empty()) text += " AND ";
    text += "target." + column + " <=> source." + column;
  }
  return quoted_list("(" + text + ")");
}

void describe_merge(const PreparedEpoch& prepared, const std::vector<std::string>& key, lake::Transaction& transaction) {
  const MergeOutcome& merged = *prepared.merged;
  transaction.operation = "MERGE";
  transaction.operation_parameters["predicate"] = predicate_of(key);
  transaction.operation_parameters["matchedPredicates"] = R"([{"actionType":"update"}])";
  transaction.operation_parameters["notMatchedPredicates"] = R"([{"actionType":"insert"}])";
  transaction.operation_parameters["notMatchedBySourcePredicates"] = "[]";
  transaction.operation_metrics = {
      {"numSourceRows", std::to_string(prepared.merge->source_rows())},
      {kInserted, std::to_string(merged.inserted)},
      {kUpdated, std::to_string(merged.updated)},
      {kDeleted, std::to_string(merged.deleted)},
      {"numTargetRowsCopied", std::to_string(merged.copied)},
      {kRows, std::to_string(merged.inserted + merged.updated + merged.copied)},
      {"numTargetFilesAdded", std::to_string(prepared.adds.size())},
      {"numTargetFilesRemoved", std::to_string(prepared.removed.size())},
  };
}

int64_t metric(const lake::CommitInfo& info, const char* name) {
  const auto found = info.operation_metrics.find(name);
  return found == info.operation_metrics.end() ? 0 : std::atoll(found->second.value_or("0").c_str());
}

}  // namespace

lake::Transaction describe(const PreparedEpoch& prepared, const DeltaSinkOptions& options, const std::vector<std::string>& key) {
  using Mode = DeltaSinkOptions::Mode;
  lake::Transaction transaction;
  const char* output_mode = options.mode == Mode::kUpsert ? "Update" : options.mode == Mode::kOverwrite ? "Complete" : "Append";
  transaction.operation_parameters = {{"outputMode", output_mode}, {"queryId", options.pipeline}, {"epochId", std::to_string(prepared.epoch.value)}};
  if (prepared.merged) {
    describe_merge(prepared, key, transaction);
    return transaction;
  }
  transaction.operation_metrics = {{"numAddedFiles", std::to_string(prepared.adds.size())}, {kRows, std::to_string(prepared.rows)}};
  if (options.mode == Mode::kOverwrite) transaction.operation_metrics["numRemovedFiles"] = std::to_string(prepared.removed.size());
  return transaction;
}

int64_t rows_changed(const lake::CommitInfo& info) {
  if (!info.operation_metrics.contains(kInserted)) return metric(info, kRows);
  return metric(info, kInserted) + metric(info, kUpdated) + metric(info, kDeleted);
}

}  // namespace laketide
