// Rows that leave a step that remembers: its columns, and what each row does to the result.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "flow/batch.h"
#include "flow/change.h"
#include "laketide/status.h"

namespace laketide {

/// The first `columns` columns of `rows`, then `extra`, then `_change`: one for each row.
Result<Batch> with_changes(const arrow::RecordBatch& rows, int columns, std::span<const Change> changes, arrow::MemoryPool* memory,
                           const std::shared_ptr<arrow::Field>& extra_field = nullptr, std::shared_ptr<arrow::Array> extra = nullptr);

}  // namespace laketide
