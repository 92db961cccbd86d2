// Columns that are arrays of a simple type.
#include <arrow/array.h>
#include <arrow/type.h>

#include <utility>

#include "sinks/postgres/cell_encoder.h"

namespace laketide::postgres {
namespace {

// Header: dimensions, has-null flag, element type; then, if not empty, size and lower bound of the one dimension.
constexpr size_t kEmptyArrayBytes = 12;
constexpr size_t kArrayHeaderBytes = 20;

template <typename ListArrayType>
class ArrayCell final : public CellEncoder {
 public:
  ArrayCell(std::unique_ptr<CellEncoder> element, uint32_t element_oid)
      : element_(std::move(element)), element_oid_(static_cast<int32_t>(element_oid)) {}

  void measure(const arrow::Array& values, size_t* sizes, RowRefusals& refusals) override {
    const auto& lists = static_cast<const ListArrayType&>(values);
    const int64_t rows = lists.length();
    first_ = rows == 0 ? 0 : lists.value_offset(0);
    elements_ = lists.values()->Slice(first_, rows == 0 ? 0 : lists.value_offset(rows) - first_);
    element_sizes_.assign(static_cast<size_t>(elements_->length()), 0);
    element_refusals_.reset(elements_->length());
    element_->measure(*elements_, element_sizes_.data(), element_refusals_);
    total_ = 0;
    for (const size_t size : element_sizes_) total_ += size;
    size_t refusal = 0;
    for (int64_t row = 0; row < rows; ++row) {
      const auto [from, to] = elements_of(lists, row);
      sizes[row] += 4;
      if (lists.IsNull(row)) continue;
      sizes[row] += from == to ? kEmptyArrayBytes : kArrayHeaderBytes;
      for (int64_t at = from; at < to; ++at) sizes[row] += element_sizes_[static_cast<size_t>(at)];
      const auto& refused = element_refusals_.list();
      while (refusal < refused.size() && refused[refusal].row < from) ++refusal;
      if (refusal < refused.size() && refused[refusal].row < to) {
        refusals.add(row, refused[refusal].code, "in an array: " + refused[refusal].reason);
      }
    }
  }

  void write(const arrow::Array& values, char* out, size_t* at) override {
    const auto& lists = static_cast<const ListArrayType&>(values);
    std::string cells(total_, '\0');
    std::vector<size_t> cell_at(element_sizes_.size());
    size_t end = 0;
    for (size_t element = 0; element < element_sizes_.size(); ++element) {
      cell_at[element] = end;
      end += element_sizes_[element];
    }
    const std::vector<size_t> cell_start = cell_at;
    element_->write(*elements_, cells.data(), cell_at.data());
    for (int64_t row = 0; row < lists.length(); ++row) {
      char* cell = out + at[row];
      at[row] += 4;
      if (lists.IsNull(row)) {
        put_big_endian<int32_t>(cell, -1);
        continue;
      }
      const auto [from, to] = elements_of(lists, row);
      const size_t start = from < to ? cell_start[static_cast<size_t>(from)] : 0;
      const size_t size = from < to ? cell_at[static_cast<size_t>(to - 1)] - start : 0;
      const size_t header = from < to ? kArrayHeaderBytes : kEmptyArrayBytes;
      put_big_endian<int32_t>(cell, static_cast<int32_t>(header + size));
      put_header(cell + 4, static_cast<int32_t>(to - from), has_null(from, to));
      std::memcpy(cell + 4 + header, cells.data() + start, size);
      at[row] += header + size;
    }
  }

 private:
  std::pair<int64_t, int64_t> elements_of(const ListArrayType& lists, int64_t row) const {
    return {lists.value_offset(row) - first_, lists.value_offset(row + 1) - first_};
  }

  bool has_null(int64_t from, int64_t to) const {
    for (int64_t at = from; at < to; ++at) {
      if (elements_->IsNull(at)) return true;
    }
    return false;
  }

  void put_header(char* out, int32_t count, bool nulls) const {
    put_big_endian<int32_t>(out, count == 0 ? 0 : 1);
    put_big_endian<int32_t>(out + 4, nulls ? 1 : 0);
    put_big_endian<int32_t>(out + 8, element_oid_);
    if (count == 0) return;
    put_big_endian<int32_t>(out + 12, count);
    put_big_endian<int32_t>(out + 16, 1);
  }

  std::unique_ptr<CellEncoder> element_;
  int32_t element_oid_;
  int64_t first_ = 0;
  std::shared_ptr<arrow::Array> elements_;
  std::vector<size_t> element_sizes_;
  size_t total_ = 0;
  RowRefusals element_refusals_;
};

}  // namespace

std::unique_ptr<CellEncoder> make_array_cell(const arrow::Field& field, const ColumnType& column) {
  const auto id = field.type()->id();
  if (column.element_oid == 0 || (id != arrow::Type::LIST && id != arrow::Type::LARGE_LIST)) return nullptr;
  const auto& item = *field.type()->field(0);
  auto element = make_fixed_cell(item, column.element_base);
  if (!element) element = make_text_cell(item, column.element_base, column.element_is_enum);
  if (!element) element = make_built_cell(item, column.element_base);
  if (!element) return nullptr;
  if (id == arrow::Type::LIST) return std::make_unique<ArrayCell<arrow::ListArray>>(std::move(element), column.element_oid);
  return std::make_unique<ArrayCell<arrow::LargeListArray>>(std::move(element), column.element_oid);
}

}  // namespace laketide::postgres
