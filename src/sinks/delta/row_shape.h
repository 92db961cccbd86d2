// Rows as they come, against the columns of the table they go to.
#pragma once

#include <memory>
#include <vector>

#include "flow/batch.h"
#include "laketide/status.h"

namespace laketide {

/// Says which column of the rows fills which column of the table. Immutable.
class RowShape {
 public:
  /// `rows`: the visible columns that will come. Every one must be in `table` with the type that Delta stores it as; columns of
  /// the table that do not come must be nullable. Fails `kUser` `schema_mismatch` with advice.
  static Result<RowShape> fit(const Schema& rows, const Schema& table);

  /// The columns of the table, in its order; hidden columns are left behind, missing ones are null.
  Result<Batch> apply(const Batch& batch) const;

 private:
  Schema table_;
  std::vector<int> from_;  // per column of the table: index in the rows, -1: null
};

}  // namespace laketide
