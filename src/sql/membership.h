// EXISTS (SELECT …) and x IN (SELECT …) over static tables.
#pragma once

#include <vector>

#include "sql/expression_binder.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/scope.h"
#include "sql/select_binder.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// Puts a column of a Lookup below the condition in the place of each subquery of it, so that NOT, AND, OR and CASE mean there what they
/// mean elsewhere. Confined to its task.
class Membership final : public Substitution {
 public:
  Membership(const QueryText& text, const Scope& scope, const Tables& tables) : text_(text), scope_(scope), tables_(tables), rows_(text, scope) {}

  Result<expr::ExprPtr> substitute(const Syntax& syntax) override;
  /// The rows that the condition is computed from.
  PlanPtr finish(PlanPtr rows) const;

 private:
  Result<Lookup> exists(const Syntax& syntax);
  Result<Lookup> in(const Syntax& syntax);
  Status check_static(const PlanPtr& plan, int at) const;

  const QueryText& text_;
  const Scope& scope_;
  const Tables& tables_;
  ExpressionBinder rows_;  // of what IN looks for
  std::vector<Lookup> lookups_;
};

/// Rows for which the subqueries over streams hold, and what else WHERE says.
struct JoinedRows {
  PlanPtr rows;
  std::optional<Syntax> rest;
};
/// EXISTS, NOT EXISTS and IN over streams become joins of two streams, of which rows of the left come out: those with a partner, or those
/// without. They stand between the ANDs of `where`, and need what any join of two streams needs.
Result<JoinedRows> join_members(const Syntax& where, const Scope& scope, const QueryText& text, const Tables& tables);

}  // namespace laketide::sql
