#include "engine/engine_metrics.h"

#include "engine/process_metrics.h"

namespace laketide {
namespace {

void add(Readings& all, Reading::Kind kind, const char* name, const char* help, Labels labels, double value) {
  all.push_back({kind, name, help, std::move(labels), value});
}

void add_pool(Readings& all, const PoolStatus& pool, const PoolBudgets& budgets) {
  const Labels labels{{"pool", pool.options.name}};
  const auto counter = [&](const char* name, const char* help, double value) { add(all, Reading::Kind::kCounter, name, help, labels, value); };
  const auto gauge = [&](const char* name, const char* help, double value) { add(all, Reading::Kind::kGauge, name, help, labels, value); };
  counter("laketide_pool_cpu_seconds_total", "CPU time charged to the pool", pool.cpu_seconds);
  counter("laketide_pool_long_steps_total", "Steps of the pool's tasks that took longer than 10 ms", static_cast<double>(pool.long_steps));
  gauge("laketide_pool_share_ratio", "Part of all pools' CPU time of the last second, 0 to 1", pool.share);
  gauge("laketide_pool_entitlement_cores", "Cores that the pool is entitled to beside the pools at work now", pool.entitlement);
  gauge("laketide_pool_runs", "Runs that have tasks", static_cast<double>(pool.runs));
  gauge("laketide_pool_tasks", "Tasks that are started and not done", static_cast<double>(pool.tasks));
  gauge("laketide_pool_waiting_tasks", "Tasks that could run and have no worker", static_cast<double>(pool.waiting));
  gauge("laketide_pool_longest_wait_seconds", "Longest wait of a task for a worker in the last minute", pool.longest_wait_minute_ms / 1000);
  const auto budget = budgets.find(pool.options.name);
  if (budget == budgets.end()) return;
  gauge("laketide_pool_memory_bytes", "Memory that the pool's runs hold", static_cast<double>(budget->second->bytes()));
  gauge("laketide_pool_memory_max_bytes", "Memory that the pool's runs may hold", static_cast<double>(budget->second->bytes_max()));
}

void add_jobs(Readings& all, const JobCounts& jobs) {
  const auto held = [&](JobState state, int64_t count) {
    add(all, Reading::Kind::kGauge, "laketide_jobs", "Batch jobs that wait or run", {{"state", to_string(state)}}, static_cast<double>(count));
  };
  held(JobState::kQueued, jobs.queued);
  held(JobState::kRunning, jobs.running);
  for (const auto& [state, count] : jobs.ended) {
    add(all, Reading::Kind::kCounter, "laketide_jobs_ended_total", "Batch jobs that ended in this state", {{"state", to_string(state)}}, static_cast<double>(count));
  }
}

}  // namespace

Readings engine_readings(const Scheduler& scheduler, const PoolBudgets& budgets, const JobCounts& jobs) {
  Readings all = process_readings();
  for (const auto& pool : scheduler.pools()) add_pool(all, pool, budgets);
  add_jobs(all, jobs);
  const SchedulerStatus status = scheduler.status();
  const auto counter = [&](const char* name, const char* help, double value) { add(all, Reading::Kind::kCounter, name, help, {}, value); };
  counter("laketide_scheduler_overhead_cpu_seconds_total", "CPU time of the workers outside tasks: choosing, sleeping, waking", status.overhead_cpu_seconds);
  counter("laketide_scheduler_upkeep_cpu_seconds_total", "CPU time of the engine's own input and output, which is no pool's", status.upkeep_cpu_seconds);
  add(all, Reading::Kind::kGauge, "laketide_scheduler_workers", "Threads that the pools share, one core each", {}, scheduler.workers());
  return all;
}

}  // namespace laketide
