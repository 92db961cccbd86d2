// UNION ALL: the same rows through several chains of operators, one after the other.
#pragma once

#include <memory>
#include <vector>

#include "flow/operator.h"

namespace laketide {

/// Each branch keeps nothing from one batch to the next, and all give batches of one schema; a branch without operators gives the rows
/// as they are.
std::unique_ptr<Operator> make_branches(std::vector<std::vector<std::unique_ptr<Operator>>> branches);

}  // namespace laketide
