// From one SELECT's syntax to its plan.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "laketide/status.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// Columns of row numbers of which WHERE says "at most so many", by name.
using RowLimits = std::map<std::string, int64_t>;
/// Tables a query can name, by name.
using Tables = std::map<std::string, PlanPtr>;

/// The plan of `select` over `tables`, not pruned. Fails `kUser` with the place in the text and what to write instead.
/// `limits`: what the SELECT around it says of its numbered rows (ranking.h).
Result<PlanPtr> bind_select(const SelectSyntax& select, const QueryText& text, const Tables& tables, const RowLimits& limits = {});

/// The name a column without AS gets, by PostgreSQL's rules; empty if it gets none.
std::string column_name(const Syntax& value);

}  // namespace laketide::sql
