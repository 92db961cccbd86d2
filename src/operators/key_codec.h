// Rows of key columns as strings of bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <arrow/type_fwd.h>

#include "flow/batch.h"
#include "laketide/status.h"

namespace laketide {

using Columns = std::vector<std::shared_ptr<arrow::Array>>;

/// Encoded rows, one behind the other. Confined to its task.
struct KeyRows {
  std::vector<uint8_t> bytes;
  std::vector<size_t> offsets;  // one more than rows; empty where all rows have one width
  size_t width = 0;

  std::string_view operator[](size_t row) const {
    const auto* base = reinterpret_cast<const char*>(bytes.data());
    if (offsets.empty()) return {base + row * width, width};
    return {base + offsets[row], offsets[row + 1] - offsets[row]};
  }
};

/// How one column of a row is ordered; by itself as PostgreSQL does: ascending, NULLS LAST.
struct KeyOrder {
  bool descending = false;
  bool nulls_first = false;
};

/// Writes rows of columns so that equal rows have equal bytes, and bytes compare as the rows do in SQL (ascending, NULLS LAST, text by
/// its bytes): NULL equals NULL, -0 equals 0, NaN equals NaN. Rows have one width, a multiple of 8, if no column is text or bytes.
/// Immutable.
class KeyCodec {
 public:
  /// Fails `kUser` key_type for columns that cannot be compared (lists, structs).
  static Result<KeyCodec> make(const arrow::Schema& columns);
  /// Bytes that compare as ORDER BY says (`orders`: one for each column); they are not read back.
  static Result<KeyCodec> make(const arrow::Schema& columns, std::span<const KeyOrder> orders);

  /// Width of every row; 0: rows differ, or there are no columns.
  size_t width() const { return width_; }
  bool fixed() const { return fixed_; }
  /// Replaces what `out` has.
  void encode(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, KeyRows& out) const;
  Result<Columns> decode(std::span<const std::string_view> rows, arrow::MemoryPool* memory) const;

 private:
  struct Column {
    std::shared_ptr<arrow::DataType> type;
    bool nullable;
    bool last;    // its bytes need no end
    int width;    // of the value; 0: bytes of any length
    uint8_t null_mark = 1;   // stands before the value of a nullable column: this or the other of 0 and 1
    bool inverted = false;   // every byte, so that the largest comes first
  };
  void encode_column(const Column& column, const arrow::Array& array, int64_t rows, struct KeyCursor& cursor) const;
  std::vector<Column> columns_;
  size_t width_ = 0;
  bool fixed_ = true;
};

}  // namespace laketide
