#include "engine/check_pipeline.h"

#include "engine/wiring.h"
#include "scheduler/scheduler.h"

namespace laketide {

Status check_pipeline(const config::PipelineSpec& pipeline, const config::ServiceConfig& service) {
  SchedulerOptions options;
  options.workers = 1;
  const auto scheduler = make_scheduler(options);
  return wire(pipeline, service, *scheduler).status();
}

}  // namespace laketide
