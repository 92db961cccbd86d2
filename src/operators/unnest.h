// unnest(array) in the select list: a row becomes as many rows as its array has elements.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "expr/expression.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "operators/row_place.h"

namespace laketide {

/// `arrays` are resolved against `input`. Several go side by side: a row becomes as many rows as its longest array has elements, the
/// shorter ones give NULL where they have none; a row whose arrays are all empty or NULL becomes none (PostgreSQL's rules). A row for
/// which an array cannot be computed is refused. A kept kRowColumn numbers the elements. The select list stands behind it, in a Project that names the elements as columns.
/// Immutable.
struct UnnestOptions {
  std::vector<expr::ExprPtr> arrays;
  Schema input;
  std::vector<int> keep;  // positions of the input's columns that are repeated, hidden ones last
  Schema output;          // one field for each array, of its elements; then the kept columns
  RowOrigin origin;
  int64_t rows_max = 4096;  // of one batch; what a row has beyond them goes into the next
};

std::unique_ptr<Operator> make_unnest(UnnestOptions options, Context& context);

}  // namespace laketide
