// Expressions computed over the rows of a batch.
#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/clock.h"
#include "expr/expression.h"
#include "expr/row_error.h"
#include "laketide/status.h"

namespace laketide::expr {

/// One value a row in `values`; rows named in `errors` have none. Confined to its task.
struct Evaluated {
  std::shared_ptr<arrow::Array> values;
  RowErrors errors;
};

/// Computes resolved expressions over all rows of `batch`. A row's failure is in the answer; the call itself fails only for
/// lack of memory (`kUser` memory_exceeded). A plain column is passed on without a copy. `now`: of the epoch.
Result<std::vector<Evaluated>> evaluate(const std::vector<ExprPtr>& expressions, const arrow::RecordBatch& batch, arrow::MemoryPool* memory, Instant now = {});

/// A constant call's value as a constant; a call that is not one yet (now) as it is. Fails `kUser` with PostgreSQL's code where it has none ("division by zero").
Result<ExprPtr> fold(const ExprPtr& node);

}  // namespace laketide::expr
