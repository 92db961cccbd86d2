// How what an operator remembers becomes durable: the seam between operators and the store of their state.
#pragma once

#include <cstdint>
#include <memory>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::state {

using Rows = std::shared_ptr<arrow::RecordBatch>;

/// What an operator keeps from one epoch to the next, seen as a table: columns of the key first, then what is kept of that key. The
/// operator holds it in memory in whatever shape is fast; it is saved as the rows that changed, now and then as all of them. Calls
/// come from the operator's own task, between two epochs. Confined to its task.
class SavedTable {
 public:
  virtual ~SavedTable() = default;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  /// So many columns of the schema, from the first, are the key.
  virtual int key_columns() const = 0;
  virtual int64_t rows() const = 0;
  /// In memory, with everything that belongs to it.
  virtual int64_t bytes() const = 0;
  /// Copies of the rows that are new or changed since the last `changed` or `all` gave null, some at a time; null: no more. Starting
  /// over begins with the changes since then.
  virtual Result<Rows> changed() = 0;
  /// The same for keys that are no longer there: key columns only. Asked after `changed`.
  virtual Result<Rows> removed() = 0;
  /// Copies of all rows, some at a time; null: no more, and nothing counts as changed or removed any longer.
  virtual Result<Rows> all() = 0;
  /// Puts rows back, in place of those with the same keys; before the first epoch only. They do not count as changed.
  virtual Status restore(const Rows& rows) = 0;
  /// Takes keys away again, also such as are not there: key columns only. They do not count as removed.
  virtual Status restore_removed(const Rows& keys) = 0;
};

}  // namespace laketide::state
