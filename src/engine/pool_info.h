// Pools between the service file, the scheduler and the API.
#pragma once

#include <string>

#include "config/service_config.h"
#include "laketide/engine.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// The pools of the service file; more of them appear only with it.
Status set_pools(const config::ServiceConfig& service, Scheduler& scheduler);
std::vector<PoolInfo> pool_infos(const Scheduler& scheduler);
/// Fails `kUser` `unknown_pool`, `bad_value`.
Result<PoolInfo> change_pool(Scheduler& scheduler, const std::string& name, const PoolChange& change);

}  // namespace laketide
