// unnest(array) in a select list.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sql/expression_binder.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/scope.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// Takes each call of unnest out of a select list and puts a column of an Unnest below the list in its place. Confined to its task.
class Unnesting final : public Substitution {
 public:
  Unnesting(const QueryText& text, const Scope& scope) : text_(text), scope_(scope), rows_(text, scope) {}

  Result<expr::ExprPtr> substitute(const Syntax& syntax) override;
  /// The rows that the list is computed from.
  PlanPtr finish(PlanPtr rows) const;

 private:
  const QueryText& text_;
  const Scope& scope_;
  ExpressionBinder rows_;  // of what stands inside unnest
  std::vector<expr::ExprPtr> arrays_;
  std::vector<std::shared_ptr<arrow::Field>> fields_;
};

}  // namespace laketide::sql
