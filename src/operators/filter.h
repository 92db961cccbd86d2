// WHERE: the rows for which a condition is true.
#pragma once

#include <memory>
#include <vector>

#include "expr/expression.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "operators/row_place.h"

namespace laketide {

/// `condition` is boolean and resolved against `input`. A row for which it is false or NULL is dropped, one for which it cannot be
/// computed is refused. Immutable.
struct FilterOptions {
  expr::ExprPtr condition;
  Schema input;           // of the batches it gets, hidden columns behind the visible ones
  std::vector<int> keep;  // positions of the columns that are passed on, in order
  RowOrigin origin;
  /// Position of `_change` in the input, where rows change a result (-1: they are rows and no more). A delete passes as it is; an update
  /// for which the condition is not true becomes a delete, since the row it replaces may have passed.
  int change = -1;
};

std::unique_ptr<Operator> make_filter(FilterOptions options, Context& context);

}  // namespace laketide
