#include "formats/json/plain_column.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <arrow/array/data.h>
#include <arrow/array/util.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

namespace laketide::json {

bool PlainColumn::holds(ColumnKind kind) { return kind != ColumnKind::kNumeric && kind != ColumnKind::kList && kind != ColumnKind::kStruct; }

PlainColumn::Layout PlainColumn::layout_of(ColumnKind kind) {
  switch (kind) {
    case ColumnKind::kBoolean: return Layout::kBits;
    case ColumnKind::kSmallint: return Layout::kTwoBytes;
    case ColumnKind::kInt:
    case ColumnKind::kDate: return Layout::kFourBytes;
    case ColumnKind::kReal: return Layout::kSingle;
    case ColumnKind::kBigint:
    case ColumnKind::kDouble:
    case ColumnKind::kTime:
    case ColumnKind::kTimestamp:
    case ColumnKind::kTimestamptz: return Layout::kEightBytes;
    default: return Layout::kText;
  }
}

PlainColumn::PlainColumn(ColumnKind kind, std::shared_ptr<arrow::DataType> type, arrow::MemoryPool* memory)
    : layout_(layout_of(kind)), type_(std::move(type)), memory_(memory) {}

int64_t PlainColumn::fixed_bytes(int64_t rows) const {
  switch (layout_) {
    case Layout::kBits: return arrow::bit_util::BytesForBits(rows);
    case Layout::kTwoBytes: return rows * 2;
    case Layout::kEightBytes: return rows * 8;
    case Layout::kText: return (rows + 1) * int64_t{sizeof(int32_t)};
    default: return rows * 4;
  }
}

arrow::Status PlainColumn::begin(int64_t rows) {
  rows_max_ = rows;
  validity_.reset();
  ARROW_ASSIGN_OR_RAISE(fixed_, arrow::AllocateResizableBuffer(fixed_bytes(rows), memory_));
  fixed_at_ = reinterpret_cast<char*>(fixed_->mutable_data());
  if (layout_ == Layout::kBits) std::memset(fixed_at_, 0, static_cast<size_t>(fixed_->size()));
  if (layout_ != Layout::kText) return arrow::Status::OK();
  set<int32_t>(0, 0);
  ARROW_ASSIGN_OR_RAISE(text_, arrow::AllocateResizableBuffer(text_expected_, memory_));
  text_at_ = reinterpret_cast<char*>(text_->mutable_data());
  return arrow::Status::OK();
}

void PlainColumn::set_boolean(int64_t row, bool value) {
  arrow::bit_util::SetBitTo(reinterpret_cast<uint8_t*>(fixed_at_), row, value);
  if (validity_) mark_valid(row);
}

void PlainColumn::mark_valid(int64_t row) { arrow::bit_util::SetBit(validity_->mutable_data(), row); }

bool PlainColumn::set_null(int64_t row) {
  if (!validity_) {
    auto bits = arrow::AllocateEmptyBitmap(rows_max_, memory_);
    if (!bits.ok()) {
      failure_ = bits.status();
      return false;
    }
    validity_ = std::move(bits).ValueUnsafe();
    arrow::bit_util::SetBitsTo(validity_->mutable_data(), 0, rows_max_, true);
  }
  switch (layout_) {
    case Layout::kBits: set_boolean(row, false); break;
    case Layout::kTwoBytes: set<int16_t>(row, 0); break;
    case Layout::kFourBytes:
    case Layout::kSingle: set<int32_t>(row, 0); break;
    case Layout::kEightBytes: set<int64_t>(row, 0); break;
    case Layout::kText: set_text_size(row, 0); break;
  }
  arrow::bit_util::ClearBit(validity_->mutable_data(), row);
  return true;
}

bool PlainColumn::set_text(int64_t row, std::string_view text) {
  char* const to = text_room(row, static_cast<int64_t>(text.size()));
  if (to == nullptr) return false;
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  set_text_size(row, static_cast<int64_t>(text.size()));
  return true;
}

bool PlainColumn::make_room(int64_t begin, int64_t more) {
  if (begin + more > std::numeric_limits<int32_t>::max()) {
    failure_ = arrow::Status::CapacityError("the text of one batch is longer than 2 GiB");
    return false;
  }
  failure_ = text_->Reserve(std::max(2 * text_->capacity(), begin + more));
  text_at_ = reinterpret_cast<char*>(text_->mutable_data());
  return failure_.ok();
}

bool PlainColumn::set(int64_t row, const Cell& cell) {
  if (!cell.is_set) return set_null(row);
  switch (layout_) {
    case Layout::kBits: set_boolean(row, cell.integer != 0); break;
    case Layout::kTwoBytes: set(row, static_cast<int16_t>(cell.integer)); break;
    case Layout::kFourBytes: set(row, static_cast<int32_t>(cell.integer)); break;
    case Layout::kSingle: set(row, static_cast<float>(cell.real)); break;
    case Layout::kEightBytes: set(row, cell.integer); break;  // or a double: either way these are its bytes
    case Layout::kText: return set_text(row, cell.bytes.view());
  }
  return true;
}

arrow::Result<std::shared_ptr<arrow::Array>> PlainColumn::finish(int64_t rows) {
  ARROW_RETURN_NOT_OK(fixed_->Resize(fixed_bytes(rows), /*shrink_to_fit=*/false));
  fixed_->ZeroPadding();
  const int64_t nulls = validity_ ? rows - arrow::internal::CountSetBits(validity_->data(), 0, rows) : 0;
  if (nulls == 0) validity_.reset();
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{std::move(validity_), std::move(fixed_)};
  if (layout_ == Layout::kText) {
    const int64_t size = text_begin(rows);
    ARROW_RETURN_NOT_OK(text_->Resize(size, /*shrink_to_fit=*/false));
    text_->ZeroPadding();
    text_expected_ = size + size / 8 + kTextFirst;  // the next batch is as this one, most often
    buffers.push_back(std::move(text_));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type_, rows, std::move(buffers), nulls));
}

}  // namespace laketide::json
