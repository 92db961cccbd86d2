// Batch jobs as the engine's face shows them.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace laketide {

/// States of a batch job (PRODUCT §5). The last three are final.
enum class JobState { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
const char* to_string(JobState state);
/// Reads what to_string wrote; none for other text.
std::optional<JobState> job_state(const std::string& text);

/// A job to be run: exactly one of `topic`, `pipeline` and `document` is set, as for a stream. Immutable.
struct JobRequest {
  std::string topic;
  std::string pipeline;
  std::string document;  // a whole pipeline, as JSON or YAML text
  /// Offsets as text: a word, JSON, an ISO time, milliseconds, "resume", "sink:max(column)". Empty: earliest, latest.
  std::string start_offset, end_offset;
  std::string pool;             // empty: the pipeline's, else batch_defaults.pool
  bool atomic = true;           // one commit at the end; false: commits as it goes
  bool allow_repeats = false;   // into a table that has these ranges already
  std::string idempotency_key;  // empty: none
  std::optional<std::chrono::milliseconds> deadline;  // from the submission; none: batch_defaults.deadline
  std::optional<std::chrono::milliseconds> overlap;   // of sink:max; none: 5 minutes
};

/// Offsets of one partition: [start, end). Immutable.
struct JobRange {
  std::string topic;
  int32_t partition = 0;
  int64_t start = 0, end = 0;
};

/// Why a job FAILED. Immutable.
struct JobError {
  std::string code;
  std::string detail;
  std::vector<JobRange> available;  // what the broker can serve; set where the range asked for cannot be
};

/// A job as GET /batch/{jobId} shows it. Times are ISO, empty where there is none yet. Immutable.
struct JobStatus {
  std::string id;
  std::string pipeline;
  std::vector<std::string> topics, sinks;
  std::string pool;
  JobState state = JobState::kQueued;
  std::string reason;  // why it waits, for a person
  int attempt = 0;     // 1 at its first start
  bool atomic = true;
  std::string start_offset, end_offset;  // as given, defaults filled in
  std::string submitted_at, started_at, finished_at;
  std::vector<JobRange> range;      // once fixed
  std::string snapshot;            // JSON: which version or files of a source that can change as a whole; empty: offsets say it all
  double progress = 0;              // 0 to 1, of the range
  int64_t rows_in = 0, rows_out = 0, filtered = 0, quarantined = 0;  // committed
  std::optional<JobError> error;
  std::vector<JobRange> committed;  // of a job that commits as it goes: what is in, from the range's start
  std::string advice;               // a better way to ask for the same, if there is one
};

/// Which jobs to list, newest first. Immutable.
struct JobFilter {
  std::optional<JobState> state;
  std::string pipeline;  // empty: any
  std::string before;    // id of a job: only older ones; empty: from the newest
  int count_max = 100;
};

}  // namespace laketide
