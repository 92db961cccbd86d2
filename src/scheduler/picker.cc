#include "scheduler/picker.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace laketide {

namespace {

constexpr double kSecond = 1e9;
// What waking gives at most, in quanta.
constexpr double kCreditQuanta = 2;
// Io threads and client libraries cannot be held back, so a pool may come to be far ahead. It pays back for so long at most.
constexpr double kDebtMax = 1 * kSecond;
// A bucket holds the share of this time: short enough for a ceiling that is kept to 2 % in each second, long enough that a
// pool kept waiting by others' long steps loses nothing.
constexpr double kBucket = 20e6;
constexpr std::chrono::nanoseconds kExpectedMin{1000};

double count_of(std::chrono::nanoseconds cpu) { return static_cast<double>(cpu.count()); }
double between(SteadyTime from, SteadyTime to) { return count_of(to - from); }
std::chrono::nanoseconds rounded_up(double nanoseconds) { return std::chrono::nanoseconds(static_cast<int64_t>(nanoseconds) + 1); }

}  // namespace

/// Virtual times of its lanes are in their turns. Caller synchronises.
struct Picker::Run {
  Pool* pool;
  uint64_t opened;
  double time = 0;        // virtual
  double lanes_time = 0;  // of the lane picked last
  int tasks = 0;
  TurnQueue<Lane> waiting;
  Turn turn;
};

/// Caller synchronises.
struct Picker::Pool {
  PoolOptions options;
  double time = 0;       // virtual
  double runs_time = 0;  // of the run picked last
  double cores = 1;      // entitlement, when the workers were divided last
  int waiting_lanes = 0;
  int running_lanes = 0;
  int usable_lanes = 0;  // that it was divided for
  bool active = false;
  bool arrives = false;  // became active since the workers were divided last
  bool dry = false;      // bucket empty, at the last survey
  uint64_t left_at_peace = 0;
  double bucket = 0;     // CPU time it may use at once; below 0: owed
  SteadyTime bucket_at;
  TurnQueue<Run> waiting;

  int runs = 0;  // with tasks
  int tasks = 0;
  double cpu = 0;
  double longest_wait = 0;
  uint64_t long_steps = 0;
  Window<Fold::kSum, 10, 100> second;
  Window<Fold::kSum, 60, 1000> minute;
  Window<Fold::kMost, 60, 1000> waits;

  double key_of(const Run& run) const { return options.policy == PoolPolicy::kFifo ? static_cast<double>(run.opened) : run.time; }

  void fill_bucket(SteadyTime now, double quantum) {
    if (!options.max_share) return;
    const double most = std::max(quantum, kBucket * *options.max_share);
    bucket = std::clamp(bucket + between(bucket_at, now) * *options.max_share, -kDebtMax * *options.max_share, most);
    bucket_at = now;
  }
};

Picker::Picker(int workers, Cpu quantum) : workers_(workers), quantum_(count_of(quantum)) {}
Picker::~Picker() = default;

Status Picker::set_pool(const PoolOptions& options, SteadyTime now) {
  LT_RETURN_IF_ERROR(options.check());
  auto& pool = pools_[options.name];
  if (!pool) pool = std::make_unique<Pool>();
  pool->fill_bucket(now, quantum_);
  if (!pool->options.max_share) pool->bucket = 0;
  pool->bucket_at = now;
  const bool was_fifo = pool->options.policy == PoolPolicy::kFifo;
  pool->options = options;
  const std::vector<Run*> runs(pool->waiting.begin(), pool->waiting.end());
  for (Run* run : runs) pool->waiting.remove(run);
  for (Run* run : runs) {
    // To have waited for the runs before it is no credit.
    if (was_fifo) run->time = std::max(run->time, pool->runs_time);
    run->turn.key = pool->key_of(*run);
    pool->waiting.push(run);
  }
  stale_ = true;
  return {};
}

Picker::Run* Picker::open_run(std::string_view name) {
  Pool* pool = pools_.find(name)->second.get();
  auto run = std::make_unique<Run>();
  run->pool = pool;
  run->opened = opened_++;
  run->time = pool->runs_time;
  Run* opened = run.get();
  runs_.emplace(opened, std::move(run));
  return opened;
}

void Picker::close_run(Run* run) { runs_.erase(run); }

void Picker::add(Lane& lane, Run* run) {
  lane.run = run;
  lane.phase = Phase::kBlocked;
  lane.expected = Cpu(static_cast<int64_t>(quantum_));
  lane.turn.key = run->lanes_time;
  if (run->tasks++ == 0) ++run->pool->runs;
  ++run->pool->tasks;
}

void Picker::wake(Lane& lane, SteadyTime now) {
  enqueue(lane, now);
  lanes_changed(*lane.run->pool);
}

void Picker::enqueue(Lane& lane, SteadyTime now) {
  Run& run = *lane.run;
  Pool& pool = *run.pool;
  lane.phase = Phase::kWaiting;
  lane.waits_since = now;
  lane.turn.key = std::max(lane.turn.key, run.lanes_time - kCreditQuanta * quantum_);
  run.waiting.push(&lane);
  ++pool.waiting_lanes;
  ++waiting_;
  if (run.turn.waits()) return;
  run.time = std::max(run.time, pool.runs_time - kCreditQuanta * quantum_);
  run.turn.key = pool.key_of(run);
  pool.waiting.push(&run);
}

