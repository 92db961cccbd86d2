// Everything a run is made of, ready to be started.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/memory_budget.h"
#include "execution/epoch_metrics.h"
#include "execution/lane.h"
#include "execution/run_memory.h"
#include "execution/run_source.h"
#include "execution/table_keeper.h"
#include "flow/operator.h"
#include "flow/sink.h"
#include "scheduler/account.h"
#include "state/state_store.h"

namespace laketide {

/// What becomes of the rows of the sources. Lanes put them through a branch's operators into its sink; or, where the query remembers
/// (aggregates, joins, …), through the head of a tail's port, whose rows of all lanes go through the one tail at the epoch's border, and
/// from there into the branches behind it. Immutable.
struct ChainPlan {
  using Operators = std::vector<std::unique_ptr<Operator>>;
  /// For the rows of one source (by name); behind a tail there is none.
  using MakeOperators = std::function<Result<Operators>(const std::string& source, Context&)>;
  struct Input {
    Schema columns;                   // to decode, a subset of the source's schema
    std::vector<std::string> hidden;  // pseudo-columns that come with them
    std::function<Result<std::unique_ptr<EventTimes>>(Context&)> event_times;  // not set: no event time
  };
  struct Port {
    std::set<std::string> sources;  // whose lanes have this head
    MakeOperators head;
  };
  struct Tail {
    std::string shape;  // what its state looks like; state of another shape is not taken over
    std::vector<Port> ports;  // of the first of its operators
    std::function<Result<Operators>(Context&, state::StateTables&)> operators;
  };
  struct Branch {
    Schema output;                  // of the rows that reach the sink, without hidden columns
    std::optional<size_t> tail;     // behind this one; none: behind the decoders of `sources`
    std::set<std::string> sources;
    MakeOperators operators;
    std::string steps;              // what the rows go through, from the last step down to the sources, a line a step; for people
  };
  std::map<std::string, Input> inputs;  // by source
  std::vector<Tail> tails;
  std::vector<Branch> branches;     // one per sink, in the order of RunSpec::sinks
};

/// What makes a run a batch job: ranges with an end, fixed once. Owned by its run. Caller synchronises.
struct JobWork {
  std::string id;
  bool resume = false;  // goes on where the last job of this line ended
  std::string max_column;  // not empty: the sinks are asked for the largest instant in it
  /// What to read of the partitions there are. `line` has the positions of the run's line so far, for `resume`; `newest` is the least
  /// of what the sinks say of `max_column`, none if one of them has no rows. Fails `kUser` when the broker cannot serve it.
  std::function<Result<Ranges>(const PartitionBounds& bounds, const Positions& line, std::optional<Instant> newest, const Wait& wait)> find_ranges;
  /// Makes the ranges durable, and the line's epoch that the job begins with, before anything is written.
  std::function<Status(const Ranges& ranges, EpochId first)> fix;
  std::optional<Ranges> ranges;  // as fixed, perhaps by an earlier process
  std::optional<EpochId> first;
  bool decided = false;  // an earlier process made a plan that may not be everywhere, or all of the job may be visible
  int attempt = 1;       // of the run that begins
  int attempts_max = 3;  // outside faults before the commit is decided end an attempt; after it they are waited out
};

/// What makes a stream begin anew although its sinks have epochs of it: those before `first` do not count. Owned by its run. Caller
/// synchronises.
struct Beginning {
  std::optional<EpochId> first;  // none: not begun yet
  /// Makes it durable, before anything is written.
  std::function<Status(EpochId first)> fix;
};

/// A pipeline made into objects. A stream and a job differ in `job` and `bounded` only. Owned by its run. Caller synchronises.
struct RunSpec {
  std::string pipeline;
  /// Under which name progress is kept, in the ledger and in the sinks. A stream's is its pipeline; a job takes one that no
  /// other run uses at the time, and that many jobs use in turn, so that tables do not gather a name for every job.
  std::string line;
  std::string run_id;
  std::string spec_hash;
  std::string pool;
  Account account;  // of the run in its pool; opened when the run starts unless its parts needed it before
  std::shared_ptr<Metrics> metrics;
  std::shared_ptr<EpochMetrics> epoch_metrics;  // made when the run starts
  std::shared_ptr<MemoryBudget> budget;  // of the pool; null: no bound
  int64_t fixed_bytes = 0;               // held while it runs, beside what lanes hold: queues of its sinks
  int64_t lane_bytes = 0;                // held by each lane: the client's read-ahead, of the source with the largest
  std::shared_ptr<RunMemory> memory;     // made when the run starts

  std::vector<RunSource> sources;
  std::shared_ptr<Source> source;  // all of them together; made when the run starts unless its parts needed it before
  bool needs_schema = false;       // the query names columns: without a schema there is nothing to bind it to
  std::string start_text;          // for the status
  /// Binds the query to the sources' schemas, and tells those that yield rows which columns of them are wanted.
  std::function<Result<ChainPlan>(const Schemas& schemas)> plan;

  std::shared_ptr<TableKeeper> tables;  // null: the pipeline has no static tables; `plan` takes their schemas from it

  /// Opens the state on disk of a query that remembers; `shape` is all its tails'. Not set: a job, which begins with nothing and ends
  /// with its one epoch.
  std::function<Result<std::unique_ptr<state::StateStore>>(const std::string& shape)> open_state;

  std::vector<std::unique_ptr<Sink>> sinks;
  std::unique_ptr<Sink> quarantine;  // null unless bad_records is kQuarantine
  BadRecordPolicy bad_records = BadRecordPolicy::kQuarantine;
  double bad_ratio_max = 0.5;
  int64_t bad_ratio_over = 10'000;   // records

  std::chrono::milliseconds interval{5000};
  bool bounded = false;              // ends at the bounds found at its start: FINISHED
  bool one_epoch = false;            // and does so in a single epoch
  std::optional<JobWork> job;        // not set: a stream
  std::optional<Beginning> anew;     // of a stream that was reset
  int lanes_max = 1;
  int64_t epoch_bytes_max = 256 << 20;
};

}  // namespace laketide
