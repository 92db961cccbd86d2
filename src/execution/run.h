// One execution of a pipeline: claims the sinks, finishes what an earlier process left, then runs stages until it ends.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/signal.h"
#include "base/wait.h"
#include "execution/lag.h"
#include "execution/offset_mirror.h"
#include "execution/recovery.h"
#include "execution/run_metrics.h"
#include "execution/run_spec.h"
#include "execution/stage.h"
#include "laketide/engine.h"
#include "ledger/ledger.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// What others may know of a run at any time. Immutable.
struct RunView {
  StreamState state = StreamState::kStarting;
  Status problem;  // why STALLED, FAILED or FENCED
  EpochId epoch{-1};
  Positions committed;
  PartitionBounds bounds;  // as last heard from the broker
  std::optional<double> lag_seconds;  // age of the oldest record not committed, as of then
  int64_t rows_in = 0, rows_out = 0, quarantined = 0;
  double input_rows_per_second = 0;  // over the last minute
  std::optional<EpochReceipt> last_receipt;
  EpochMetrics::Durations last_phases{};   // of the same epoch
  std::optional<Instant> watermark;        // after the last epoch; none: no event time, or no row yet
  std::map<SourcePartition, int64_t> late_rows;  // of this process, of the partitions that had some
  StateSize remembered;                    // by the query, after the last epoch of this process
  std::string schema;
  int attempt = 1;       // of a job: raised by each outside fault that ended an attempt
  double progress = 0;   // of a job: the part of its ranges that is read, 0 to 1
  bool decided = false;  // of a job that was stopped: a commit that it must finish may not be everywhere
};

/// Runs on one io actor from start to end:
///
///   until it ends:
///     claim every sink, ask the ledger, decide where to go on            recovery.h
///     a job: fix its ranges
///     check that the topics are still the same ones
///     load the static tables, pin or learn the schema, bind the query and the sinks
///     replay the epoch that a sink lacks, exactly                        a stage of one epoch
///     stages over all partitions; a new one when partitions appear       stage.h
///   an outside fault on the way: STALLED, and again after a while (a job: a few times); any other: FAILED
///
/// Thread-safe.
class Run : public std::enable_shared_from_this<Run> {
 public:
  /// `ended` is called once, on the run's actor, just before the run is at rest; then `rested` is notified.
  static std::shared_ptr<Run> start(RunSpec spec, Ledger& ledger, Scheduler& scheduler,
                                    std::function<void(const RunView&)> ended, std::shared_ptr<Signal> rested);

  /// Ends the run: `now` gives the open epoch up, else it is committed first. Returns at once.
  void stop(bool now);
  /// Ends a job at once, and so that nothing more of it becomes visible. False, and nothing happens, if it is done, or if it is
  /// atomic and its commit is decided: it will be visible. One that commits as it goes first finishes the commit that is
  /// decided, with as many attempts as that takes.
  bool cancel();
  RunView view() const;
  bool at_rest() const;
  const RunSpec& spec() const { return spec_; }

 private:
  Run(RunSpec spec, Ledger& ledger, Scheduler& scheduler);
  void stop_locked(bool now) LT_REQUIRES(mutex_);
  void main();
  Status run_attempts();
  void conclude(const Status& outcome);
  void watch_bounds();
  bool can_heal(const Status& problem) const;
  bool has_attempts();
  bool is_decided() const;
  void set_decided(bool decided) LT_REQUIRES(mutex_);
  bool is_begun(const Recovery& recovery) const;
  bool is_whole(const Recovery& recovery) const;
  StreamState settle(const Status& outcome);
  Status attempt();
  Result<Recovery> claim();
  Result<Recovery> recover_line(const LedgerView& seen, const std::vector<ClaimedSink>& claimed, std::optional<EpochId> quarantined);
  bool is_fresh(const Recovery& recovery) const;
  Result<std::optional<Instant>> newest_in_sinks();
  Status fix_ranges(const PartitionBounds& bounds, const Recovery& recovery);
  Status decide();
  Status record(const Recovery& recovery);
  Result<PartitionBounds> wait_for_topics();
  Status check_topics(const PartitionBounds& bounds);
  Status resolve_starts(const PartitionBounds& bounds, const Recovery& recovery);
  Status bind(const Recovery& recovery);
  Status open_state();
  Status replay(const Recovery& recovery);
  Status read_on(const PartitionBounds& began);
  Status read_ranges(const Ranges& ranges);
  Status run_stage(StageSpec spec);
  void abandon(Sink& sink);
  void show(const CommittedEpoch& epoch);
  void set_state(StreamState state, const Status& problem = {});
  void pause_before_retry();
  Wait waiting() const { return Wait{halt_.token(), SteadyTime::max()}; }
  bool stop_requested() const;

  RunSpec spec_;
  Ledger& ledger_;
  Scheduler& scheduler_;
  IoActor actor_;
  IoActor watcher_;  // asks the broker for its bounds, so that a slow answer delays no commit
  std::function<void(const RunView&)> ended_;
  std::shared_ptr<Signal> rested_;
  StopSource halt_;  // give up at once
  std::shared_ptr<OffsetMirror> mirror_;
  Signal retry_;     // ends the pause before the next attempt
  LagWatch lag_;     // confined to the watcher

  // Confined to the actor.
  RunPosition position_;
  SourceFormats formats_;
  ChainPlan chain_;
  std::unique_ptr<state::StateStore> state_;  // null: the query remembers nothing on disk
  bool quarantine_lacks_replay_ = true;
  std::chrono::milliseconds backoff_{0};
  bool all_done_ = false;  // a job has read and committed all of its ranges

  mutable Mutex mutex_;
  RunMetrics metrics_ LT_GUARDED_BY(mutex_);
  RunView view_ LT_GUARDED_BY(mutex_);
  int64_t all_records_ LT_GUARDED_BY(mutex_) = 0;     // of a job's ranges
  int64_t records_before_ LT_GUARDED_BY(mutex_) = 0;  // of these, committed before the stage that runs
  Stage* stage_ LT_GUARDED_BY(mutex_) = nullptr;
  bool stop_ LT_GUARDED_BY(mutex_) = false;
  bool decided_ LT_GUARDED_BY(mutex_) = false;  // an epoch of a job is planned and may not be everywhere, or an atomic job is visible
  bool cancel_ LT_GUARDED_BY(mutex_) = false;   // after the commit that is decided
  bool settled_ LT_GUARDED_BY(mutex_) = false;  // how it ended is fixed
  bool at_rest_ LT_GUARDED_BY(mutex_) = false;
};

}  // namespace laketide
