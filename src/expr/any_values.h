// Values of any type as their bytes, for aggregates that keep values and do not look into them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "expr/aggregate_rows.h"

namespace laketide::expr {

/// Types of which AnyValues knows the bytes: all but lists and structs.
const std::vector<TypeId>& plain_types();

/// The bytes of a column's values: a number as the machine holds it, a boolean as one byte, text as it is. Views live as long as the
/// array. Confined to its task.
class AnyValues {
 public:
  explicit AnyValues(const arrow::Array& array);
  /// Of a row that is not NULL.
  std::string_view operator[](int64_t row) const;

 private:
  const uint8_t* base_ = nullptr;     // values, bits or text
  const int32_t* offsets_ = nullptr;  // of text
  int64_t width_ = 0;                 // of numbers; 0: booleans or text
  int64_t offset_ = 0;                // of the array, in bits
};

/// The reverse: a column of `type`; `value(row, std::string_view& out)` answers whether the row has one.
template <typename Value>
arrow::Result<std::shared_ptr<arrow::Array>> any_column(const Type& type, int64_t rows, arrow::MemoryPool* memory, Value&& value) {
  if (is_bytes(type.id)) return bytes_column(type, rows, memory, value);
  std::string_view bytes;
  const auto copied = [&](int64_t row, auto& out) {
    if (!value(row, bytes)) return false;
    std::memcpy(&out, bytes.data(), sizeof out);
    return true;
  };
  switch (type.id) {
    case TypeId::kBoolean: return boolean_column(rows, memory, copied);
    case TypeId::kSmallint: return fixed_column<int16_t>(type, rows, memory, copied);
    case TypeId::kInt:
    case TypeId::kReal:
    case TypeId::kDate: return fixed_column<int32_t>(type, rows, memory, copied);
    case TypeId::kNumeric: return fixed_column<Int128>(type, rows, memory, copied);
    default: return fixed_column<int64_t>(type, rows, memory, copied);
  }
}

/// A list of values of this type.
Type list_of(const Type& type);
/// The lists [offsets[i], offsets[i + 1]) of `values`; rows of which `valid` is false are NULL (empty: none is).
arrow::Result<std::shared_ptr<arrow::Array>> list_column(const Type& list, const std::vector<int32_t>& offsets, std::shared_ptr<arrow::Array> values,
                                                         const std::vector<bool>& valid, arrow::MemoryPool* memory);

/// The lists of a column. Confined to its task.
class StateLists {
 public:
  explicit StateLists(const arrow::Array& array);
  const arrow::Array& values() const { return *values_; }
  const std::shared_ptr<arrow::Array>& shared_values() const { return values_; }
  bool null(int64_t row) const { return array_.IsNull(row); }
  int64_t begin(int64_t row) const { return offsets_[row]; }
  int64_t end(int64_t row) const { return offsets_[row + 1]; }

 private:
  const arrow::Array& array_;
  std::shared_ptr<arrow::Array> values_;
  const int32_t* offsets_;
};

}  // namespace laketide::expr
