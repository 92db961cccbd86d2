// A batch job as the ledger keeps it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/positions.h"
#include "laketide/engine.h"
#include "laketide/status.h"
#include "ledger/ledger.h"

namespace laketide {

/// Everything of a job that must survive the process. Caller synchronises.
struct JobRecord {
  JobStatus status;           // ranges and counts included
  int64_t number = 0;         // in the order of submission; 0: not saved yet
  std::string key;            // idempotency key
  std::string request_hash;   // of all that was asked for: the same key with another one is refused
  std::string document;       // the pipeline, canonical
  std::string origin;         // of the document: file | http | implicit
  std::string line;           // name of its progress; empty: never started
  std::string source;         // name of the pipeline's source, in the ranges
  std::optional<EpochId> first_epoch;  // of the line, once the ranges are fixed
  int64_t submitted_ms = 0;
  int64_t deadline_ms = 0;    // when it is over, since 1970
  int64_t overlap_ms = 0;     // of sink:max
  std::string pin;            // of what it reads, see Source::snapshot; empty: the ranges say it all
  int cuts = 0;               // attempts that a stop of the process ended
  bool allow_repeats = false;
  std::vector<EpochReceipt> receipts;  // of a finished job, newest first
};

bool is_final(JobState state);
JobRow to_row(const JobRecord& record);
Result<JobRecord> from_row(const JobRow& row);

/// The ranges of a job's status, and back.
std::vector<JobRange> to_job_ranges(const Ranges& ranges);
/// `sources`: the names of those over a topic.
Ranges to_ranges(const std::vector<JobRange>& ranges, const std::function<std::vector<std::string>(const std::string& topic)>& sources);

}  // namespace laketide
