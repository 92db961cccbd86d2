// Writes one version of state.
#pragma once

#include <cstdint>

#include "base/wait.h"
#include "laketide/status.h"
#include "state/state_store.h"
#include "state/version_head.h"

namespace laketide::state {

/// Writes all of it into `file`, which is new; neither synced nor closed. `head` has a table for each of `state`. The file's checksum.
Result<uint64_t> write_version(storage::FileWriter& file, const VersionHead& head, const FrozenState& state, const Wait& wait);

}  // namespace laketide::state
