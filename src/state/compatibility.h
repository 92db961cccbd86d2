// Whether a query can go on with the state that another wrote.
#pragma once

#include <string>

#include "laketide/status.h"
#include "state/state_store.h"
#include "state/version_head.h"

namespace laketide::state {

/// Success, or `kUser` `state_incompatible` with the table, key or column in which `head` differs from `shape` and `tables`.
Status check_compatible(const VersionHead& head, const std::string& shape, const StateTables& tables);

}  // namespace laketide::state
