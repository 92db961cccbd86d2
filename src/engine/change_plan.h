// What becomes of a pipeline's progress when another document takes the place of its own.
#pragma once

#include <vector>

#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "flow/epoch.h"
#include "laketide/engine.h"

namespace laketide {

/// Compares without asking a broker or a sink. `old`: null if there is none of the name; `progress`: the plan of its newest epoch,
/// null if it has none that counts. Progress is kept by source, topic and sink, so a document that no longer has one of them under
/// its name is refused, with the way out. The effect on a stream is the caller's to fill in.
PipelineChange plan_change(const config::PipelineSpec* old, const config::PipelineSpec& next, const EpochPlan* progress,
                           const config::ServiceConfig& service);

/// A refused change as a failure: `change_refused`.
Status refused(const PipelineChange& change);

/// What a stream that begins anew at `start` reads a second time, as far as that can be said without the broker: `progress` is what
/// its sinks have.
ResetReport plan_reset(const config::PipelineSpec& pipeline, const std::string& start, const EpochPlan* progress);

}  // namespace laketide
