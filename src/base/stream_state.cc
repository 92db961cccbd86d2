#include "laketide/engine.h"

namespace laketide {

const char* to_string(StreamState state) {
  switch (state) {
    case StreamState::kStarting: return "STARTING";
    case StreamState::kRunning: return "RUNNING";
    case StreamState::kPaused: return "PAUSED";
    case StreamState::kStalled: return "STALLED";
    case StreamState::kDraining: return "DRAINING";
    case StreamState::kStopped: return "STOPPED";
    case StreamState::kFinished: return "FINISHED";
    case StreamState::kFailed: return "FAILED";
    case StreamState::kFenced: return "FENCED";
  }
  return "UNKNOWN";
}

}  // namespace laketide
