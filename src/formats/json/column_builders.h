// Cells in, Arrow columns out.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "flow/batch.h"
#include "formats/json/cell.h"
#include "formats/json/column_plan.h"
#include "laketide/status.h"

namespace laketide::json {

/// Builds the columns of one batch after another. Confined to its task.
class ColumnBuilders {
 public:
  ColumnBuilders(const Schema& schema, const std::vector<Column>& columns, arrow::MemoryPool* memory);
  ~ColumnBuilders();

  /// Begins a batch of at most `rows`.
  Status begin(int64_t rows);
  /// Appends one row: a cell for each column, in order.
  Status append(std::span<const Cell> cells, const std::vector<Cell>& elements);
  /// The columns; call begin before the next batch.
  Result<std::vector<std::shared_ptr<arrow::Array>>> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace laketide::json
