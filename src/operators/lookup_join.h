// A join of rows with a static table, at the version that the epoch sees.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "expr/expression.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "operators/row_place.h"

namespace laketide {

/// Looks each row up in the index `index` of the table (a LookupIndex, declared in Context::tables). `keys` are resolved against `input`,
/// of the types that the index has; `condition` (null: none) against the columns `condition_columns`. NULL equals nothing. A row for which
/// a key or the condition cannot be computed is refused whole. A kept kRowColumn numbers the matches. Immutable.
///
///   kInner   the row beside each row of the table that matches
///   kLeft    the same, or once beside NULLs
///   kMark    the row once, and whether something matches
struct LookupOptions {
  enum class Kind { kInner, kLeft, kMark };
  Kind kind = Kind::kInner;
  std::string table, index;
  std::vector<expr::ExprPtr> keys;
  expr::ExprPtr condition;
  std::vector<int> condition_columns;  // as `keep`
  Schema input;
  Schema output;
  std::vector<int> keep;  // for each column of the output its position among the input's columns and, behind them, the index's; kMark: -1
  bool in = false;        // kMark: NULL as SQL's IN has it, where the row's key is NULL or no key matches and the table has a NULL
  RowOrigin origin;
  /// Position of `_change` in the input (-1: none). An update that kInner would drop becomes a delete, beside NULLs; so does a delete.
  int change = -1;
  int64_t rows_max = 4096;  // looked at for one batch; what a row has beyond them goes into the next
};

/// Fails `kInternal` if the index is not there at the version of Context::table_versions.
Result<std::unique_ptr<Operator>> make_lookup_join(LookupOptions options, Context& context);

}  // namespace laketide