/// After waiting_lanes or running_lanes of a pool have changed.
void Picker::lanes_changed(Pool& pool) {
  const int lanes = pool.waiting_lanes + pool.running_lanes;
  if (lanes == 0 && pool.active) {
    std::erase(active_, &pool);
    pool.active = false;
    pool.arrives = false;
    pool.left_at_peace = peaces_;
    stale_ = true;
  } else if (lanes > 0 && !pool.active) {
    active_.push_back(&pool);
    pool.active = true;
    pool.arrives = true;
    stale_ = true;
  } else if (std::min(lanes, static_cast<int>(workers_)) != pool.usable_lanes) {
    stale_ = true;
  }
}

Claim Picker::claim_of(const Pool& pool, int lanes) const {
  const double most = std::min<double>(lanes, workers_);
  return {pool.options.weight, pool.options.min_share, std::min(most, pool.options.max_share.value_or(most)), 0};
}

void Picker::redivide() {
  stale_ = false;
  claims_.clear();
  for (Pool* pool : active_) {
    pool->usable_lanes = std::min(pool->waiting_lanes + pool->running_lanes, static_cast<int>(workers_));
    claims_.push_back(claim_of(*pool, pool->usable_lanes));
  }
  divide(workers_, claims_);
  double cores = 0;
  double times = 0;
  bool any_arrives = false;
  for (size_t i = 0; i < active_.size(); ++i) {
    Pool& pool = *active_[i];
    pool.cores = claims_[i].cores;
    any_arrives |= pool.arrives;
    if (pool.arrives) continue;
    cores += pool.cores;
    times += pool.cores * pool.time;
  }
  if (!any_arrives) return;
  if (cores > 0) mean_ = times / cores;
  for (Pool* pool : active_) {
    if (!std::exchange(pool->arrives, false)) continue;
    const double slack = kCreditQuanta * quantum_ / pool->cores;
    pool->time = std::max(pool->time, mean_ - slack);
    if (pool->left_at_peace != peaces_) pool->time = std::min(pool->time, mean_ + slack);
  }
}

/// Looks at every active pool: fills buckets, and answers the mean virtual time of those that may run.
double Picker::survey(SteadyTime now) {
  double cores = 0;
  double times = 0;
  waiting_in_reach_ = 0;
  for (Pool* pool : active_) {
    pool->fill_bucket(now, quantum_);
    pool->dry = pool->options.max_share && pool->bucket < 0;
    if (pool->dry) continue;
    waiting_in_reach_ += pool->waiting_lanes;
    cores += pool->cores;
    times += pool->cores * pool->time;
  }
  if (cores > 0) mean_ = times / cores;
  return mean_;
}

void Picker::forget_leads(double mean) {
  ++peaces_;
  for (Pool* pool : active_) {
    const double slack = kCreditQuanta * quantum_ / pool->cores;
    pool->time = std::clamp(pool->time, mean - slack, mean + slack);
  }
}

Picker::Pool* Picker::choose(double mean) const {
  Pool* best = nullptr;
  bool best_due = false;
  double best_after = 0;
  for (Pool* pool : active_) {
    if (pool->dry || pool->waiting.empty()) continue;
    const bool due = pool->time <= mean + 1;  // a nanosecond for the sum's rounding
    const double after = pool->time + quantum_ / pool->cores;
    if (best != nullptr && (due < best_due || (due == best_due && after >= best_after))) continue;
    best = pool;
    best_due = due;
    best_after = after;
  }
  return best;
}

Picker::Choice Picker::pick(SteadyTime now) {
  if (waiting_ == 0) return {};
  if (stale_) redivide();
  const double mean = survey(now);
  if (waiting_in_reach_ <= 1) forget_leads(mean);
  if (Pool* pool = choose(mean)) return {dispatch(*pool, now), {}};
  Choice none;
  for (const Pool* pool : active_) {
    if (pool->waiting.empty()) continue;
    const SteadyTime filled = now + rounded_up(-pool->bucket / *pool->options.max_share);
    none.retry_at = std::min(none.retry_at.value_or(filled), filled);
  }
  return none;
}

Picker::Lane* Picker::dispatch(Pool& pool, SteadyTime now) {
  Run& run = *pool.waiting.first();
  Lane& lane = *run.waiting.first();
  pool.runs_time = std::max(pool.runs_time, run.time);
  run.lanes_time = std::max(run.lanes_time, lane.turn.key);
  run.waiting.remove(&lane);
  lane.phase = Phase::kRunning;
  --waiting_;
  --waiting_in_reach_;
  --pool.waiting_lanes;
  ++pool.running_lanes;

  const double expected = count_of(lane.expected);
  lane.charged = expected / pool.cores;
  lane.turn.key += expected;
  run.time += expected;
  pool.time += lane.charged;
  pool.bucket -= expected;
  run.turn.key = pool.key_of(run);
  if (run.waiting.empty()) {
    pool.waiting.remove(&run);
  } else {
    pool.waiting.moved(&run);
  }

  const double waited = std::max(0.0, between(lane.waits_since, now));
  pool.longest_wait = std::max(pool.longest_wait, waited);
  pool.waits.add(now, waited);
  return &lane;
}

