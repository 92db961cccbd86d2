// Pools between the service file, the scheduler and the API.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/memory_budget.h"
#include "config/service_config.h"
#include "laketide/engine.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// The pools of the service file; more of them appear only with it.
Status set_pools(const config::ServiceConfig& service, Scheduler& scheduler);
/// The memory that each may use, all within engine.memory.
using PoolBudgets = std::map<std::string, std::shared_ptr<MemoryBudget>>;
PoolBudgets make_budgets(const config::ServiceConfig& service);
std::vector<PoolInfo> pool_infos(const Scheduler& scheduler, const PoolBudgets& budgets);
/// Fails `kUser` `unknown_pool`, `bad_pool`.
Result<PoolInfo> change_pool(Scheduler& scheduler, const PoolBudgets& budgets, const std::string& name, const PoolChange& change);

}  // namespace laketide
