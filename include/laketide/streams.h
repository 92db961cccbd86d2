// Streams as the engine's face shows them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace laketide {

/// States of a stream (PRODUCT §5). `kFailed`, `kFenced`, `kStopped` and `kFinished` are at rest.
enum class StreamState {
  kStarting, kRunning, kPaused, kStalled, kDraining, kStopped, kFinished, kFailed, kFenced
};
const char* to_string(StreamState state);

/// What to start: exactly one member is set. Immutable.
struct StreamRequest {
  std::string topic;     // the configured pipeline of that topic, else the implicit one
  std::string pipeline;  // a pipeline known by name
  std::string document;  // a whole pipeline, as JSON or YAML text
};

/// One partition as a stream sees it. Offsets follow "next offset". Immutable.
struct PartitionStatus {
  std::string source;
  std::string topic;
  int32_t partition = 0;
  int64_t committed = -1;              // -1: nothing committed yet
  int64_t read = -1;                   // read, perhaps not committed
  std::optional<int64_t> end;          // the broker's end, when last heard
  std::optional<int64_t> lag_records;  // end - committed
  int64_t late_rows = 0;               // of this process, committed: too late for what the query remembers
};

/// A static table as a stream sees it. Immutable.
struct TableStatus {
  std::string table;
  std::string loaded_at;   // ISO time of the content that the next epoch sees; empty: none yet
  int64_t rows = 0;
  std::string error_code;  // why it is older than it should be; empty: it is not
  std::string reason;
};

/// A stream as GET /stream shows it. Immutable.
struct StreamStatus {
  std::string id;  // of the run; new at each start
  std::string pipeline;
  StreamState state = StreamState::kStopped;
  std::string reason;           // why STALLED or FAILED, for a person
  std::string error_code;       // stable; empty unless reason is set
  std::vector<std::string> topics;
  std::vector<std::string> sinks;
  int64_t epoch = -1;           // last committed; -1: none
  std::string start;            // the `start` setting that holds where there is no progress
  std::vector<PartitionStatus> partitions;
  std::optional<double> lag_seconds;  // age of the oldest record not committed; 0: none waits
  int64_t rows_in = 0;          // of this process, committed
  int64_t rows_out = 0;
  int64_t quarantined = 0;
  double input_rows_per_second = 0;  // over the last minute's committed epochs
  std::string last_commit;      // ISO time, empty: none
  std::vector<TableStatus> tables;  // the static tables it joins with
  std::string watermark;        // ISO time, after the last epoch; empty: no event time, or no row yet
  int64_t state_rows = 0;       // that the query remembers
  int64_t state_bytes = 0;      // in memory
};

}  // namespace laketide
