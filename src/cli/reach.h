// Whether the servers that files name answer.
#pragma once

#include <vector>

#include "config/service_config.h"
#include "laketide/status.h"

namespace laketide::cli {

/// What does not answer, or lacks a topic, of what the pipeline needs; changes nothing there. Waits some seconds for each server.
std::vector<Status> reach(const config::PipelineSpec& pipeline, const config::ServiceConfig& service);
/// The same for the servers of the service file alone.
std::vector<Status> reach(const config::ServiceConfig& service);

}  // namespace laketide::cli
