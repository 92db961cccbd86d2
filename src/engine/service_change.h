// Which settings of a service file that was read again cannot change while the process runs.
#pragma once

#include <string>
#include <vector>

#include "config/service_config.h"

namespace laketide {

/// Names of the settings that differ and need a restart, such as "server.listen"; never their values. Pools, pipelines and the log
/// change live, but for a pool's memory, and for pools that are new or gone.
std::vector<std::string> settings_for_restart(const config::ServiceConfig& running, const config::ServiceConfig& read);

}  // namespace laketide
