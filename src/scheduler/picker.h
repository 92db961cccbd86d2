// Which lane goes next: the rules of fair shares, without threads or clocks.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/wait.h"
#include "scheduler/entitlement.h"
#include "scheduler/pool.h"
#include "scheduler/turn_queue.h"
#include "scheduler/window.h"

namespace laketide {

/// Chooses among pools, then among the runs of that pool, then among the lanes of that run. What has had CPU time has had that much
/// of its virtual time; what has had least goes next:
///
///     divide   a pool is entitled to r cores (entitlement.h); divided anew when the lanes it could use change
///     pick     of the pools that are not ahead of the mean virtual time, the one that a quantum would leave least ahead; in it the
///              run, and in that the lane, with the least virtual time. All three are charged the quantum that is expected
///     finish   the charge is corrected to what was used: cpu / r for the pool, cpu for run and lane
///     wake     who slept starts no further back than two quanta: sleep brings no credit
///     ceiling  max_share fills a bucket of CPU time; a pool whose bucket is empty is passed over, also if a worker is idle
///     peace    with no more lanes than workers nobody is denied anything: what a pool is ahead or behind is forgotten
///
/// "Not ahead of the mean" is the eligibility rule of EEVDF and WF²Q: without it a pool of large weight falls behind by a quantum for
/// each small pool beside it. A pick costs O(pools at work) + O(log of the waiting runs and lanes of the pool); idle pools cost
/// nothing. A pool's error against the fluid model is at most two quanta and the longest step. Caller synchronises.
class Picker {
 public:
  using Cpu = std::chrono::nanoseconds;
  struct Pool;
  struct Run;
  enum class Phase { kBlocked, kWaiting, kRunning, kGone };

  /// What is scheduled derives from this; its fields are the picker's own. Must outlive its stay in the picker.
  struct Lane {
    Run* run = nullptr;
    Phase phase = Phase::kBlocked;
    Turn turn;                // among the lanes of its run; the key is its virtual time
    Cpu expected{0};          // for its next quantum: what it used lately
    double charged = 0;       // of its pool's virtual time, for the quantum that runs
    SteadyTime waits_since;
  };
  struct Choice {
    Lane* lane = nullptr;                // null: nothing may run now
    std::optional<SteadyTime> retry_at;  // then: when the bucket of a pool that waits has filled
  };

  Picker(int workers, Cpu quantum);
  ~Picker();

  Status set_pool(const PoolOptions& options, SteadyTime now);
  bool has_pool(std::string_view name) const { return pools_.find(name) != pools_.end(); }
  /// The pool must be there. The order of these calls is that of FIFO.
  Run* open_run(std::string_view pool);
  /// Its lanes must be gone.
  void close_run(Run* run);

  /// A new lane is blocked.
  void add(Lane& lane, Run* run);
  /// Of a blocked lane.
  void wake(Lane& lane, SteadyTime now);
  Choice pick(SteadyTime now);
  /// The lane that was picked gives its worker back: `next` is kWaiting, kBlocked or kGone.
  void finish(Lane& lane, SteadyTime now, Cpu used, Phase next, bool was_long);
  /// CPU time that was used elsewhere.
  void charge(Run* run, SteadyTime now, Cpu used);

  /// Lanes that the last pick left waiting although their pool's bucket is not empty.
  int waiting_in_reach() const { return waiting_in_reach_; }
  int64_t open_runs() const { return static_cast<int64_t>(runs_.size()); }
  double attributed_seconds() const { return attributed_seconds_; }
  std::vector<PoolStatus> pools(SteadyTime now) const;
  std::string minima_warning() const;

 private:
  void redivide();
  Claim claim_of(const Pool& pool, int lanes) const;
  double survey(SteadyTime now);
  void forget_leads(double mean);
  Pool* choose(double mean) const;
  Lane* dispatch(Pool& pool, SteadyTime now);
  void enqueue(Lane& lane, SteadyTime now);
  void lanes_changed(Pool& pool);
  void account(Pool& pool, SteadyTime now, Cpu used);
  PoolStatus status_of(const Pool& pool, double second, double minute, SteadyTime now) const;
  double would_get(const Pool& pool) const;

  const double workers_;
  const double quantum_;  // nanoseconds, as all virtual time
  std::map<std::string, std::unique_ptr<Pool>, std::less<>> pools_;
  std::unordered_map<const Run*, std::unique_ptr<Run>> runs_;
  std::vector<Pool*> active_;   // with waiting or running lanes
  std::vector<Claim> claims_;   // of active_; kept for its memory
  bool stale_ = false;          // active_ or what a pool could use has changed since the workers were divided
  double mean_ = 0;             // virtual time at the last pick
  uint64_t peaces_ = 0;
  uint64_t opened_ = 0;
  int waiting_ = 0;
  int waiting_in_reach_ = 0;
  double attributed_seconds_ = 0;
  Window<Fold::kSum, 10, 100> second_;
  Window<Fold::kSum, 60, 1000> minute_;
};

}  // namespace laketide
