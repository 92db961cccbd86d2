#include "expr/rows.h"

#include <utility>

#include <arrow/util/bitmap_ops.h>

namespace laketide::expr {

arrow::Result<std::shared_ptr<arrow::Buffer>> zero_bits(const Call& call) {
  ARROW_ASSIGN_OR_RAISE(auto bits, arrow::AllocateBuffer(arrow::bit_util::BytesForBits(call.rows), call.memory));
  std::memset(bits->mutable_data(), 0, static_cast<size_t>(bits->size()));
  return std::shared_ptr<arrow::Buffer>(std::move(bits));
}

arrow::Result<std::shared_ptr<arrow::Buffer>> valid_in_all(const Call& call, std::span<const Column> args) {
  std::shared_ptr<arrow::Buffer> valid;
  for (const Column& arg : args) {
    if (arg.data->GetNullCount() == 0) continue;
    if (arg.constant) return zero_bits(call);
    const uint8_t* bits = arg.data->buffers[0]->data();
    if (valid) {
      ARROW_ASSIGN_OR_RAISE(valid, arrow::internal::BitmapAnd(call.memory, valid->data(), 0, bits, arg.data->offset, call.rows, 0));
    } else if (arg.data->offset == 0) {
      valid = arg.data->buffers[0];
    } else {
      ARROW_ASSIGN_OR_RAISE(valid, arrow::internal::CopyBitmap(call.memory, bits, arg.data->offset, call.rows));
    }
  }
  return valid;
}

RowErrors errors_of(std::span<const Column> args) {
  RowErrors all;
  for (const Column& arg : args) {
    if (!arg.errors.empty()) all = merge(std::move(all), arg.errors);
  }
  return all;
}

void set_result(const Call& call, std::vector<std::shared_ptr<arrow::Buffer>> buffers, Column& out) {
  const int64_t nulls = buffers.front() ? arrow::kUnknownNullCount : 0;
  out.type = call.node.type;
  out.data = arrow::ArrayData::Make(call.node.type.arrow(), call.rows, std::move(buffers), nulls);
}

}  // namespace laketide::expr
