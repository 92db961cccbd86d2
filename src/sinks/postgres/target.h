// What one sink of a session has, and does in the transaction that is open.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/positions.h"
#include "flow/epoch.h"
#include "flow/sink.h"
#include "sinks/postgres/chunk.h"
#include "sinks/postgres/identifier.h"
#include "sinks/postgres/postgres_sink.h"
#include "sinks/postgres/staging.h"
#include "sinks/postgres/table.h"

namespace laketide::postgres {

/// Owned by the session. Caller synchronises.
struct Target {
  PostgresTarget spec;
  TableName name;
  std::shared_ptr<const BoundTable> table;
  std::optional<Staging> staging;
  std::string copy_sql;

  bool claimed = false;
  Generation generation;
  std::optional<EpochId> epoch;  // last committed
  Positions next;
  Commit last;  // of `epoch`, if this session made it

  int64_t rows = 0;
  int64_t null_keys = 0;
  int64_t deletes = 0;
  bool emptied = false;  // overwrite: what the table had is out
  std::vector<RefusedRow> refused;
  int64_t quarantined = 0;

  void clear_epoch();
  Staging::Holds holds() const { return {null_keys > 0, deletes > 0}; }
  /// False: it has the epoch already, or was added after the plan was made.
  bool takes_part(const EpochPlan& plan) const;
  /// Its own memory counts, too: the plan of a pipeline that reads less than it once did does not name all.
  Positions next_after(const EpochPlan& plan) const;
};

}  // namespace laketide::postgres
