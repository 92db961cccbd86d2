// The sources of a pipeline document (PRODUCT §4) after parsing.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace laketide::config {

/// `kafka:` under a source. Exactly one of topics and pattern is set. Immutable.
struct KafkaSourceSpec {
  std::vector<std::string> topics;
  std::string pattern;
  std::string start = "earliest";  // earliest | latest | offsets JSON | ISO time | ms
  std::optional<int64_t> max_offsets_per_epoch;
  std::optional<int64_t> max_rate_per_partition;  // records per second
  bool fail_on_data_loss = true;
  std::string group_id;                           // default laketide-<pipeline>
  std::string brokers;                            // default: the service's
  std::map<std::string, std::string> client;      // librdkafka settings on top of the service's
};

/// `rate:` under a source: rows made by the engine. Immutable.
struct RateSourceSpec {
  int64_t rows_per_second = 1;
  int32_t partitions = 1;
};

/// `delta:` under a source: one version of a table. Immutable.
struct DeltaSourceSpec {
  std::string path;                // below the lake root, or absolute (files only)
  std::optional<int64_t> version;  // none: the newest when the job starts
};

/// `files:` under a source; its schema is that of the format. Immutable.
struct FilesSourceSpec {
  std::string path;    // a file, a folder, or a pattern; below the lake root, or absolute (files only)
  std::string format;  // parquet | csv | json
  bool header = true;           // csv
  std::string delimiter = ",";  // csv
};

/// `format:` under a source. Immutable.
struct FormatSpec {
  std::string kind = "json";            // json | text | raw; of files also parquet | csv
  std::string schema;                   // SQL column list; empty: inferred (json)
  std::string tombstones = "row";       // row | skip | delete
  std::string schema_policy;            // ignore | rescue | fail; empty: ignore if declared, rescue if inferred
};

/// `event_time:` under a source; column empty: none. Immutable.
struct EventTimeSpec {
  std::string column;
  std::chrono::microseconds delay{};
  std::chrono::microseconds idle_after{10'000'000};
  std::optional<std::chrono::microseconds> max_future_skew;
  std::string watermark = "partitions";  // partitions | spark
};

/// `deduplicate:` under a source; key empty: none. Immutable.
struct DeduplicateSpec {
  std::vector<std::string> key;
  std::optional<std::chrono::microseconds> within;  // of event time; none: for ever
};

/// One entry of `sources:`. Immutable.
struct SourceSpec {
  std::string name;  // table name in SQL
  std::variant<KafkaSourceSpec, RateSourceSpec, DeltaSourceSpec, FilesSourceSpec> from;
  /// True for a table or files: what there is when a job starts, and never more.
  bool is_bounded() const { return std::holds_alternative<DeltaSourceSpec>(from) || std::holds_alternative<FilesSourceSpec>(from); }
  FormatSpec format;
  EventTimeSpec event_time;
  DeduplicateSpec deduplicate;
};

}  // namespace laketide::config
