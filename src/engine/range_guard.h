// Keeps a job from writing into a stream's table what the stream has written already.
#pragma once

#include <string>
#include <vector>

#include "base/positions.h"
#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "flow/epoch.h"
#include "laketide/status.h"

namespace laketide {

/// The tables that a pipeline writes, named so that the same table has the same name whoever writes it. Console sinks have none.
std::vector<std::string> tables_of(const config::PipelineSpec& pipeline, const config::ServiceConfig& service);

/// Fails `kUser` `range_already_in_table` if a partition's range of the job meets [begin, next) of the stream's last plan.
Status refuse_repeats(const Ranges& job, const EpochPlan& stream, const std::string& table);

}  // namespace laketide
