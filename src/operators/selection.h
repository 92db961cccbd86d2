// Some rows of a batch.
#pragma once

#include <vector>

#include "expr/evaluate.h"
#include "flow/batch.h"
#include "laketide/status.h"

namespace laketide {

/// The rows for which `condition` is true; null if there are none. A batch of which every row is taken comes back as it is.
Result<Batch> select_rows(const Batch& batch, const std::shared_ptr<arrow::Array>& condition, arrow::MemoryPool* memory);

/// The rows that `errors` does not name; null if it names all.
Result<Batch> without_rows(const Batch& batch, const expr::RowErrors& errors, arrow::MemoryPool* memory);

}  // namespace laketide
