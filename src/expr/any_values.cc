#include "expr/any_values.h"

#include <arrow/array/array_nested.h>
#include <arrow/type.h>

namespace laketide::expr {

const std::vector<TypeId>& plain_types() {
  static const std::vector<TypeId> all{TypeId::kBoolean, TypeId::kSmallint, TypeId::kInt,  TypeId::kBigint,    TypeId::kNumeric,     TypeId::kReal, TypeId::kDouble, TypeId::kText,
                                       TypeId::kBytea,   TypeId::kDate,     TypeId::kTime, TypeId::kTimestamp, TypeId::kTimestamptz, TypeId::kUuid, TypeId::kJsonb};
  return all;
}

AnyValues::AnyValues(const arrow::Array& array) {
  const arrow::ArrayData& data = *array.data();
  if (array.type_id() == arrow::Type::BOOL) {
    base_ = data.buffers[1]->data();
    offset_ = array.offset();
  } else if (array.type_id() == arrow::Type::STRING || array.type_id() == arrow::Type::BINARY) {
    offsets_ = data.GetValues<int32_t>(1);
    base_ = data.buffers[2] ? data.buffers[2]->data() : reinterpret_cast<const uint8_t*>("");
  } else {
    width_ = array.type()->byte_width();
    base_ = data.buffers[1]->data() + array.offset() * width_;
  }
}

std::string_view AnyValues::operator[](int64_t row) const {
  const char* base = reinterpret_cast<const char*>(base_);
  if (width_ > 0) return {base + row * width_, static_cast<size_t>(width_)};
  if (offsets_ != nullptr) return {base + offsets_[row], static_cast<size_t>(offsets_[row + 1] - offsets_[row])};
  return arrow::bit_util::GetBit(base_, offset_ + row) ? std::string_view("\1", 1) : std::string_view("\0", 1);
}

Type list_of(const Type& type) { return Type::array(type); }

arrow::Result<std::shared_ptr<arrow::Array>> list_column(const Type& list, const std::vector<int32_t>& offsets, std::shared_ptr<arrow::Array> values,
                                                         const std::vector<bool>& valid, arrow::MemoryPool* memory) {
  const auto rows = static_cast<int64_t>(offsets.size()) - 1;
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> places, arrow::AllocateBuffer(static_cast<int64_t>(offsets.size() * sizeof(int32_t)), memory));
  std::memcpy(places->mutable_data(), offsets.data(), offsets.size() * sizeof(int32_t));
  std::shared_ptr<arrow::Buffer> bits;
  int64_t nulls = 0;
  if (!valid.empty()) {
    ARROW_ASSIGN_OR_RAISE(bits, arrow::AllocateEmptyBitmap(rows, memory));
    for (int64_t row = 0; row < rows; ++row) {
      arrow::bit_util::SetBitTo(bits->mutable_data(), row, valid[static_cast<size_t>(row)]);
      nulls += valid[static_cast<size_t>(row)] ? 0 : 1;
    }
  }
  return arrow::MakeArray(arrow::ArrayData::Make(list.arrow(), rows, {std::move(bits), std::move(places)}, {values->data()}, nulls));
}

StateLists::StateLists(const arrow::Array& array)
    : array_(array), values_(static_cast<const arrow::ListArray&>(array).values()), offsets_(static_cast<const arrow::ListArray&>(array).raw_value_offsets()) {}

}  // namespace laketide::expr
