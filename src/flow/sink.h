// The seam to where rows go: Sink for the run, Writer for each lane.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/positions.h"
#include "base/wait.h"
#include "flow/batch.h"
#include "flow/context.h"
#include "flow/epoch.h"
#include "flow/rejects.h"
#include "flow/step.h"
#include "laketide/status.h"

namespace laketide {

/// What a sink already has of a pipeline, as found in the sink itself. Immutable.
struct Progress {
  Generation generation;         // ours, as raised by the claim
  std::optional<EpochId> epoch;  // last epoch committed into it; none: it never had one
  Positions next;                // next offset of every partition it ever had records of
  std::string plan;              // JSON of that epoch's plan; empty if the sink no longer has it
};

/// What a sink did in a commit, for the receipt of the epoch. Immutable.
struct Commit {
  std::string id;           // names the commit in the sink: Delta: the table version; PostgreSQL: the transaction id
  int64_t rows = 0;         // rows that became visible
  int64_t quarantined = 0;  // rows that the sink refused and put into quarantine in the same commit
};

/// Writes one lane's rows for one sink, invisibly, until the epoch is committed. Never blocks for long. Confined to its task.
class Writer {
 public:
  virtual ~Writer() = default;
  /// Takes the rows of `batch`. What it rejects names its place only: the lane still has the records. Blocked: nothing of it was taken, offer it again after the wake-up.
  virtual Result<Step> write(const Batch& batch, Rejects& rejects) = 0;
  /// Finishes the epoch's rows. Done: `staged` is set and what is written from now belongs to the next epoch. Blocked or
  /// More: call again.
  virtual Result<Step> end_epoch(EpochId epoch, std::unique_ptr<Staged>& staged, Rejects& rejects) = 0;
};

/// One sink of a pipeline, for the run. Its calls may block until the Wait is over; they come from one io actor, in the
/// order: claim, bind, then per epoch prepare → commit, or abandon; only `open` may come from another thread. A sink that
/// holds an at-least-once promise does its work in `commit` or in the writers and answers the rest with success.
/// Caller synchronises.
class Sink {
 public:
  virtual ~Sink() = default;
  /// `<kind>:<table or path>` or the `id:` given; unique in its pipeline, part of the progress's name.
  virtual const std::string& id() const = 0;
  /// False: its commits do not carry the plan (console), and the ledger's word counts for it.
  virtual bool keeps_progress() const { return true; }
  /// Takes ownership: raises the generation kept in the sink (so that an older owner finds out and is fenced), drops what
  /// an earlier owner left staged, and tells what is there. A table that does not exist yet yields generation 1 and no
  /// epoch; whoever creates it has it.
  virtual Result<Progress> claim(const Wait& wait) = 0;
  /// Tells the sink the schema of the rows it will get; fails `kUser` `schema_mismatch` if its table cannot take them.
  virtual Status bind(const Schema& schema, const Wait& wait) = 0;
  /// The largest instant in `column` of the rows that stand in it; none: it has no rows, or is not there yet. Needs a claim and no
  /// bind. Fails `kUser` `unsupported`, `bad_column` where that cannot be told.
  virtual Result<std::optional<Instant>> largest(const std::string& column, const Wait& wait);
  virtual Result<std::unique_ptr<Writer>> open(Context& context) = 0;
  /// Everything that can fail: after success only an outside fault can stop the commit.
  virtual Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>> staged, const Wait& wait) = 0;
  /// Makes the epoch visible together with its progress, atomically. Idempotent: an unknown outcome is resolved by reading
  /// back before anything is repeated. Fails with Status::fenced if another owner raised the generation.
  virtual Result<Commit> commit(const EpochPlan& plan, const Wait& wait) = 0;
  /// Drops what is staged and prepared for `epoch` and later ones.
  virtual Status abandon(EpochId epoch, const Wait& wait) = 0;
};

}  // namespace laketide
