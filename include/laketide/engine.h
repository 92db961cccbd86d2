// The engine's face: what an embedder, the HTTP server and the command line drive.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "laketide/jobs.h"
#include "laketide/pools.h"
#include "laketide/status.h"

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
};

/// What one committed epoch did: the receipt of GET /stream/{name}/epochs. rows_in = rows_out + filtered + quarantined
/// for a pipeline with one sink. Immutable.
struct EpochReceipt {
  struct Partition {
    std::string source, topic;
    int32_t partition = 0;
    int64_t start = 0, end = 0;  // [start, end)
  };
  struct SinkCommit {
    std::string sink;
    std::string commit;
    int64_t rows = 0;
    int64_t quarantined = 0;
  };
  int64_t epoch = 0;
  std::string opened_at, committed_at;  // ISO
  std::vector<Partition> ranges;
  std::vector<SinkCommit> sinks;
  int64_t rows_in = 0, rows_out = 0, filtered = 0, quarantined = 0;
};

/// A pipeline as GET /pipelines shows it. Immutable.
struct PipelineInfo {
  std::string name;
  std::string origin;    // "file:…", "http", "implicit"
  std::string document;  // JSON, unexpanded: no secret is ever in it
};

/// What the process lives on. Immutable.
struct EngineOptions {
  std::string config_file;                // service file; empty: built-in defaults
  std::vector<std::string> set;           // "server.listen=…", as given by --set
  bool paused = false;                    // restore no stream
};

/// The engine: pipelines, runs and what the user wants of them. Calls return when the intent is durable, unless they say
/// that they wait. Destroying it without `stop` is a crash by design: nothing is committed. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual Result<StreamStatus> start_stream(const StreamRequest& request) = 0;
  /// Stops one stream (or all, when both names are empty); waits up to `wait` for them to drain, and says how they stand.
  /// `now`: gives the open epoch up instead of committing it.
  virtual Result<std::vector<StreamStatus>> stop_streams(const std::string& pipeline, const std::string& topic, bool now,
                                                         std::chrono::milliseconds wait) = 0;
  virtual std::vector<StreamStatus> streams() const = 0;
  virtual Result<StreamStatus> stream(const std::string& pipeline) const = 0;
  /// Newest first.
  virtual Result<std::vector<EpochReceipt>> epochs(const std::string& pipeline, int count_max) const = 0;
  /// Spark's StreamingQueryProgress of the last committed epoch, as JSON; empty before the first.
  virtual Result<std::string> progress(const std::string& pipeline) const = 0;
  virtual std::vector<PipelineInfo> pipelines() const = 0;
  virtual Result<PipelineInfo> pipeline(const std::string& name) const = 0;

  /// Takes a batch job: it is durable, and QUEUED, when this returns. A request whose idempotency key was used in the last 24 h
  /// with the same body answers with the job that it made. Fails `kUser` `bad_offsets`, `offsets_reversed`,
  /// `range_already_in_table`, `idempotency_key_reused`, `queue_full`, and as start_stream does for an unknown pipeline.
  virtual Result<JobStatus> submit_job(const JobRequest& request) = 0;
  /// Fails `kUser` `unknown_job`, as the others that take an id.
  virtual Result<JobStatus> job(const std::string& id) const = 0;
  virtual Result<std::vector<JobStatus>> jobs(const JobFilter& filter) const = 0;
  /// Ends a job; nothing of it becomes visible (of one that commits as it goes: nothing more). A finished job stays what it
  /// is. Fails `kUser` `committing` once the commit is decided.
  virtual Result<JobStatus> cancel_job(const std::string& id) = 0;
  /// Its committed epochs, newest first: one for an atomic job.
  virtual Result<std::vector<EpochReceipt>> job_receipt(const std::string& id) const = 0;

  virtual std::vector<PoolInfo> pools() const = 0;
  /// Changes a pool until the service file is read again. Fails `kUser` `unknown_pool`, `bad_value`.
  virtual Result<PoolInfo> set_pool(const std::string& name, const PoolChange& change) = 0;

  /// Liveness: success while the workers make progress. Never depends on Kafka or a sink.
  virtual Status health() const = 0;
  /// Readiness: configuration loaded, intents restored, not stopping.
  virtual Status ready() const = 0;
  /// Prometheus text.
  virtual std::string metrics() const = 0;
  /// Begins the end: no new work (`stopping`), streams drain and commit. Returns at once; may be called again.
  virtual void begin_stop() = 0;
  /// Waits until everything has stopped or `deadline` has passed; true if all committed.
  virtual bool wait_stopped(std::chrono::steady_clock::time_point deadline) = 0;
};

}  // namespace laketide
