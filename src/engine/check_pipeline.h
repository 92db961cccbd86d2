// Whether a pipeline could run, without running it.
#pragma once

#include <string>

#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "execution/run_source.h"
#include "laketide/status.h"

namespace laketide {

/// Builds the objects of a run and drops them: what can be wrong in the document shows, its SQL included. Touches neither
/// Kafka nor a sink nor the state directory. Fails `kUser` with the field at fault.
Status check_pipeline(const config::PipelineSpec& pipeline, const config::ServiceConfig& service);

/// The query of each sink as steps, from the last one down to the source, a line a step; while a source's schema is not
/// known yet, the text says when it will be. Fails `kUser` for a query that does not fit the schema.
Result<std::string> explain_pipeline(const config::PipelineSpec& pipeline, const Schemas& schemas);

}  // namespace laketide
