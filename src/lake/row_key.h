// What makes a row one row: the values of its key columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "lake/value_bytes.h"
#include "laketide/status.h"

namespace laketide::lake {

/// The key of rows of a table as bytes: equal for equal keys, NULL being equal to NULL, and never for others. The empty text in a
/// partition column is NULL there, as Delta has it. Immutable.
class RowKey {
 public:
  struct Column {
    std::string name;
    int index = 0;  // in the table's schema
    ValueBytes bytes;
    bool empty_is_null = false;
  };

  /// Fails `kUser` `bad_key` where a column is not there, is named twice, or is of a type without order.
  static Result<RowKey> make(const arrow::Schema& table, const std::vector<std::string>& columns,
                             const std::vector<std::string>& partition_columns);

  const std::vector<Column>& columns() const { return columns_; }
  /// The key's columns of a batch that has the table's, for the calls below.
  arrow::ArrayVector columns_of(const arrow::RecordBatch& batch) const;
  /// Puts the key of a row at the end of `out`.
  void append(const arrow::ArrayVector& columns, int64_t row, std::string& out) const;
  /// The values of a key that `append` made, column by column, as ValueBytes has them; none: NULL.
  std::vector<std::optional<std::string_view>> split(std::string_view key) const;
  /// The same key for batches with the columns of `narrow`.
  RowKey narrowed(const arrow::Schema& narrow) const;

 private:
  std::vector<Column> columns_;
};

}  // namespace laketide::lake
