#include "laketide/pipelines.h"

namespace laketide {

const char* to_string(PipelineChange::Kind kind) {
  switch (kind) {
    case PipelineChange::Kind::kNew: return "new";
    case PipelineChange::Kind::kUnchanged: return "unchanged";
    case PipelineChange::Kind::kKeepsOffsets: return "keeps_offsets";
    case PipelineChange::Kind::kRefused: return "refused";
  }
  return "unknown";
}

const char* to_string(PipelineChange::Effect effect) {
  switch (effect) {
    case PipelineChange::Effect::kNone: return "none";
    case PipelineChange::Effect::kStarts: return "starts";
    case PipelineChange::Effect::kRestarts: return "restarts";
    case PipelineChange::Effect::kLater: return "at_next_start";
  }
  return "unknown";
}

}  // namespace laketide
