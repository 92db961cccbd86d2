// What pools, jobs, the scheduler and the process know of themselves, for Prometheus.
#pragma once

#include "base/metrics.h"
#include "engine/jobs.h"
#include "engine/pool_info.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// As it is now. Labels are names of pools and states of jobs: as many as the configuration has, whatever runs.
Readings engine_readings(const Scheduler& scheduler, const PoolBudgets& budgets, const JobCounts& jobs);

}  // namespace laketide
