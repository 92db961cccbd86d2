// A stream as the API shows it.
#pragma once

#include <string>

#include "config/pipeline_spec.h"
#include "execution/run.h"
#include "laketide/engine.h"

namespace laketide {

/// What the user wants of a stream, and the run that does it. Caller synchronises.
struct StreamEntry {
  config::PipelineSpec spec;
  std::string origin;
  std::string want;           // running | stopped
  std::shared_ptr<Run> run;   // null: not started by this process
  std::string failed_code;    // from the ledger, for a stream that FAILED before this process
  std::string failed_detail;
};

StreamStatus status_of(const StreamEntry& entry);
/// Spark's StreamingQueryProgress of the last committed epoch, as JSON; empty before the first.
std::string progress_of(const StreamEntry& entry);
bool is_active(StreamState state);

}  // namespace laketide
