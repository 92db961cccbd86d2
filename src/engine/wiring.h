// Makes a pipeline document into the objects of a run.
#pragma once

#include <string>

#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "execution/run_spec.h"
#include "laketide/status.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// Touches neither Kafka nor a sink: what can be wrong here is wrong in the document. Fails `kUser` with the field at fault.
Result<RunSpec> wire(const config::PipelineSpec& pipeline, const config::ServiceConfig& service, Scheduler& scheduler);

/// How a job differs from the stream of the same document. Immutable.
struct JobWiring {
  std::string line;  // RunSpec::line
  std::string id;
  std::string pool;
  bool atomic = true;
  std::string pin;  // of what an earlier attempt read, see Source::snapshot
};

/// The same for a batch job: the document's trigger and start do not count; RunSpec::job is the caller's.
Result<RunSpec> wire_job(const config::PipelineSpec& pipeline, const config::ServiceConfig& service, Scheduler& scheduler, const JobWiring& job);

}  // namespace laketide
