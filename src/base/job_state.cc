#include "laketide/jobs.h"

namespace laketide {
namespace {

constexpr JobState kAll[] = {JobState::kQueued, JobState::kRunning, JobState::kSucceeded, JobState::kFailed, JobState::kCancelled};

}  // namespace

const char* to_string(JobState state) {
  switch (state) {
    case JobState::kQueued: return "QUEUED";
    case JobState::kRunning: return "RUNNING";
    case JobState::kSucceeded: return "SUCCEEDED";
    case JobState::kFailed: return "FAILED";
    case JobState::kCancelled: return "CANCELLED";
  }
  return "UNKNOWN";
}

std::optional<JobState> job_state(const std::string& text) {
  for (const JobState state : kAll) {
    if (text == to_string(state)) return state;
  }
  return std::nullopt;
}

}  // namespace laketide
