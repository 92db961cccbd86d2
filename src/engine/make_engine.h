// Makes the engine from parsed configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "config/service_config.h"
#include "laketide/engine.h"
#include "laketide/status.h"

namespace laketide {

/// Opens the state directory, starts the threads and, if `restore_streams`, the streams and jobs that the user wants running. Those
/// start by themselves behind the call: it does not wait for Kafka or a sink. Fails `kUser` `state_dir_in_use`,
/// `ledger_version`, `ledger_corrupt`, `lake_root`. `job_mark` stands in the names of its jobs' progress (`<pipeline>@<mark><number>`): a
/// process beside the service, which has none, takes another one, for the same sinks may have both.
Result<std::unique_ptr<Engine>> make_engine(config::ServiceConfig config, std::vector<config::PipelineSpec> pipelines,
                                            bool restore_streams, std::string job_mark = {});

}  // namespace laketide
