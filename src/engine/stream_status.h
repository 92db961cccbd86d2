// A stream as the API shows it.
#pragma once

#include <optional>
#include <string>

#include "config/pipeline_spec.h"
#include "engine/catalog.h"
#include "execution/run.h"
#include "laketide/engine.h"

namespace laketide {

// What the user can want, as the ledger keeps it.
inline constexpr const char* kRunning = "running";
inline constexpr const char* kPaused = "paused";
inline constexpr const char* kStopped = "stopped";
inline constexpr const char* kNever = "none";  // of a pipeline that was never started

/// What the user wants of a stream, and the run that does it. Caller synchronises.
struct StreamEntry {
  config::PipelineSpec spec;
  std::string origin;
  std::string want;           // kRunning, kPaused, kStopped
  std::shared_ptr<Run> run;   // null: not started by this process
  std::string failed_code;    // from the ledger, for a stream that FAILED before this process
  std::string failed_detail;
  std::optional<CatalogEntry> pending = {};  // takes the document's place when the run is at rest, and then runs if `want` says so
};

StreamStatus status_of(const StreamEntry& entry);
/// Spark's StreamingQueryProgress of the last committed epoch, as JSON; empty before the first.
std::string progress_of(const StreamEntry& entry);
bool is_active(StreamState state);
/// Its run works or drains; and: it rests because the user paused it.
bool is_running(const StreamEntry& entry);
bool is_paused(const StreamEntry& entry);

}  // namespace laketide
