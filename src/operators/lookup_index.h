// The rows of a static table by key, made once for all lanes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/expression.h"
#include "flow/batch.h"
#include "flow/static_tables.h"
#include "laketide/status.h"
#include "operators/key_index.h"

namespace laketide {

/// `keys` are resolved against the rows' schema; `columns` are what joins take of the rows. Immutable.
struct LookupIndexOptions {
  std::vector<expr::ExprPtr> keys;  // none: every row has the one key there is
  std::vector<int> columns;
  Schema rows;
};

/// Rows stand in the order of their keys' groups, so that what one key has is one stretch of them. Rows with NULL in a key are not
/// there. Immutable.
class LookupIndex final : public TableIndex {
 public:
  /// Rows [first, end) of `rows()`.
  struct Stretch {
    int64_t first = 0, end = 0;
  };

  /// Fails `kUser` static_table where a key cannot be computed, memory_exceeded.
  static Result<std::shared_ptr<const LookupIndex>> make(const LookupIndexOptions& options, const std::vector<Batch>& rows, arrow::MemoryPool* memory);

  /// The columns that were asked for.
  const arrow::RecordBatch& rows() const { return *rows_; }
  /// For each of `count` rows with these keys, what has the same; `room` and `groups` are the caller's scratch.
  void find(std::span<const std::shared_ptr<arrow::Array>> keys, int64_t count, KeyRows& room, std::vector<uint32_t>& groups, std::vector<Stretch>& found) const;
  bool has_null_key() const { return has_null_key_; }
  /// No row at all, also none with a NULL key.
  bool empty() const { return empty_; }

 private:
  LookupIndex() = default;
  Status add(const LookupIndexOptions& options, const Batch& all, arrow::MemoryPool* memory);
  Status arrange(const std::vector<uint32_t>& groups, const std::vector<bool>& is_null, const Batch& all, const LookupIndexOptions& options, arrow::MemoryPool* memory);

  std::unique_ptr<KeyIndex> index_;  // null: there are no keys
  std::vector<int64_t> starts_;      // of each group, and the end of the last
  Batch rows_;
  bool has_null_key_ = false;
  bool empty_ = true;
};

/// Whether a row has NULL in one of the columns.
bool has_null(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t row);

}  // namespace laketide
