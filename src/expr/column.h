// A column on its way through an expression.
#pragma once

#include <memory>

#include <arrow/array/data.h>

#include "expr/row_error.h"
#include "expr/type.h"

namespace laketide::expr {

/// The values of one expression for the rows of one batch, in Arrow's layout; `constant`: one value stands for every row.
/// Where `errors` names a row, its value means nothing, but can be read. Confined to its task.
struct Column {
  Type type;
  std::shared_ptr<arrow::ArrayData> data;
  bool constant = false;
  RowErrors errors;
};

}  // namespace laketide::expr
