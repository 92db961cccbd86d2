// Columns as values, and values as columns.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/util/bit_util.h>

#include "expr/memory_status.h"
#include "expr/type.h"

namespace laketide::expr {

/// The values of a column: numbers of a fixed width, booleans, text and bytes. Confined to its task.
template <typename T>
class Values {
 public:
  explicit Values(const arrow::Array& array) : base_(array.data()->buffers[1]->data() + array.offset() * static_cast<int64_t>(sizeof(T))) {}
  T operator[](int64_t row) const {
    T value;
    std::memcpy(&value, base_ + row * static_cast<int64_t>(sizeof(T)), sizeof(T));
    return value;
  }

 private:
  const uint8_t* base_;
};

template <>
class Values<bool> {
 public:
  explicit Values(const arrow::Array& array) : bits_(array.data()->buffers[1]->data()), offset_(array.offset()) {}
  bool operator[](int64_t row) const { return arrow::bit_util::GetBit(bits_, offset_ + row); }

 private:
  const uint8_t* bits_;
  int64_t offset_;
};

template <>
class Values<std::string_view> {
 public:
  explicit Values(const arrow::Array& array)
      : offsets_(array.data()->GetValues<int32_t>(1)),
        bytes_(array.data()->buffers[2] ? reinterpret_cast<const char*>(array.data()->buffers[2]->data()) : "") {}
  std::string_view operator[](int64_t row) const { return {bytes_ + offsets_[row], static_cast<size_t>(offsets_[row + 1] - offsets_[row])}; }

 private:
  const int32_t* offsets_;
  const char* bytes_;
};

/// A column of fixed-width values: `value(row, T& out)` answers whether the row has one. No bitmap until one has none.
template <typename T, typename Value>
arrow::Result<std::shared_ptr<arrow::Array>> fixed_column(const Type& type, int64_t rows, arrow::MemoryPool* memory, Value&& value) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values, arrow::AllocateBuffer(rows * static_cast<int64_t>(sizeof(T)), memory));
  std::shared_ptr<arrow::Buffer> valid;
  uint8_t* to = values->mutable_data();
  int64_t nulls = 0;
  for (int64_t row = 0; row < rows; ++row, to += sizeof(T)) {
    T one{};
    if (!value(row, one)) {
      if (nulls++ == 0) {
        ARROW_ASSIGN_OR_RAISE(valid, arrow::AllocateEmptyBitmap(rows, memory));
        arrow::bit_util::SetBitsTo(valid->mutable_data(), 0, rows, true);
      }
      arrow::bit_util::ClearBit(valid->mutable_data(), row);
      one = T{};
    }
    std::memcpy(to, &one, sizeof(T));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type.arrow(), rows, {std::move(valid), std::move(values)}, nulls));
}

/// A column of booleans: `value(row, bool& out)` answers whether the row has one.
template <typename Value>
arrow::Result<std::shared_ptr<arrow::Array>> boolean_column(int64_t rows, arrow::MemoryPool* memory, Value&& value) {
  arrow::TypedBufferBuilder<bool> values(memory), valid(memory);
  ARROW_RETURN_NOT_OK(values.Reserve(rows));
  ARROW_RETURN_NOT_OK(valid.Reserve(rows));
  for (int64_t row = 0; row < rows; ++row) {
    bool one = false;
    const bool has = value(row, one);
    valid.UnsafeAppend(has);
    values.UnsafeAppend(has && one);
  }
  std::shared_ptr<arrow::Buffer> value_bits, valid_bits;
  const int64_t nulls = valid.false_count();
  ARROW_RETURN_NOT_OK(values.Finish(&value_bits));
  ARROW_RETURN_NOT_OK(valid.Finish(&valid_bits));
  if (nulls == 0) valid_bits = nullptr;
  return arrow::MakeArray(arrow::ArrayData::Make(Type(TypeId::kBoolean).arrow(), rows, {std::move(valid_bits), std::move(value_bits)}, nulls));
}

/// A column of text or bytes: `value(row, std::string_view& out)` answers whether the row has one.
template <typename Value>
arrow::Result<std::shared_ptr<arrow::Array>> bytes_column(const Type& type, int64_t rows, arrow::MemoryPool* memory, Value&& value) {
  arrow::TypedBufferBuilder<int32_t> offsets(memory);
  arrow::TypedBufferBuilder<bool> valid(memory);
  arrow::BufferBuilder bytes(memory);
  ARROW_RETURN_NOT_OK(offsets.Reserve(rows + 1));
  ARROW_RETURN_NOT_OK(valid.Reserve(rows));
  offsets.UnsafeAppend(0);
  for (int64_t row = 0; row < rows; ++row) {
    std::string_view one;
    const bool has = value(row, one);
    valid.UnsafeAppend(has);
    if (has) ARROW_RETURN_NOT_OK(bytes.Append(one.data(), static_cast<int64_t>(one.size())));
    if (bytes.length() > INT32_MAX) return arrow::Status::CapacityError("a text column of one batch is over 2 GiB");
    offsets.UnsafeAppend(static_cast<int32_t>(bytes.length()));
  }
  std::shared_ptr<arrow::Buffer> valid_bits, offset_values, byte_values;
  const int64_t nulls = valid.false_count();
  ARROW_RETURN_NOT_OK(valid.Finish(&valid_bits));
  ARROW_RETURN_NOT_OK(offsets.Finish(&offset_values));
  ARROW_RETURN_NOT_OK(bytes.Finish(&byte_values));
  if (nulls == 0) valid_bits = nullptr;
  return arrow::MakeArray(
      arrow::ArrayData::Make(type.arrow(), rows, {std::move(valid_bits), std::move(offset_values), std::move(byte_values)}, nulls));
}

}  // namespace laketide::expr
