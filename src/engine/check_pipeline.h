// Whether a pipeline could run, without running it.
#pragma once

#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "laketide/status.h"

namespace laketide {

/// Builds the objects of a run and drops them: what can be wrong in the document shows, its SQL included. Touches neither
/// Kafka nor a sink nor the state directory. Fails `kUser` with the field at fault.
Status check_pipeline(const config::PipelineSpec& pipeline, const config::ServiceConfig& service);

}  // namespace laketide
