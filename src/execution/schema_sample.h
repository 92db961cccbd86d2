// Learns the schema of a source from its first records.
#pragma once

#include "base/wait.h"
#include "execution/run_spec.h"
#include "flow/batch.h"
#include "laketide/status.h"

namespace laketide {

/// PRODUCT §4: from the first 1,000 decodable records in (partition, offset) order, or from what is there after 5 s; while
/// there is none it goes on waiting. `starts` holds the first offset of each partition. Blocks an io thread; fails
/// `cancelled` when `wait` is over.
Result<Schema> sample_schema(RunSpec& run, const RunSource& source, const Format& format, const Positions& starts, const Wait& wait);

}  // namespace laketide
