// The columns that the expressions of one SELECT can name.
#pragma once

#include <string>
#include <vector>

#include "laketide/status.h"
#include "sql/plan.h"
#include "sql/query_text.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// What stands in FROM: the plan behind it, and the names it answers to. Immutable.
class Scope {
 public:
  Scope(PlanPtr plan, std::vector<std::string> names) : plan_(std::move(plan)), names_(std::move(names)) {}

  const PlanPtr& plan() const { return plan_; }
  /// A column by its name, or by table and name; pseudo-columns too. Fails sql_unknown_column with the nearest name.
  Result<expr::ExprPtr> column(const Syntax& syntax, const QueryText& text) const;
  /// Fails sql_unknown_table if `table` is none of the names.
  Status check_table(const std::string& table, int at, const QueryText& text) const;

 private:
  Status unknown(const std::string& name, int at, const QueryText& text) const;
  Result<expr::ExprPtr> pseudo_column(const std::string& name, int at, const QueryText& text) const;

  PlanPtr plan_;
  std::vector<std::string> names_;
};

}  // namespace laketide::sql
