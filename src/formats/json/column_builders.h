// Cells in, Arrow columns out.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "flow/batch.h"
#include "formats/json/cell.h"
#include "formats/json/column_plan.h"
#include "formats/json/plain_column.h"
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
  /// The columns, if a row can be written into them without cells, else none; they live as long as this. Who has written all of row
  /// `rows()` into them appends it by keep_row.
  std::vector<PlainColumn*> plain_columns() const;
  int64_t rows() const { return rows_; }
  void keep_row() { ++rows_; }
  /// The columns; call begin before the next batch.
  Result<std::vector<std::shared_ptr<arrow::Array>>> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
  int64_t rows_ = 0;
};

}  // namespace laketide::json
