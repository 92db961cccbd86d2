// A column whose values are one store each.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include <arrow/buffer.h>
#include <arrow/result.h>
#include <arrow/type_fwd.h>

#include "formats/json/cell.h"
#include "formats/json/column_plan.h"

namespace laketide::json {

/// A column in plain memory: a builder's bookkeeping per value costs as much as reading the value. Each value names its row, the one behind
/// the last that counts, and may be written again: what a record that is given up half-way has left is written over by the next. No bitmap
/// until there is a NULL. Confined to its task.
class PlainColumn {
 public:
  static bool holds(ColumnKind kind);
  PlainColumn(ColumnKind kind, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* memory);

  /// Room for `rows`.
  arrow::Status begin(int64_t rows);

  /// T: what the kind's values are in memory. Not for booleans and text.
  template <typename T>
  void set(int64_t row, T value) {
    std::memcpy(fixed_at_ + row * int64_t{sizeof value}, &value, sizeof value);
    if (validity_) mark_valid(row);
  }
  void set_boolean(int64_t row, bool value);
  bool set_null(int64_t row);
  bool set_text(int64_t row, std::string_view text);
  /// Where the text of `row` is to be written, with room for `most` bytes; then say its size.
  char* text_room(int64_t row, int64_t most) {
    const int64_t begin = text_begin(row);
    return begin + most <= text_->capacity() || make_room(begin, most) ? text_at_ + begin : nullptr;
  }
  void set_text_size(int64_t row, int64_t size) {
    const auto end = static_cast<int32_t>(text_begin(row) + size);
    std::memcpy(fixed_at_ + (row + 1) * int64_t{sizeof end}, &end, sizeof end);
    if (validity_) mark_valid(row);
  }
  bool set(int64_t row, const Cell& cell);

  /// What made the last of set_null, set_text, text_room or a cell's set answer false or null.
  const arrow::Status& failure() const { return failure_; }

  /// The first `rows`.
  arrow::Result<std::shared_ptr<arrow::Array>> finish(int64_t rows);

 private:
  int64_t text_begin(int64_t row) const {
    int32_t begin;
    std::memcpy(&begin, fixed_at_ + row * int64_t{sizeof begin}, sizeof begin);
    return begin;
  }
  int64_t fixed_bytes(int64_t rows) const;
  void mark_valid(int64_t row);
  bool make_room(int64_t begin, int64_t more);

  /// What the values are in memory.
  enum class Layout : uint8_t { kBits, kTwoBytes, kFourBytes, kSingle, kEightBytes, kText };
  static Layout layout_of(ColumnKind kind);
  static constexpr int64_t kTextFirst = 1024;

  Layout layout_;
  std::shared_ptr<arrow::DataType> type_;
  arrow::MemoryPool* memory_;
  arrow::Status failure_;
  int64_t rows_max_ = 0;
  int64_t text_expected_ = kTextFirst;
  char* fixed_at_ = nullptr;
  char* text_at_ = nullptr;
  std::shared_ptr<arrow::Buffer> validity_;
  std::shared_ptr<arrow::ResizableBuffer> fixed_;  // values, or where texts end, behind a first 0
  std::shared_ptr<arrow::ResizableBuffer> text_;
};

}  // namespace laketide::json
