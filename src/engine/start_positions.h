// Where a source starts that has no progress: the `start` setting against what the broker has.
#pragma once

#include "base/positions.h"
#include "base/wait.h"
#include "config/start.h"
#include "flow/source.h"
#include "laketide/status.h"

namespace laketide {

/// An offset for every partition in `bounds`; those that `start` does not name start at their first record. Asks the broker for
/// times, and blocks until `wait` is over. Fails `kUser` `unknown_partition` for a partition that is named and not there.
Result<Positions> start_positions(const config::Start& start, Source& source, const PartitionBounds& bounds, const Wait& wait);

}  // namespace laketide
