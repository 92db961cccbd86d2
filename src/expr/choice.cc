#include "expr/choice.h"

#include <algorithm>
#include <utility>

#include <arrow/array/builder_base.h>

#include "expr/rows.h"

namespace laketide::expr {
namespace {

int width_of(TypeId id) {
  switch (id) {
    case TypeId::kSmallint: return 2;
    case TypeId::kInt:
    case TypeId::kReal:
    case TypeId::kDate: return 4;
    case TypeId::kInterval:
    case TypeId::kNumeric: return 16;
    default: return 8;
  }
}

arrow::Result<std::shared_ptr<arrow::Buffer>> chosen_validity(const Call& call, std::span<const Column> columns, const Choice& choice) {
  std::vector<Validity> valid(columns.begin(), columns.end());
  return bits_of(call, [&](int64_t row) {
    const int32_t from = choice[static_cast<size_t>(row)];
    return from != kNoColumn && valid[static_cast<size_t>(from)][row];
  });
}

arrow::Result<std::shared_ptr<arrow::Buffer>> chosen_bits(const Call& call, std::span<const Column> columns, const Choice& choice) {
  std::vector<Reader<bool>> values;
  for (const Column& column : columns) values.emplace_back(column);
  return bits_of(call, [&](int64_t row) {
    const int32_t from = choice[static_cast<size_t>(row)];
    return from != kNoColumn && values[static_cast<size_t>(from)][row];
  });
}

template <int kWidth>
arrow::Result<std::shared_ptr<arrow::Buffer>> chosen_fixed(const Call& call, std::span<const Column> columns, const Choice& choice) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(call.rows * kWidth, call.memory));
  std::vector<const uint8_t*> bases;
  std::vector<int64_t> steps;
  for (const Column& column : columns) {
    bases.push_back(column.data->buffers[1]->data() + column.data->offset * kWidth);
    steps.push_back(column.constant ? 0 : kWidth);
  }
  uint8_t* to = buffer->mutable_data();
  for (int64_t row = 0; row < call.rows; ++row, to += kWidth) {
    const int32_t from = choice[static_cast<size_t>(row)];
    if (from == kNoColumn) {
      std::memset(to, 0, kWidth);
    } else {
      std::memcpy(to, bases[static_cast<size_t>(from)] + row * steps[static_cast<size_t>(from)], kWidth);
    }
  }
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Status choose_text(const Call& call, std::span<const Column> columns, const Choice& choice,
                          std::shared_ptr<arrow::Buffer> valid, Column& out) {
  std::vector<Reader<std::string_view>> values;
  for (const Column& column : columns) values.emplace_back(column);
  TextWriter text(call.memory);
  ARROW_RETURN_NOT_OK(text.reserve(call.rows, call.rows * 16));
  for (int64_t row = 0; row < call.rows; ++row) {
    if (arrow::bit_util::GetBit(valid->data(), row)) text.append(values[static_cast<size_t>(choice[static_cast<size_t>(row)])][row]);
    text.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes;
  ARROW_RETURN_NOT_OK(text.finish(offsets, bytes));
  set_result(call, {std::move(valid), std::move(offsets), std::move(bytes)}, out);
  return arrow::Status::OK();
}

arrow::Status choose_arrays(const Call& call, std::span<const Column> columns, const Choice& choice,
                            const std::shared_ptr<arrow::Buffer>& valid, Column& out) {
  ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(columns[0].data->type, call.memory));
  for (int64_t row = 0; row < call.rows; ++row) {
    if (!arrow::bit_util::GetBit(valid->data(), row)) {
      ARROW_RETURN_NOT_OK(builder->AppendNull());
      continue;
    }
    const Column& from = columns[static_cast<size_t>(choice[static_cast<size_t>(row)])];
    ARROW_RETURN_NOT_OK(builder->AppendArraySlice(arrow::ArraySpan(*from.data), from.constant ? 0 : row, 1));
  }
  out.type = call.node.type;
  return builder->FinishInternal(&out.data);
}

RowErrors chosen_errors(std::span<const Column> columns, const Choice& choice) {
  RowErrors all;
  for (size_t i = 0; i < columns.size(); ++i) {
    RowErrors own;
    std::copy_if(columns[i].errors.begin(), columns[i].errors.end(), std::back_inserter(own),
                 [&](const RowError& error) { return choice[static_cast<size_t>(error.row)] == static_cast<int32_t>(i); });
    all = merge(std::move(all), std::move(own));
  }
  return all;
}

}  // namespace

arrow::Status choose(const Call& call, std::span<const Column> columns, const Choice& choice, Column& out) {
  out.errors = merge(std::move(out.errors), chosen_errors(columns, choice));
  ARROW_ASSIGN_OR_RAISE(auto valid, chosen_validity(call, columns, choice));
  if (is_bytes(call.node.type.id)) return choose_text(call, columns, choice, std::move(valid), out);
  if (call.node.type.id == TypeId::kArray) return choose_arrays(call, columns, choice, valid, out);
  std::shared_ptr<arrow::Buffer> values;
  if (call.node.type.id == TypeId::kBoolean) {
    ARROW_ASSIGN_OR_RAISE(values, chosen_bits(call, columns, choice));
  } else {
    switch (width_of(call.node.type.id)) {
      case 2: {
        ARROW_ASSIGN_OR_RAISE(values, chosen_fixed<2>(call, columns, choice));
        break;
      }
      case 4: {
        ARROW_ASSIGN_OR_RAISE(values, chosen_fixed<4>(call, columns, choice));
        break;
      }
      case 8: {
        ARROW_ASSIGN_OR_RAISE(values, chosen_fixed<8>(call, columns, choice));
        break;
      }
      default: {
        ARROW_ASSIGN_OR_RAISE(values, chosen_fixed<16>(call, columns, choice));
      }
    }
  }
  set_result(call, {std::move(valid), std::move(values)}, out);
  return arrow::Status::OK();
}

}  // namespace laketide::expr
