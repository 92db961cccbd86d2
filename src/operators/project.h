// The select list: new columns out of a row's columns.
#pragma once

#include <memory>
#include <vector>

#include "expr/expression.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "operators/row_place.h"

namespace laketide {

/// Expressions are resolved against `input`. A row for which one of them cannot be computed is refused, with the first such
/// expression as its reason. Hidden columns of the input, which stand at `input_visible` and behind, follow the new ones untouched.
/// Immutable.
struct ProjectOptions {
  std::vector<expr::ExprPtr> expressions;
  Schema input;
  int input_visible = 0;
  Schema output;  // one field for each expression, then the hidden columns
  RowOrigin origin;
  /// Position of `_change` in the input (-1: not there): of a delete only the key counts, so that none is refused for its other columns.
  int change = -1;
};

std::unique_ptr<Operator> make_project(ProjectOptions options, Context& context);

}  // namespace laketide
