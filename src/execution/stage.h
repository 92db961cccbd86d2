// The lanes of a run over one assignment of partitions, and the loop that cuts and commits their epochs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "base/bounded_queue.h"
#include "execution/coordinator.h"
#include "execution/epoch_commit.h"
#include "execution/lane.h"
#include "execution/lane_shares.h"
#include "execution/run_spec.h"
#include "execution/tail.h"
#include "laketide/engine.h"
#include "ledger/ledger.h"
#include "scheduler/scheduler.h"

namespace laketide {

/// Where a run is; each epoch moves it on. Caller synchronises.
struct RunPosition {
  EpochId epoch;        // the next to be committed
  Positions positions;  // where it starts
  Positions begin;      // where each partition was first read from
  std::map<SourcePartition, LastRecord> last_records;
  EventClock clock;                      // after the epoch before
  std::optional<EpochId> state_version;  // of what the query remembers; none: nothing yet
  int64_t records = 0;   // committed by this process
  int64_t rejected = 0;
};

/// What a stage reads, and into which sinks. Immutable.
struct StageSpec {
  Ranges ranges;
  bool one_epoch = false;
  std::vector<size_t> sinks;        // indices into RunSpec::sinks
  bool quarantine = true;           // the quarantine sink takes part (if there is one)
  std::optional<EpochPlan> replay;  // the epoch is exactly this one, again
  state::StateStore* state = nullptr;  // null: what the query remembers is not kept over the stage
};

/// An epoch that is in every sink. Immutable.
struct CommittedEpoch {
  const EpochPlan& plan;
  const EpochReceipt& receipt;
  StateSize state;  // after it
  std::map<SourcePartition, int64_t> late_rows;
};

/// Asked before each commit is decided, told about each commit and about lanes that wait. Called on the thread of Stage::run.
/// Caller synchronises.
struct StageHooks {
  std::function<Status()> decide;
  std::function<void(const CommittedEpoch&)> committed;
  std::function<void(BlockReason)> blocked;
  std::function<PartitionBounds()> bounds;  // as last heard from the broker
};

/// Starts the lanes, cuts epochs by the coordinator's word and commits them one after another while the lanes go on. Where the query
/// remembers, what lanes have at the border goes through the tail before it is committed. `run`
/// blocks an io thread until the stage is over: drained, stopped, or failed. `request_stop` and `records_read` may
/// come from any thread.
/// Everything else, on the run's actor: Confined to its task.
class Stage {
 public:
  Stage(RunSpec& run, const SourceFormats& formats, const ChainPlan& chain, StageSpec spec, RunPosition& position, Ledger& ledger,
        Scheduler& scheduler, StageHooks hooks);
  ~Stage();

  /// Success: everything read up to the stop or the end of the ranges is committed. Whatever happens, no lane is left.
  Status run(const Wait& wait);
  /// Drain: commit what is open, then end; a replay ends when it is whole. If the Wait given to `run` is over by then: end at once, committing nothing.
  void request_stop();
  /// Records that the lanes have taken since the start; from any thread.
  int64_t records_read() const;

 private:
  class Events;
  /// Where the rows of a source's lanes go. Immutable.
  struct Route {
    std::vector<size_t> sinks;                   // of spec_.sinks, one for each of a lane's first chains
    std::vector<std::pair<size_t, Port>> ports;  // of the chain plan's tails, one for each of the others
  };
  template <typename PartType>
  struct Running;

  Instant opened_at() const;  // of the epoch that is next to commit
  void route_sinks();
  Route route_for(const std::string& source) const;
  Status start_tail(const Wait& wait);
  Status restore_state(const state::StateTables& tables, const Wait& wait);
  Result<TailParts> make_tail_parts();
  Status start_lanes();
  Result<LaneParts> make_parts(int lane);
  Status add_chains(size_t source, LaneParts& parts);
  const Route& route_of(LaneId lane) const { return routes_[shares_[static_cast<size_t>(lane)].source]; }
  std::unique_ptr<Context> make_context(int lane, std::function<void()> wake) const;
  Act lane_closed(LaneEpoch epoch, SteadyTime now);
  Act closed(SteadyTime now);
  Act check_idle(SteadyTime now);
  EventClock clock_of_closed(SteadyTime now);
  std::vector<SinkStage> take_staged();
  Status loop(const Wait& wait);
  Result<Act> next_act(const Wait& wait);
  Status commit(const Wait& wait);
  void forget_below(const EpochPlan& plan, const Wait& wait);
  Result<EpochPlan> make_plan() const;
  EpochCounts count() const;
  Status check_bad(int64_t records, int64_t rejected) const;
  void close_lanes();
  void end_lanes();
  int lane_count() const { return static_cast<int>(shares_.size()); }
  std::vector<std::vector<TailInput>> take_collected();

  RunSpec& run_;
  const SourceFormats& formats_;
  const ChainPlan& chain_;
  const StageSpec spec_;
  RunPosition& position_;
  Ledger& ledger_;
  Scheduler& scheduler_;
  const StageHooks hooks_;
  std::unique_ptr<Events> events_;
  const std::vector<LaneShare> shares_;
  const EventTimeRules rules_;
  std::vector<Route> routes_;  // by source
  std::vector<std::unique_ptr<Running<Lane>>> lanes_;
  EpochCoordinator coordinator_;
  EpochId filling_;  // by the lanes: the open one, and from its close on the next
  std::vector<LaneEpoch> closed_;  // of the epoch that closes
  bool something_ = false;         // of the epoch that closes: it has something to commit
  std::map<size_t, std::vector<size_t>> tails_;  // of the chain plan's tails, those that are needed: the sinks of spec_.sinks behind each
  std::unique_ptr<Running<Tail>> tail_;            // null: none is
  TableVersions open_tables_, closing_tables_;   // what the epoch that lanes fill sees of the static tables, and the one that closes
  EpochInfo info_;                               // of the epoch that closes, as the tail gets it
  EventClock clock_;                             // after the epoch that closes
  std::optional<TailEpoch> tail_epoch_;
  std::map<SourcePartition, SteadyTime> last_record_;  // see idle_partitions
  SteadyTime idle_check_ = SteadyTime::max();
  StateSize state_;          // of the tail, in memory
  bool idle_close_ = false;  // the epoch that closes does so because partitions fell silent
};

}  // namespace laketide
