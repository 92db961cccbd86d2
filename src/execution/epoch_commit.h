// The protocol by which an epoch gets into every sink exactly once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "execution/epoch_metrics.h"
#include "flow/epoch.h"
#include "flow/sink.h"
#include "ledger/ledger.h"
#include "laketide/status.h"

namespace laketide {

/// A sink of the epoch, and what the lanes staged for it. Caller synchronises.
struct SinkStage {
  Sink* sink = nullptr;
  StagedList staged;
};

/// Makes the receipt's JSON from what each sink did, in the order of the stages.
using MakeReceipt = std::function<std::string(const std::vector<Commit>& commits)>;

/// Asked once, when every sink is prepared: a failure ends the epoch here, and it will never be.
using Decide = std::function<Status()>;

/// PRODUCT §8, steps 1 to 4:
///   prepare every sink        all that can be refused is refused here
///   decide                    the last moment at which the epoch can be given up
///   plan durable in ledger    from here the epoch is finished, by this process or the next
///   commit each sink          each with the plan inside, atomically
///   ledger committed          with the receipt
/// The ledger syncs once an epoch. Where a pipeline has several sinks, a plan must be found if some of them lack its epoch, so it is durable
/// before the first commits; that they have it, they say themselves, and the record is durable with the next plan. A sink that is alone has
/// the plan in its own commit, or nothing of the epoch: there the record is synced, and the plan with it. (Both are where the one sink is
/// beside the quarantine, or keeps no progress.)
/// A failure anywhere leaves a state that `recover` resolves; nothing is retried here. Blocks until done or `wait` is over.
Result<std::vector<Commit>> commit_epoch(const EpochPlan& plan, std::vector<SinkStage>& stages, Ledger& ledger,
                                         const Decide& decide, const MakeReceipt& make_receipt, const Wait& wait,
                                         EpochMetrics* metrics = nullptr);

}  // namespace laketide
