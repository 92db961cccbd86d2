// Moves the rows of staged targets into their tables.
#pragma once

#include <vector>

#include "base/wait.h"
#include "laketide/status.h"
#include "sinks/postgres/connection.h"
#include "sinks/postgres/target.h"

namespace laketide::postgres {

/// Inside the open transaction: all staged targets at once; if the server refuses, the one it names is taken row by row, behind the
/// others, so that rows that refer to theirs find them. Each target's `rows` and `refused` are set. Constraints that are checked at COMMIT
/// are checked, too. Nothing to do without staged targets.
Status apply_staged(Connection& connection, std::vector<Target>& targets, const Wait& wait);

}  // namespace laketide::postgres
