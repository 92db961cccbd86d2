// The schema that a source's records are decoded by.
#pragma once

#include <optional>

#include "base/wait.h"
#include "execution/run_spec.h"
#include "flow/epoch.h"
#include "ledger/ledger.h"

namespace laketide {

/// Where a source stood when its run began. Immutable.
struct SourceStanding {
  const PartitionBounds& bounds;          // of all sources
  const Positions& positions;
  const std::optional<EpochPlan>& plan;   // the newest that is known
};

/// A declared schema is what the document says today. An inferred one is learnt once and then held: the ledger has it, and so has the
/// plan in the sinks, should the ledger be lost. Fails `kUser` schema_needed if there is nothing to learn from and the query names
/// columns; waits for records otherwise.
Result<Schema> find_schema(RunSpec& run, const RunSource& source, const SourceStanding& standing, Ledger& ledger, const Wait& wait);

}  // namespace laketide
