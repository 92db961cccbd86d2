// A pipeline document (PRODUCT §4) after parsing: plain data, defaults filled in.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/source_spec.h"
#include "laketide/status.h"

namespace laketide::config {

/// One entry of `tables:`; which members count depends on `kind`. Immutable.
struct TableSpec {
  std::string name;  // table name in SQL
  std::string kind;  // postgres | delta | files
  std::string url;   // postgres: default the service's
  std::string table; // postgres: this or `query`
  std::string query;
  DeltaSourceSpec delta;
  FilesSourceSpec files;
  FormatSpec format;  // files
  std::optional<std::chrono::milliseconds> refresh;  // none: loaded once
};

/// One entry of `sinks:`; which members count depends on `kind`. Immutable.
struct SinkSpec {
  std::string kind;  // delta | postgres | console
  std::string id;    // default <kind>:<table or path>
  std::string path;  // delta: below the lake root, or absolute (files only)
  std::string table; // postgres: schema.table
  std::string url;   // postgres: default the service's
  std::string mode = "append";          // append | upsert | overwrite
  std::string select;                   // SQL over `result` or a source
  std::string output_mode;              // default: the pipeline's
  std::vector<std::string> key;         // upsert; empty: the query's own
  std::string order_by;                 // upsert: the larger wins
  std::string delete_when;              // upsert: condition over the row; where it holds the row with its key goes
  std::vector<std::string> partition_by;  // delta
  std::string compression = "zstd";     // delta: zstd | snappy
  int64_t target_file_bytes = 128 << 20;  // delta
  std::chrono::milliseconds retain{std::chrono::hours(24 * 7)};  // delta: files that were replaced stay so long
  int64_t rows = 20;                    // console: of an epoch
  std::string format = "table";         // console: table | plain | csv | json
};

/// What to do with records that cannot be decoded, evaluated or written. Immutable.
struct BadRecordsSpec {
  std::string policy = "quarantine";  // quarantine | drop | fail
  double max_ratio = 0.5;
  int64_t over = 10000;
};

/// When epochs close. kContinuous: at-least-once sinks need not wait for that. Immutable.
struct TriggerSpec {
  enum class Kind { kEpoch, kOnce, kAvailableNow, kContinuous };
  Kind kind = Kind::kEpoch;
  std::optional<std::chrono::milliseconds> every;  // default: stream_defaults.epoch
};

/// The whole document. Immutable.
struct PipelineSpec {
  std::string name;
  std::vector<SourceSpec> sources;
  std::vector<TableSpec> tables;
  std::string sql;  // empty: SELECT * FROM source
  std::string output_mode = "append";
  std::string state = "bounded";  // bounded | unbounded: rows of a join may be kept for ever
  TriggerSpec trigger;
  std::vector<SinkSpec> sinks;
  SinkSpec late_rows;              // path empty: late rows are counted and not kept
  BadRecordsSpec bad_records;
  std::string pool;                // default: stream_defaults.pool
  std::optional<int> lanes;        // none: auto
  bool autostart = false;
  /// The document as canonical JSON (sorted keys, defaults not added, variables not expanded): what is stored, shown and
  /// compared; two documents are the same spec iff their canonical forms are equal.
  std::string canonical;
  std::string file;  // where it was read; empty: it came over HTTP
};

/// A problem in a document, where it is, and what to do. Line and column from 1; 0 if unknown. Immutable.
struct Problem {
  std::string file;
  int line = 0;
  int column = 0;
  std::string field;    // dotted path
  std::string message;  // with the nearest valid name or an example
  std::string to_string() const;  // file:line:column: field: message
};

/// Parses one pipeline from YAML or JSON text (JSON is read as YAML, so both have positions). `origin` is a file name, or
/// "request" for a document that came over HTTP: there variables are not expanded and absolute paths are refused.
/// All problems found are appended to `problems`; the result is an error iff there are any.
Result<PipelineSpec> parse_pipeline(std::string_view text, const std::string& origin, std::vector<Problem>& problems);

}  // namespace laketide::config
