// The batch jobs: those that wait, those that run, and the memory of those that ended.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/catalog.h"
#include "engine/engine_host.h"
#include "engine/job_offsets.h"
#include "engine/job_record.h"
#include "execution/run.h"
#include "laketide/engine.h"

namespace laketide {

/// What jobs need besides. Immutable.
struct JobsHost : EngineHost {
  std::string mark;  // of this process, in its jobs' lines
  /// Refuses ranges that the job's table has from a stream. Called without locks held.
  std::function<Status(const config::PipelineSpec& pipeline, const Ranges& ranges)> refuse_repeats;
};

/// How many jobs there are, and how those of this process ended: all final states, zeros too. Immutable.
struct JobCounts {
  int64_t queued = 0, running = 0;
  std::map<JobState, int64_t> ended;
};

/// The batch jobs of the engine, from submission to history:
///
///   submit ──► QUEUED ──a place is free──► RUNNING ──► SUCCEEDED | FAILED | CANCELLED
///                 ▲                           │
///                 └── the process ended ──────┘   (attempt + 1)
///
/// Every change of state is durable before it is told. Jobs start in the order they came, at most `batch_defaults.max_running`
/// at once, each on a line of its own (RunSpec::line): `<pipeline>@<mark><number>`, and `<pipeline>@<mark>resume`, which has one job at a time.
/// Thread-safe.
class Jobs {
 public:
  explicit Jobs(JobsHost host);
  ~Jobs();

  /// Takes up what an earlier process left; `start`: and goes on with it.
  Status restore(bool start);
  /// The job that a used idempotency key stands for; none for a new key or none at all. Fails `idempotency_key_reused`.
  Result<std::optional<JobStatus>> known(const JobRequest& request) const;
  Result<JobStatus> submit(const JobRequest& request, const JobOffsets& offsets, const CatalogEntry& pipeline);
  Result<JobStatus> find(const std::string& id) const;
  Result<std::vector<JobStatus>> list(const JobFilter& filter) const;
  Result<JobStatus> cancel(const std::string& id);
  Result<std::vector<EpochReceipt>> receipt(const std::string& id) const;

  JobCounts counts() const;

  /// No job starts any more; those that run go on.
  void hold();
  /// Cuts the jobs that run; the next process takes them up.
  void cut();
  bool at_rest() const;

 private:
  struct Active {
    JobRecord record;
    JobOffsets offsets;
    config::PipelineSpec pipeline;
    std::shared_ptr<Run> run;    // null: QUEUED
    bool decided = false;        // JobWork::decided
    bool cancel_wanted = false;
    bool expired = false;
  };

  /// Lets a look that is due find out that the jobs are gone. Thread-safe.
  struct Tie {
    std::mutex mutex;
    Jobs* jobs;  // null once they are gone; guarded by mutex
  };

  Result<std::optional<JobStatus>> find_by_key(const JobRequest& request) const;
  JobRecord make_record(const JobRequest& request, const CatalogEntry& pipeline) const;
  Status take_up(const JobRow& row);
  void give_up(const JobRow& row, const Status& why);
  void start_some();
  bool start(Active& job);
  std::string free_line(const Active& job) const;
  Result<RunSpec> wire(Active& job);
  Status fix(const std::string& id, const Ranges& ranges, EpochId first, SourceSnapshot snapshot);
  void on_ended(const std::string& id, const RunView& view);
  void finish(Active& job, JobState state, std::optional<JobError> error);
  Result<std::vector<EpochReceipt>> receipts_of(const JobRecord& record) const;
  static void count(JobRecord& record);
  Result<JobRecord> remembered(const std::string& id) const;
  Status save(Active& job);
  JobStatus status_of(const Active& job) const;
  void look_after();

  const JobsHost host_;
  IoActor upkeep_;
  const std::shared_ptr<Tie> tie_ = std::make_shared<Tie>();
  mutable std::mutex mutex_;
  std::map<std::string, Active> active_;        // by id; guarded by mutex_
  std::deque<std::string> queue_;               // ids of QUEUED ones; guarded by mutex_
  std::vector<std::shared_ptr<Run>> ending_;    // ended, perhaps not at rest; guarded by mutex_
  int running_ = 0;                             // guarded by mutex_
  std::map<JobState, int64_t> ended_{{JobState::kSucceeded, 0}, {JobState::kFailed, 0}, {JobState::kCancelled, 0}};  // guarded by mutex_
  bool held_ = false;                           // guarded by mutex_
  bool looked_after_ = false;                   // a look is due; guarded by mutex_
  bool has_ended_ = false;                      // some job, since old ones were forgotten; guarded by mutex_
};

}  // namespace laketide
