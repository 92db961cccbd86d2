// Which columns of a query tell its rows apart.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/plan.h"

namespace laketide::sql {

/// Columns of the plan's output of whose values there is one row at a time, above the step that remembers; empty: there is one row.
/// None: nothing tells rows apart, or a row comes once and never changes.
std::optional<std::vector<std::string>> row_key(const PlanNode& plan, const PlanNode& memory);

}  // namespace laketide::sql
