#include "engine/pool_info.h"

#include <algorithm>

#include "base/log.h"
#include "base/quantity.h"

namespace laketide {
namespace {

PoolInfo info_of(const PoolStatus& status, const std::string& warning, const PoolBudgets& budgets) {
  PoolInfo info;
  info.name = status.options.name;
  info.weight = status.options.weight;
  info.min_share = status.options.min_share;
  info.max_share = status.options.max_share;
  info.policy = status.options.policy == PoolPolicy::kFifo ? "FIFO" : "FAIR";
  info.share = status.share;
  info.share_minute = status.share_minute;
  info.entitlement = status.entitlement;
  info.cpu_seconds = status.cpu_seconds;
  info.runs = static_cast<int>(status.runs);
  info.tasks = static_cast<int>(status.tasks);
  info.waiting = static_cast<int>(status.waiting);
  info.longest_wait_ms = static_cast<int64_t>(status.longest_wait_minute_ms);
  if (status.options.min_share > 0) info.warning = warning;
  if (const auto budget = budgets.find(info.name); budget != budgets.end()) {
    info.memory_bytes = budget->second->bytes();
    info.memory_bytes_max = budget->second->bytes_max();
  }
  return info;
}

}  // namespace

Status set_pools(const config::ServiceConfig& service, Scheduler& scheduler) {
  for (const auto& [name, pool] : service.pools) {
    PoolOptions options;
    options.name = name;
    options.weight = pool.weight;
    options.min_share = pool.min_share;
    options.max_share = pool.max_share;
    options.policy = pool.policy == "FIFO" ? PoolPolicy::kFifo : PoolPolicy::kFair;
    LT_RETURN_IF_ERROR(scheduler.set_pool(options).in("pools." + name));
  }
  return {};
}

PoolBudgets make_budgets(const config::ServiceConfig& service) {
  const int64_t configured = service.engine.memory_bytes;
  const auto all = std::make_shared<MemoryBudget>(configured > 0 ? configured : automatic_budget(usable_memory()));
  PoolBudgets budgets;
  for (const auto& [name, pool] : service.pools) {
    budgets[name] = std::make_shared<MemoryBudget>(static_cast<int64_t>(static_cast<double>(all->bytes_max()) * pool.memory_share), all);
  }
  return budgets;
}

std::vector<PoolInfo> pool_infos(const Scheduler& scheduler, const PoolBudgets& budgets) {
  const std::string warning = scheduler.status().minima_warning;
  std::vector<PoolInfo> all;
  for (const auto& status : scheduler.pools()) all.push_back(info_of(status, warning, budgets));
  return all;
}

Result<PoolInfo> change_pool(Scheduler& scheduler, const PoolBudgets& budgets, const std::string& name, const PoolChange& change) {
  const auto pools = scheduler.pools();
  const auto found = std::ranges::find_if(pools, [&](const PoolStatus& one) { return one.options.name == name; });
  if (found == pools.end()) return Status::user("unknown_pool", "no pool of this name is configured; GET /pools lists them: " + name);
  PoolOptions options = found->options;
  options.weight = change.weight.value_or(options.weight);
  options.min_share = change.min_share.value_or(options.min_share);
  options.max_share = change.max_share.value_or(options.max_share);
  if (const Status refused = scheduler.set_pool(options); !refused.ok()) {
    const std::string field = refused.field() == "min_share" ? "minShare" : refused.field() == "max_share" ? "maxShare" : std::string(refused.field());
    return Status::user("bad_pool", std::string(refused.detail()), field);
  }
  log::info("pool changed", {{"pool", name}, {"weight", number_text(options.weight)}, {"min_share", number_text(options.min_share)},
                             {"max_share", options.max_share ? number_text(*options.max_share) : "none"}});
  const auto changed = pool_infos(scheduler, budgets);
  return *std::ranges::find_if(changed, [&](const PoolInfo& one) { return one.name == name; });
}

}  // namespace laketide
