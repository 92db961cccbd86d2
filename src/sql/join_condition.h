// A join's condition, taken apart: what two sides must have equal, and the rest.
#pragma once

#include <vector>

#include "expr/expression.h"
#include "sql/plan.h"

namespace laketide::sql {

/// Whether a condition is about `_epoch` or `_pipeline`.
bool names_epoch(const expr::Expression& condition);
/// The parts of a condition that must all be true: those that AND puts together.
std::vector<expr::ExprPtr> conjuncts_of(const expr::ExprPtr& condition);
/// All of them together; null: there are none.
expr::ExprPtr all_of(std::vector<expr::ExprPtr> conditions);

/// `left = right`, of one type that a hash table can be asked for.
struct KeyPair {
  expr::ExprPtr left, right;
};
/// What a condition says of two sides: `keys` are equal where it is true; `right_only` is about the right side alone and fails for no
/// row; `rest` is what remains.
struct JoinCondition {
  std::vector<KeyPair> keys;
  std::vector<expr::ExprPtr> right_only;
  std::vector<expr::ExprPtr> rest;
};
/// `right`: the columns of the right side; all others are the left side's.
JoinCondition split(const std::vector<expr::ExprPtr>& conditions, const arrow::Schema& right);
/// The two as one key, cast to their common type; null `left`: no hash table can compare them as SQL does.
KeyPair key_pair(const expr::ExprPtr& left, const expr::ExprPtr& right);

/// The rows of `rows` for which `condition` is true. Equalities with a table that is looked up become its keys.
PlanPtr filter_rows(const PlanPtr& rows, const expr::ExprPtr& condition);
/// Adds to a step what `condition` says of it.
void add_condition(Lookup& lookup, JoinCondition condition);

}  // namespace laketide::sql
