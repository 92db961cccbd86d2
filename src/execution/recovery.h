// Where a run goes on, decided from what the ledger and each sink have.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "flow/epoch.h"
#include "flow/sink.h"
#include "ledger/ledger.h"
#include "laketide/status.h"

namespace laketide {

/// One sink of the run after its claim. Immutable.
struct ClaimedSink {
  std::string id;
  Progress progress;
  bool keeps_progress = true;
};

/// What the ledger has of the pipeline: its newest epoch, and its newest committed one (often the same). Immutable.
struct LedgerView {
  std::optional<EpochRow> newest;
  std::optional<EpochRow> committed;
};

/// The decision. Immutable.
struct Recovery {
  EpochId next;                       // the first epoch of the stage that follows
  Positions positions;                // where it starts; partitions not in it have no progress
  std::optional<EpochPlan> last;      // plan of the epoch before it, if anyone still has it
  std::optional<EpochPlan> replay;    // epoch to run again first, over exactly its ranges, …
  std::vector<std::string> lacking;   // … into these sinks
  bool record = false;                // `last` or `replay` stands in a sink and not (committed) in the ledger
};

/// The newest epoch that is durable anywhere — planned in the ledger, or committed into a sink — is finished first: every
/// sink with a part in it that lacks it gets exactly its ranges again. A sink ahead of the ledger wins over it. A sink that
/// has no part in it yet starts at the next offset. Fails `kUser`:
///   sink_behind  a sink is more than one epoch behind, or lost progress it had (the detail names the ranges it lacks)
///   plan_lost    a sink lacks an epoch whose plan nobody has any more
///   plan_corrupt, plan_version  a stored plan cannot be read
Result<Recovery> recover(const std::string& pipeline, const LedgerView& ledger, const std::vector<ClaimedSink>& sinks);

/// The same for a job, which has nothing to do with the jobs that used its line before: epochs before `first`, the one it began
/// with, do not count. Without `first` it has not begun, and `next` is an epoch that the line never had.
Result<Recovery> recover_job(const std::string& line, std::optional<EpochId> first, const LedgerView& ledger,
                             const std::vector<ClaimedSink>& sinks);

}  // namespace laketide
