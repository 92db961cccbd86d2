// How kernels read their arguments and write their results.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_generate.h>

#include "expr/column.h"
#include "expr/function.h"

namespace laketide::expr {

using Text = std::string_view;

/// Values of a fixed width; a constant answers the same for every row. Confined to its task.
template <typename T>
class Reader {
 public:
  explicit Reader(const Column& column)
      : base_(column.data->buffers[1]->data() + column.data->offset * static_cast<int64_t>(sizeof(T))),
        step_(column.constant ? 0 : static_cast<int64_t>(sizeof(T))) {}
  T operator[](int64_t row) const {
    T value;
    std::memcpy(&value, base_ + row * step_, sizeof(T));
    return value;
  }

 private:
  const uint8_t* base_;
  int64_t step_;
};

/// Booleans. Confined to its task.
template <>
class Reader<bool> {
 public:
  explicit Reader(const Column& column)
      : bits_(column.data->buffers[1]->data()), offset_(column.data->offset), step_(column.constant ? 0 : 1) {}
  bool operator[](int64_t row) const { return arrow::bit_util::GetBit(bits_, offset_ + row * step_); }

 private:
  const uint8_t* bits_;
  int64_t offset_, step_;
};

/// Text and bytes. Confined to its task.
template <>
class Reader<std::string_view> {
 public:
  explicit Reader(const Column& column)
      : offsets_(column.data->GetValues<int32_t>(1)),
        bytes_(column.data->buffers[2] ? reinterpret_cast<const char*>(column.data->buffers[2]->data()) : ""),
        step_(column.constant ? 0 : 1) {}
  std::string_view operator[](int64_t row) const {
    const int32_t* at = offsets_ + row * step_;
    return {bytes_ + at[0], static_cast<size_t>(at[1] - at[0])};
  }

 private:
  const int32_t* offsets_;
  const char* bytes_;
  int64_t step_;
};

/// Which rows are not NULL. Confined to its task.
class Validity {
 public:
  explicit Validity(const Column& column)
      : bits_(column.data->MayHaveNulls() && column.data->buffers[0] ? column.data->buffers[0]->data() : nullptr),
        offset_(column.data->offset),
        step_(column.constant ? 0 : 1) {}
  bool operator[](int64_t row) const { return bits_ == nullptr || arrow::bit_util::GetBit(bits_, offset_ + row * step_); }
  bool all() const { return bits_ == nullptr; }

 private:
  const uint8_t* bits_;
  int64_t offset_, step_;
};

/// Collects text values row by row. Confined to its task.
class TextWriter {
 public:
  explicit TextWriter(arrow::MemoryPool* memory) : offsets_(memory), bytes_(memory) {}
  arrow::Status reserve(int64_t rows, int64_t bytes) {
    ARROW_RETURN_NOT_OK(offsets_.Reserve(rows + 1));
    ARROW_RETURN_NOT_OK(bytes_.Reserve(bytes));
    offsets_.UnsafeAppend(0);
    return arrow::Status::OK();
  }
  /// Adds to the row that is being written.
  void append(std::string_view text) { failed_ &= bytes_.Append(text.data(), static_cast<int64_t>(text.size())); }
  void append(char c) { append(std::string_view(&c, 1)); }
  /// Drops what was added since the last end_row.
  void rewind() { bytes_.Rewind(end_); }
  void end_row() {
    end_ = bytes_.length();
    offsets_.UnsafeAppend(static_cast<int32_t>(end_));
  }
  /// As end_row, beyond what was reserved.
  arrow::Status end_element() {
    end_ = bytes_.length();
    return offsets_.Append(static_cast<int32_t>(end_));
  }
  int64_t length() const { return bytes_.length(); }
  arrow::Status finish(std::shared_ptr<arrow::Buffer>& offsets, std::shared_ptr<arrow::Buffer>& bytes) {
    ARROW_RETURN_NOT_OK(failed_);
    if (bytes_.length() > INT32_MAX) return arrow::Status::CapacityError("a text column of one batch is over 2 GiB");
    ARROW_RETURN_NOT_OK(offsets_.Finish(&offsets));
    return bytes_.Finish(&bytes);
  }

 private:
  arrow::TypedBufferBuilder<int32_t> offsets_;
  arrow::BufferBuilder bytes_;
  int64_t end_ = 0;
  arrow::Status failed_;
};

/// Rows that all arguments have a value for, as a bitmap with offset 0; null: all of them.
arrow::Result<std::shared_ptr<arrow::Buffer>> valid_in_all(const Call& call, std::span<const Column> args);
/// The errors of all arguments, the first argument's first.
RowErrors errors_of(std::span<const Column> args);
/// A bitmap of `rows` bits, all 0.
arrow::Result<std::shared_ptr<arrow::Buffer>> zero_bits(const Call& call);
/// Bits that `bit(row)` gives.
template <typename Bit>
arrow::Result<std::shared_ptr<arrow::Buffer>> bits_of(const Call& call, const Bit& bit) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, zero_bits(call));
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(buffer->mutable_data(), 0, call.rows, [&] { return bit(row++); });
  return buffer;
}
/// Puts buffers into `out` as the result of `call`.
void set_result(const Call& call, std::vector<std::shared_ptr<arrow::Buffer>> buffers, Column& out);

}  // namespace laketide::expr
