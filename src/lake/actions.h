// The lines of a Delta log as data (protocol: github.com/delta-io/delta/blob/master/PROTOCOL.md, "Actions").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "laketide/status.h"

namespace laketide::lake {

/// Text values by name; no value is JSON's null.
using TextMap = std::map<std::string, std::optional<std::string>>;

/// What a reader and a writer of the table must understand. The lists are only meant at reader 3 and writer 7. Immutable.
struct Protocol {
  int min_reader_version = 1;
  int min_writer_version = 2;
  std::vector<std::string> reader_features;
  std::vector<std::string> writer_features;
  bool operator==(const Protocol&) const = default;
};

/// The table's identity, schema and properties; a later one replaces all of it. Immutable.
struct Metadata {
  std::string id;  // GUID, kept for the table's life
  std::optional<std::string> name, description;
  std::string format_provider = "parquet";
  TextMap format_options;
  std::string schema_string;  // JSON text, see delta_schema.h
  std::vector<std::string> partition_columns;
  TextMap configuration;
  std::optional<int64_t> created_ms;
  bool operator==(const Metadata&) const = default;
};

/// Rows of a file that count as deleted; we keep it, and never make one. Immutable.
struct DeletionVector {
  std::string storage_type, path_or_inline;
  std::optional<int64_t> offset;
  int64_t size_bytes = 0, cardinality = 0;
  bool operator==(const DeletionVector&) const = default;
  /// With the file's path it names one version of a file (protocol: "uniqueId").
  std::string unique_id() const;
};

/// A data file that belongs to the table from here on. `path` is a URI, relative to the table's root. Immutable.
struct AddFile {
  std::string path;
  TextMap partition_values;
  int64_t size = 0, modified_ms = 0;
  bool data_change = true;
  std::optional<std::string> stats;  // JSON text, see file_statistics.h
  std::optional<TextMap> tags;
  std::optional<DeletionVector> deletion_vector;
  std::optional<int64_t> base_row_id, default_row_commit_version;
  std::optional<std::string> clustering_provider;
};

/// A data file that no longer belongs to the table. Immutable.
struct RemoveFile {
  std::string path;
  std::optional<int64_t> deletion_ms;
  bool data_change = true;
  std::optional<bool> extended_metadata;
  std::optional<TextMap> partition_values;
  std::optional<int64_t> size;
  std::optional<DeletionVector> deletion_vector;
  std::optional<int64_t> base_row_id, default_row_commit_version;
};

/// The action that takes a file out of the table, with all that it said of itself.
RemoveFile to_remove(const AddFile& file, int64_t deletion_ms);

/// An application's own progress, committed with the rows. Immutable.
struct SetTransaction {
  std::string app_id;
  int64_t version = 0;
  std::optional<int64_t> updated_ms;
};

/// Who committed, and what for. Free form: what we do not know stays in `json`. Immutable.
struct CommitInfo {
  std::optional<int64_t> timestamp_ms, in_commit_timestamp_ms;
  std::string operation, engine_info, txn_id, user_metadata;
  TextMap operation_parameters, operation_metrics;
  std::optional<bool> blind_append;
  std::optional<int64_t> read_version;
  std::string json;  // the whole object as it was read
};

/// Metadata of some feature, kept for it through checkpoints. Immutable.
struct DomainMetadata {
  std::string domain, configuration;
  bool removed = false;
};

/// V2 checkpoints only: a file with more rows of the checkpoint, under `_delta_log/_sidecars`. Immutable.
struct Sidecar {
  std::string path;
};

/// monostate: an action that this version does not know and that changes no state (`cdc`, `checkpointMetadata`).
using Action = std::variant<std::monostate, Protocol, Metadata, AddFile, RemoveFile, SetTransaction, CommitInfo,
                            DomainMetadata, Sidecar>;

/// Which lines are worth parsing: a blind append needs no file list.
enum class Detail { kState, kFiles };

/// Calls `take` for each action of a commit file, in order; `adds` and `removes` only with Detail::kFiles. Fails `kUser`
/// `broken_log` on text that is no Delta commit.
Status parse_commit(std::string_view text, Detail detail, const std::function<Status(Action&&)>& take);
/// The action in `{"add":{…}}`.
Result<Action> parse_action(const nlohmann::json& line);
/// `{"add":{…}}`; an empty object for monostate.
nlohmann::ordered_json to_json(const Action& action);
/// One line of a commit file, without the line's end.
std::string to_line(const Action& action);

/// What names a file in a table's state: its path, and its deletion vector if it has one.
std::string file_key(const std::string& path, const std::optional<DeletionVector>& deletion_vector);

}  // namespace laketide::lake
