// The part of a run's query that remembers: one task behind all lanes, at work between an epoch's border and its commit.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "execution/part.h"
#include "execution/reject_outlet.h"
#include "flow/chain.h"
#include "flow/context.h"
#include "flow/epoch.h"
#include "scheduler/scheduler.h"
#include "state/state_store.h"

namespace laketide {

/// Gives the rows of one tail to the chains behind it, each into its sink. Confined to its task.
class FanOut;

/// What a tail is made of: operators that end in a FanOut, and the chains behind it. The context outlives the rest. Confined to its task.
struct TailParts {
  struct One {
    std::unique_ptr<Chain> chain;  // ends in `fan_out`
    FanOut* fan_out = nullptr;
  };
  std::unique_ptr<Context> context;
  state::StateTables tables;  // of all operators
  std::vector<One> tails;
  std::unique_ptr<Writer> quarantine;  // as a lane's
};

/// What one lane collected for one port of a tail. Confined to its task.
struct TailInput {
  Port port = 0;
  std::unique_ptr<Staged> rows;
};

/// A Chain's writer that hands its rows to `branches`.
TailParts::One make_tail_chain(std::vector<std::unique_ptr<Operator>> operators, std::vector<std::unique_ptr<Chain>> branches);

/// What a query remembers in memory. Immutable.
struct StateSize {
  int64_t rows = 0;
  int64_t bytes = 0;
};

/// What an epoch's rows of all lanes became. Confined to its task.
struct TailEpoch {
  std::vector<StagedList> staged;      // per tail, one per chain behind it
  std::vector<std::vector<int64_t>> rows_out;  // as `staged`
  std::unique_ptr<Staged> quarantined;  // null without a quarantine
  int64_t rejected = 0;
  state::FrozenState state;
  StateSize size;  // after it
};

/// How a tail reports to its run; called from its task. Thread-safe.
class TailHost : public virtual PartHost {
 public:
  virtual void tail_closed(TailEpoch epoch) = 0;
};

/// A task over TailParts:
///
///   until stopped:  wait for an epoch
///                   feed what the lanes collected, a batch at a time, to each tail in turn; end the epoch in it
///                   settle what was refused, freeze the state, report
///
/// `begin` may come from any thread. Everything else: Confined to its task.
class Tail final : public Part {
 public:
  /// `store`: null if nothing of the state is to be kept on disk (a job of one epoch). It outlives the tail.
  Tail(TailParts parts, state::StateStore* store, BadRecordPolicy policy, std::string pipeline, TailHost* host);

  /// `collected`: per tail, what the lanes have for its ports. Wake the task after it. The epoch before must have been reported.
  void begin(const EpochInfo& info, std::vector<std::vector<TailInput>> collected);

 private:
  Result<Step> advance() override;
  std::shared_ptr<void> take_parts() override { return std::make_shared<TailParts>(std::move(parts_)); }
  Result<Step> feed();
  Result<Step> finish();

  TailParts parts_;
  state::StateStore* const store_;
  TailHost* const host_;
  Mutex mutex_;
  std::optional<std::vector<std::vector<TailInput>>> next_ LT_GUARDED_BY(mutex_);
  EpochInfo next_info_ LT_GUARDED_BY(mutex_);

  RejectOutlet refused_;
  EpochInfo info_;
  std::optional<std::vector<std::vector<TailInput>>> collected_;  // none: no epoch to work on
  size_t tail_ = 0;        // that is fed, or ends its epoch
  size_t input_ = 0;       // whose rows go to it next
  Port port_ = 0;          // of the input whose batches these are
  std::vector<Batch> batches_;  // the last one first
  bool held_ = false;      // the chain keeps what its writers have no room for
  TailEpoch epoch_;
};

}  // namespace laketide
