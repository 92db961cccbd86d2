// delete_when: rows that stand for the end of the row with their key.
#pragma once

#include <memory>

#include "flow/context.h"
#include "flow/operator.h"

namespace laketide {

/// `condition`: position of the boolean column, computed with the rows, that says of each whether it is such a one; NULL says no.
/// Immutable.
struct MarkDeletesOptions {
  int condition = 0;
};

/// Takes the condition's column out and says delete in `_change` (flow/change.h) where it is true, which is added if rows have none.
std::unique_ptr<Operator> make_mark_deletes(MarkDeletesOptions options, Context& context);

}  // namespace laketide
