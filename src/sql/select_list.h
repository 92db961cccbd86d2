// The columns of one SELECT while they are put together.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "expr/expression.h"
#include "laketide/status.h"
#include "sql/plan.h"
#include "sql/query_text.h"

namespace laketide::sql {

/// What the query names, and behind it columns that ORDER BY and the like need and nobody sees. Confined to its task.
struct SelectList {
  std::vector<expr::ExprPtr> expressions;
  std::vector<std::shared_ptr<arrow::Field>> fields;
  std::set<std::string> names;
  size_t hidden = 0;  // the last so many

  /// Fails sql_name for a name that is taken, here or by what rows carry with them.
  Status add(expr::ExprPtr expression, std::shared_ptr<arrow::Field> field, int at, const QueryText& text);
  /// Answers its name.
  std::string add_hidden(expr::ExprPtr expression);
  bool all_visible() const { return hidden == 0; }
  size_t visible() const { return fields.size() - hidden; }
  /// The rows of `plan` with the columns that the query names, and no others.
  PlanPtr visible_of(PlanPtr plan) const;
};

/// A column of a plan's output.
expr::ExprPtr column_of(const arrow::Field& field, expr::Place place = {});

}  // namespace laketide::sql
