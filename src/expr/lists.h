// How kernels read arrays, and write them.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include <arrow/type.h>

#include "expr/cast.h"
#include "expr/rows.h"

namespace laketide::expr {

/// The arrays of a column: row r has the elements [begin(r), end(r)) of `values`. Confined to its task.
class Lists {
 public:
  explicit Lists(const Column& column)
      : valid(column),
        element(*column.type.element),
        values(column.data->child_data[0]),
        offsets_(column.data->GetValues<int32_t>(1)),
        step_(column.constant ? 0 : 1),
        rows_(column.data->length) {}
  int64_t begin(int64_t row) const { return offsets_[row * step_]; }
  int64_t end(int64_t row) const { return offsets_[row * step_ + 1]; }
  int64_t size(int64_t row) const { return end(row) - begin(row); }
  /// The elements of all rows of the column, as a column of their own; row r's begin at begin(r) - first().
  int64_t first() const { return rows_ == 0 ? 0 : offsets_[0]; }
  Column elements() const {
    return Column{element, values->Slice(first(), rows_ == 0 ? 0 : offsets_[rows_] - first()), false, {}};
  }

  const Validity valid;
  const Type& element;
  const std::shared_ptr<arrow::ArrayData> values;

 private:
  const int32_t* offsets_;
  int64_t step_, rows_;
};

/// Elements as values of another type, by the conversion that `cast` found to exist. Errors name elements, and `call`'s node.
inline arrow::Result<Column> convert_elements(const Call& call, const Column& elements, const Type& to) {
  if (elements.type == to) return elements;
  const Function* const conversion = find_cast(elements.type.id, to.id);
  if (conversion == nullptr) return arrow::Status::Invalid("no conversion from ", elements.type.name(), " to ", to.name());
  Expression node;
  node.kind = Expression::Kind::kCall;
  node.type = to;
  node.function = conversion;
  Column out;
  ARROW_RETURN_NOT_OK(conversion->kernel(Call{node, elements.data->length, call.memory}, std::span<const Column>(&elements, 1), out));
  for (RowError& error : out.errors) error.where = &call.node;
  return out;
}

/// The elements' texts as arrays show them: a boolean is t or f.
arrow::Result<Column> element_texts(const Call& call, const Lists& lists);

/// Puts an array for each row into `out`: offsets of `call.rows` + 1 numbers into `values`. `valid` may be null.
inline void set_lists(const Call& call, std::shared_ptr<arrow::Buffer> valid, std::shared_ptr<arrow::Buffer> offsets,
                      std::shared_ptr<arrow::ArrayData> values, Column& out) {
  const int64_t nulls = valid ? arrow::kUnknownNullCount : 0;
  out.type = call.node.type;
  // Not the type's own: an array that came from a batch has elements of another name.
  const auto type = arrow::list(out.type.element->field("item", true));
  out.data = arrow::ArrayData::Make(type, call.rows, {std::move(valid), std::move(offsets)}, {std::move(values)}, nulls);
  out.type.other = nullptr;
}

}  // namespace laketide::expr