void Picker::finish(Lane& lane, SteadyTime now, Cpu used, Phase next, bool was_long) {
  Run& run = *lane.run;
  Pool& pool = *run.pool;
  const double more = count_of(used - lane.expected);
  lane.turn.key += more;
  run.time += more;
  pool.time += count_of(used) / pool.cores - lane.charged;
  pool.bucket -= more;
  lane.expected = std::max(kExpectedMin, (3 * lane.expected + used) / 4);
  --pool.running_lanes;
  pool.long_steps += was_long ? 1 : 0;
  account(pool, now, used);
  if (run.turn.waits()) {
    run.turn.key = pool.key_of(run);
    pool.waiting.moved(&run);
  }
  lane.phase = next;
  if (next == Phase::kWaiting) enqueue(lane, now);
  if (next == Phase::kGone) {
    if (--run.tasks == 0) --pool.runs;
    --pool.tasks;
  }
  lanes_changed(pool);
}

void Picker::charge(Run* run, SteadyTime now, Cpu used) {
  Pool& pool = *run->pool;
  const double cpu = count_of(used);
  const double credit = kCreditQuanta * quantum_;
  // Who sleeps meanwhile has no credit to pay from either.
  run->time = std::max(run->time, pool.runs_time - credit);
  run->time = std::min(run->time + cpu, std::max(run->time, pool.runs_time + kDebtMax));
  if (!pool.active) pool.time = std::max(pool.time, mean_ - credit / pool.cores);
  pool.time = std::min(pool.time + cpu / pool.cores, std::max(pool.time, mean_ + kDebtMax));
  pool.fill_bucket(now, quantum_);
  pool.bucket -= cpu;
  account(pool, now, used);
  if (!run->turn.waits()) return;
  run->turn.key = pool.key_of(*run);
  pool.waiting.moved(run);
}

void Picker::account(Pool& pool, SteadyTime now, Cpu used) {
  const double seconds = count_of(used) / kSecond;
  pool.cpu += seconds;
  pool.second.add(now, seconds);
  pool.minute.add(now, seconds);
  attributed_seconds_ += seconds;
  second_.add(now, seconds);
  minute_.add(now, seconds);
}

std::vector<PoolStatus> Picker::pools(SteadyTime now) const {
  const double second = second_.of(now);
  const double minute = minute_.of(now);
  std::vector<PoolStatus> all;
  for (const auto& [name, pool] : pools_) all.push_back(status_of(*pool, second, minute, now));
  return all;
}

PoolStatus Picker::status_of(const Pool& pool, double second, double minute, SteadyTime now) const {
  PoolStatus status;
  status.options = pool.options;
  status.entitlement = would_get(pool);
  status.share = second > 0 ? pool.second.of(now) / second : 0;
  status.share_minute = minute > 0 ? pool.minute.of(now) / minute : 0;
  status.cpu_seconds = pool.cpu;
  status.runs = pool.runs;
  status.tasks = pool.tasks;
  status.waiting = pool.waiting_lanes;
  double waits = 0;
  for (const Run* run : pool.waiting) {
    for (const Lane* lane : run->waiting) waits = std::max(waits, between(lane->waits_since, now));
  }
  status.longest_wait_ms = std::max(pool.longest_wait, waits) / 1e6;
  status.longest_wait_minute_ms = std::max(pool.waits.of(now), waits) / 1e6;
  status.long_steps = pool.long_steps;
  return status;
}

/// Beside the pools that are at work, with as many lanes as it has, or for all workers if it has none.
double Picker::would_get(const Pool& pool) const {
  std::vector<Claim> claims;
  for (const Pool* other : active_) {
    if (other != &pool) claims.push_back(claim_of(*other, other->waiting_lanes + other->running_lanes));
  }
  const int lanes = pool.waiting_lanes + pool.running_lanes;
  claims.push_back(claim_of(pool, lanes > 0 ? lanes : static_cast<int>(workers_)));
  divide(workers_, claims);
  return claims.back().cores;
}

std::string Picker::minima_warning() const {
  double minima = 0;
  for (const auto& [name, pool] : pools_) minima += pool->options.min_share;
  const double scale = scale_of(workers_, minima);
  if (scale == 1) return {};
  const auto cores = [](double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g", value);
    return std::string(text);
  };
  std::string scaled;
  for (const auto& [name, pool] : pools_) {
    if (pool->options.min_share > 0) scaled += (scaled.empty() ? "" : ", ") + name + " " + cores(pool->options.min_share * scale);
  }
  return "the pools' min_share add up to more than the workers and are scaled to fit, in proportion; lower them or raise "
         "engine.threads: workers " + cores(workers_) + ", " + scaled;
}

}  // namespace laketide
