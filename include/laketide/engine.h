// The engine's face: what an embedder, the HTTP server and the command line drive.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "laketide/jobs.h"
#include "laketide/pipelines.h"
#include "laketide/pools.h"
#include "laketide/status.h"
#include "laketide/streams.h"

namespace laketide {

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

/// Where the configuration is that the process was started with. Immutable.
struct ConfigSource {
  std::string file;               // service file; empty: built-in defaults
  std::vector<std::string> sets;  // "server.listen=…", as given by --set
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
  /// Commits the open epoch and reads no more until `resume_stream`; remembered over restarts. It may still be DRAINING when this
  /// returns. Fails `kUser` `not_running`, and resume `not_paused`.
  virtual Result<StreamStatus> pause_stream(const std::string& pipeline) = 0;
  virtual Result<StreamStatus> resume_stream(const std::string& pipeline) = 0;
  /// Forgets how far a stream at rest has read: its next start reads from `start` and writes on in the same sinks, under a raised
  /// generation and with higher epoch numbers. Fails `kUser` `not_stopped`, `bad_offsets`.
  virtual Result<ResetReport> reset_stream(const std::string& pipeline, const std::string& start) = 0;
  virtual std::vector<StreamStatus> streams() const = 0;
  virtual Result<StreamStatus> stream(const std::string& pipeline) const = 0;
  /// Newest first, and only those before `before` (exclusive).
  virtual Result<std::vector<EpochReceipt>> epochs(const std::string& pipeline, int64_t before, int count_max) const = 0;
  /// Spark's StreamingQueryProgress of the last committed epoch, as JSON; empty before the first.
  virtual Result<std::string> progress(const std::string& pipeline) const = 0;
  virtual std::vector<PipelineInfo> pipelines() const = 0;
  virtual Result<PipelineInfo> pipeline(const std::string& name) const = 0;
  /// What put_pipeline would do, without doing it; a refusal is an answer here. Fails `kUser` for a document that cannot run.
  virtual Result<PipelineChange> plan_pipeline(const std::string& name, const std::string& document) const = 0;
  /// Keeps a document under its name. Fails `kUser` `pipeline_read_only`, `change_refused`, and as plan_pipeline does.
  virtual Result<PipelineChange> put_pipeline(const std::string& name, const std::string& document) = 0;
  /// Forgets a pipeline that no stream works on; its tables and their progress stay. Fails `kUser` `pipeline_read_only`,
  /// `stream_active`, `unknown_pipeline`.
  virtual Status delete_pipeline(const std::string& name) = 0;
  /// Reads the service file and the pipeline files again: pools, log level and pipelines are taken, the rest is told.
  virtual ReloadReport reload(const ConfigSource& source) = 0;

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
  /// Changes a pool until the service file is read again. Fails `kUser` `unknown_pool`, `bad_pool`.
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
