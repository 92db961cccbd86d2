// The durable record of what the user wants and of what was done: intents, jobs, epochs planned and committed, pinned schemas.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "laketide/status.h"

namespace laketide {

/// What the user wants of a pipeline; survives restarts. Immutable.
struct Intent {
  std::string pipeline;
  std::string want;      // running | paused | stopped | none: known, never started
  std::string document;  // canonical, of a pipeline that has no file; empty: look it up by name
  std::string origin;    // file | http | implicit
  std::string failed_code, failed_detail;  // set: it FAILED and waits for an explicit start
};

/// That a pipeline begins anew at `start` (as the user wrote it): epochs before `first` do not count any more. Without `first` it
/// has not begun yet. Immutable.
struct ResetRow {
  std::string start;
  std::optional<EpochId> first;
};

/// An epoch of a pipeline. `receipt` (JSON) is set once it is committed. Immutable.
struct EpochRow {
  std::string pipeline;
  EpochId epoch;
  std::string plan;       // JSON, see flow/epoch.h
  bool committed = false;
  std::string receipt;
};

/// A batch job. `body` (JSON) is its engine's business; the rest is what jobs are found by. Immutable.
struct JobRow {
  std::string id;
  int64_t number = 0;  // in the order of submission; given by the ledger
  std::string state;
  bool finished = false;
  std::string pipeline;
  std::string key;     // idempotency key; empty: none
  int64_t submitted_ms = 0;  // since 1970
  std::string body;
};

/// Which jobs, newest first. Immutable.
struct JobQuery {
  std::string state, pipeline;            // empty: any
  int64_t before_number = INT64_MAX;
  int count_max = 100;
};

/// When what is written must survive the machine: now, or with whatever is written next. It survives the process, and is read, at once.
enum class Durable { kNow, kWithNext };

/// One SQLite file in the state directory (WAL, synchronous=FULL). Of the threads that write at once, one puts what all of them have into one
/// transaction. Writes block until they are durable, unless that may wait; they are for threads that may block. Holds the state directory's lock: a second process is
/// refused with `state_dir_in_use`. Thread-safe.
class Ledger {
 public:
  /// Creates the directory and file if need be. Fails `kUser` for a file of another format version or one that is damaged.
  static Result<std::unique_ptr<Ledger>> open(const std::string& state_dir);
  virtual ~Ledger() = default;

  virtual Status save_intent(const Intent& intent) = 0;
  virtual Result<std::vector<Intent>> intents() = 0;
  /// Forgets the pipeline, not where it is: its newest committed epoch, what is planned behind that, and a reset stay, so that one made
  /// again under its name goes on there. What it did before is forgotten.
  virtual Status forget_intent(const std::string& pipeline) = 0;

  /// Replaces an earlier reset of the pipeline.
  virtual Status save_reset(const std::string& pipeline, const ResetRow& reset) = 0;
  virtual Result<std::optional<ResetRow>> reset(const std::string& pipeline) = 0;

  /// Adds a job or replaces what is known of it; of a new one the answer is its number.
  virtual Result<int64_t> save_job(const JobRow& job) = 0;
  virtual Result<std::optional<JobRow>> job(const std::string& id) = 0;
  virtual Result<std::vector<JobRow>> jobs(const JobQuery& query) = 0;
  /// Oldest first.
  virtual Result<std::vector<JobRow>> unfinished_jobs() = 0;
  /// The newest job submitted with `key` at or after `since_ms`.
  virtual Result<std::optional<JobRow>> job_of_key(const std::string& key, int64_t since_ms) = 0;
  /// Forgets finished jobs beyond the newest `count_max`, and those submitted before `since_ms`.
  virtual Status forget_jobs(int64_t count_max, int64_t since_ms) = 0;

  /// Before any sink commits. Repeating it with the same plan is success; another plan for a committed epoch is refused.
  virtual Status plan_epoch(const std::string& pipeline, EpochId epoch, const std::string& plan, Durable durable = Durable::kNow) = 0;
  /// After every sink has committed. Also records an epoch that a sink had and the ledger had not.
  virtual Status commit_epoch(const std::string& pipeline, EpochId epoch, const std::string& plan, const std::string& receipt,
                              Durable durable = Durable::kNow) = 0;
  /// The jobs' line is free, and the receipts of its epochs are kept elsewhere: they are forgotten, but for the newest committed one and
  /// what is behind it if the next job `goes_on` there.
  virtual Status end_line(const std::string& line, bool goes_on) = 0;
  /// The newest epoch, planned or committed; none for a pipeline it never saw.
  virtual Result<std::optional<EpochRow>> last_epoch(const std::string& pipeline) = 0;
  /// Newest first, committed only, and only those before `before`.
  virtual Result<std::vector<EpochRow>> committed_epochs(const std::string& pipeline, int count_max, EpochId before = EpochId(INT64_MAX)) = 0;

  /// The schema pinned for a topic (shared by its stream and jobs); none if it is not pinned yet.
  virtual Status pin_schema(const std::string& topic, const std::string& schema) = 0;
  virtual Result<std::optional<std::string>> pinned_schema(const std::string& topic) = 0;
};

}  // namespace laketide
