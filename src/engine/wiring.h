// Makes a pipeline document into the objects of a run.
#pragma once

#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "execution/run_spec.h"
#include "laketide/status.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// Touches neither Kafka nor a sink: what can be wrong here is wrong in the document. Fails `kUser` with the field at fault.
Result<RunSpec> wire(const config::PipelineSpec& pipeline, const config::ServiceConfig& service, Scheduler& scheduler);

}  // namespace laketide
