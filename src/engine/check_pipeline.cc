#include "engine/check_pipeline.h"

#include "engine/pool_info.h"
#include "engine/wiring.h"
#include "scheduler/scheduler.h"

namespace laketide {

Status check_pipeline(const config::PipelineSpec& pipeline, const config::ServiceConfig& service) {
  SchedulerOptions options;
  options.workers = service.engine.threads;  // what the pools' minima are measured against
  const auto scheduler = make_scheduler(options);
  LT_RETURN_IF_ERROR(set_pools(service, *scheduler));
  return wire(pipeline, service, *scheduler).status();
}

}  // namespace laketide
