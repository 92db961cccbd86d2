#include "lake/checkpoint_reader.h"

#include <string_view>
#include <vector>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/arrow_json.h"
#include "lake/parquet_reader.h"
#include "lake/partition_value.h"

namespace laketide::lake {

namespace {

bool is_wanted(std::string_view path, Detail detail) {
  const auto root = path.substr(0, path.find('.'));
  if (root == "add" || root == "remove") {
    // Parsed forms of what stands there as text too.
    return detail == Detail::kFiles && !path.starts_with("add.stats_parsed") && !path.starts_with("add.partitionValues_parsed");
  }
  if (root == "sidecar") return detail == Detail::kFiles;
  return root == "protocol" || root == "metaData" || root == "txn" || root == "domainMetadata";
}

Status take_rows(const arrow::RecordBatch& batch, const std::function<Status(Action&&)>& take) {
  for (int i = 0; i < batch.num_columns(); ++i) {
    const auto& column = *batch.column(i);
    if (column.null_count() == column.length()) continue;
    for (int64_t row = 0; row < column.length(); ++row) {
      if (column.IsNull(row)) continue;
      LT_ASSIGN_OR_RETURN(Action action, parse_action({{batch.column_name(i), to_json(column, row)}}));
      LT_RETURN_IF_ERROR(take(std::move(action)));
    }
  }
  return {};
}

Status read_one(storage::Store& store, const std::string& path, Detail detail, const Wait& wait,
                const std::function<Status(Action&&)>& take) {
  if (wait.over()) return Status::cancelled("reading a checkpoint was cut short");
  if (path.ends_with(".json")) {
    LT_ASSIGN_OR_RETURN(const auto text, store.get(path));
    if (!text) return Status::user("broken_log", "a checkpoint file is gone: " + path);
    return parse_commit(*text, detail, take).in(path);
  }
  LT_ASSIGN_OR_RETURN(auto reader, open_parquet_reader(store, path));
  return reader->read([&](std::string_view column) { return is_wanted(column, detail); },
                      [&](const auto& batch) { return wait.over() ? Status::cancelled("reading a checkpoint was cut short")
                                                                  : take_rows(*batch, take); });
}

std::string sidecar_path(const std::string& table_path, const std::string& name) {
  const std::string decoded = uri_decode(name);
  return decoded.find('/') == std::string::npos ? storage::join(log_directory(table_path), "_sidecars/" + decoded) : decoded;
}

}  // namespace

Status read_checkpoint(storage::Store& store, const std::string& table_path, const CheckpointFiles& files, Detail detail,
                       const Wait& wait, const std::function<Status(Action&&)>& take) {
  std::vector<std::string> sidecars;
  for (const auto& path : files.paths) {
    LT_RETURN_IF_ERROR(read_one(store, path, detail, wait, [&](Action&& action) {
      if (const auto* sidecar = std::get_if<Sidecar>(&action)) {
        sidecars.push_back(sidecar_path(table_path, sidecar->path));
        return Status();
      }
      return take(std::move(action));
    }));
  }
  if (detail == Detail::kState) return {};
  for (const auto& path : sidecars) LT_RETURN_IF_ERROR(read_one(store, path, detail, wait, take));
  return {};
}

}  // namespace laketide::lake
