// What streams and jobs stand on.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "base/signal.h"
#include "config/service_config.h"
#include "engine/kept_counters.h"
#include "engine/pool_info.h"
#include "ledger/ledger.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// Outlives both. Immutable.
struct EngineHost {
  const config::ServiceConfig* service = nullptr;
  Scheduler* scheduler = nullptr;
  Ledger* ledger = nullptr;
  std::shared_ptr<Metrics> metrics;
  std::shared_ptr<KeptCounters> counters;
  PoolBudgets budgets;
  std::shared_ptr<Signal> rested;  // notified when a run is at rest
};

}  // namespace laketide
