// Spark's fairscheduler.xml as pools of this process.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/pipeline_spec.h"
#include "config/service_config.h"

namespace laketide::config {

/// Reads `file` as Spark's FairSchedulableBuilder does (4.0): any `pool` element at any depth, by its `name`; `weight` (1) and
/// `minShare` (0, cores) are whole numbers, `schedulingMode` (FIFO) is FAIR or FIFO. A bad value is a warning in the log and Spark's
/// default. A pool that is in `pools` already keeps its share of the memory and its limit. False, and a problem with its place, if
/// the file cannot be read or is not XML.
bool read_fair_scheduler(const std::string& file, std::map<std::string, PoolConfig>& pools, std::vector<Problem>& problems);

}  // namespace laketide::config
