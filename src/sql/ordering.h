// ORDER BY, LIMIT, OFFSET and DISTINCT ON of one SELECT.
#pragma once

#include <string>
#include <vector>

#include "laketide/status.h"
#include "sql/expression_binder.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/select_list.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// Columns of the select list, hidden ones among them. Immutable.
struct SelectOrder {
  std::vector<std::string> distinct_on;
  std::vector<SortKey> by;
};

/// Reads both clauses as PostgreSQL does: a number is a place in the list, a name a column of the list or else of FROM. What is not in
/// the list yet is added to it. `binder`: of expressions over FROM or its groups; null: there are only the columns of a UNION.
Result<SelectOrder> select_order(const SelectSyntax& select, const QueryText& text, SelectList& list, ExpressionBinder* binder);
/// The column of the list that an item of `clause` names.
Result<std::string> order_column(const Syntax& written, std::string_view clause, const QueryText& text, SelectList& list, ExpressionBinder* binder);
/// The steps that do them, over rows that have the list's columns.
Result<PlanPtr> ordered(const SelectSyntax& select, const QueryText& text, PlanPtr rows, const SelectOrder& order);

}  // namespace laketide::sql
