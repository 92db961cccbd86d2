// From one SELECT's syntax to its plan.
#pragma once

#include <map>
#include <string>

#include "laketide/status.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// Tables a query can name, by name.
using Tables = std::map<std::string, PlanPtr>;

/// The plan of `select` over `tables`, not pruned. Fails `kUser` with the place in the text and what to write instead.
Result<PlanPtr> bind_select(const SelectSyntax& select, const QueryText& text, const Tables& tables);

/// The name a column without AS gets, by PostgreSQL's rules; empty if it gets none.
std::string column_name(const Syntax& value);

}  // namespace laketide::sql
