// FROM: tables, subqueries and joins.
#pragma once

#include "laketide/status.h"
#include "sql/query_text.h"
#include "sql/scope.h"
#include "sql/select_binder.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// What the expressions of a SELECT with this FROM can name. Fails `kUser` with the place and what to write instead.
Result<Scope> bind_from(const FromSyntax& from, const QueryText& text, const Tables& tables, const RowLimits& limits = {});

/// Refuses, for `what` ("a join"), rows of a static table that are no plain rows: groups of them.
Status check_static_rows(const PlanPtr& plan, const std::string& what, int at, const QueryText& text);

}  // namespace laketide::sql
