// Kernels of strict functions: NULL where any argument is NULL, computed value by value otherwise.
#pragma once

#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <arrow/util/bitmap_generate.h>

#include "expr/rows.h"
#include "expr/utf8.h"

namespace laketide::expr {

/// An operation is a functor `ErrorCode operator()(In…, Out& out) const` for values of fixed width and booleans, and
/// `ErrorCode operator()(In…, TextWriter& out) const` for text. It sets `out` on every path, also from arguments that mean
/// nothing (under a NULL or an error). One that needs the call (digits, types) has a constructor from it and the arguments.
template <typename Op>
Op make_operation(const Call& call, std::span<const Column> args) {
  if constexpr (std::is_constructible_v<Op, const Call&, std::span<const Column>>) {
    return Op(call, args);
  } else {
    return Op{};
  }
}

template <typename T>
std::optional<std::string> failed_text(const T& value) {
  if constexpr (std::is_same_v<T, std::string_view>) {
    constexpr int64_t kShown = 64;
    return std::string(value.substr(0, byte_of_character(value, kShown)));
  } else {
    return std::nullopt;
  }
}

/// Notes row after row what the operation could not compute, unless the row is NULL anyway. Confined to its task.
class Failures {
 public:
  Failures(const Call& call, std::span<const Column> args, const std::shared_ptr<arrow::Buffer>& valid)
      : node_(&call.node), readable_(args[0].type.id != TypeId::kBytea), valid_(valid ? valid->data() : nullptr) {}
  template <typename First>
  void add(int64_t row, ErrorCode code, const First& value) {
    if (valid_ != nullptr && !arrow::bit_util::GetBit(valid_, row)) return;
    errors_.push_back({row, code, node_, readable_ ? failed_text(value) : std::nullopt});
  }
  /// Arguments' errors come before the operation's own.
  RowErrors take(std::span<const Column> args) { return merge(errors_of(args), std::move(errors_)); }

 private:
  const Expression* node_;
  bool readable_;  // a reason is text; bytes that are none stay out of it
  const uint8_t* valid_;
  RowErrors errors_;
};

template <typename Out, typename Op, typename... In, size_t... I>
arrow::Result<std::shared_ptr<arrow::Buffer>> map_fixed(const Call& call, const Op& op, Failures& failures, std::tuple<Reader<In>...> in,
                                                        std::index_sequence<I...>) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(call.rows * static_cast<int64_t>(sizeof(Out)), call.memory));
  auto* to = reinterpret_cast<Out*>(buffer->mutable_data());
  for (int64_t row = 0; row < call.rows; ++row) {
    Out value;
    if (const ErrorCode code = op(std::get<I>(in)[row]..., value); code != ErrorCode::kNone) [[unlikely]] {
      failures.add(row, code, std::get<0>(in)[row]);
    }
    std::memcpy(to + row, &value, sizeof(Out));
  }
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

template <typename Op, typename... In, size_t... I>
arrow::Result<std::shared_ptr<arrow::Buffer>> map_bits(const Call& call, const Op& op, Failures& failures, std::tuple<Reader<In>...> in,
                                                       std::index_sequence<I...>) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, zero_bits(call));
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(buffer->mutable_data(), 0, call.rows, [&] {
    bool value = false;
    if (const ErrorCode code = op(std::get<I>(in)[row]..., value); code != ErrorCode::kNone) [[unlikely]] {
      failures.add(row, code, std::get<0>(in)[row]);
    }
    ++row;
    return value;
  });
  return buffer;
}

// NULL rows are passed over here: text is worth the test.
template <typename Op, typename... In, size_t... I>
arrow::Status map_text(const Call& call, const Op& op, Failures& failures, const std::shared_ptr<arrow::Buffer>& valid,
                       std::tuple<Reader<In>...> in, std::index_sequence<I...>, TextWriter& to) {
  ARROW_RETURN_NOT_OK(to.reserve(call.rows, call.rows * 16));
  for (int64_t row = 0; row < call.rows; ++row) {
    if (!valid || arrow::bit_util::GetBit(valid->data(), row)) {
      if (const ErrorCode code = op(std::get<I>(in)[row]..., to); code != ErrorCode::kNone) [[unlikely]] {
        failures.add(row, code, std::get<0>(in)[row]);
        to.rewind();
      }
    }
    to.end_row();
  }
  return arrow::Status::OK();
}

/// The kernel of `Op` from values of types In… to Out (std::string_view: text or bytes, bool: boolean).
template <typename Op, typename Out, typename... In>
arrow::Status strict(const Call& call, std::span<const Column> args, Column& out) {
  const auto index = std::index_sequence_for<In...>();
  const auto readers = [&]<size_t... I>(std::index_sequence<I...>) { return std::tuple<Reader<In>...>(Reader<In>(args[I])...); }(index);
  const Op op = make_operation<Op>(call, args);
  ARROW_ASSIGN_OR_RAISE(auto valid, valid_in_all(call, args));
  Failures failures(call, args, valid);
  if constexpr (std::is_same_v<Out, std::string_view>) {
    TextWriter text(call.memory);
    ARROW_RETURN_NOT_OK(map_text(call, op, failures, valid, readers, index, text));
    std::shared_ptr<arrow::Buffer> offsets, bytes;
    ARROW_RETURN_NOT_OK(text.finish(offsets, bytes));
    set_result(call, {std::move(valid), std::move(offsets), std::move(bytes)}, out);
  } else if constexpr (std::is_same_v<Out, bool>) {
    ARROW_ASSIGN_OR_RAISE(auto bits, map_bits(call, op, failures, readers, index));
    set_result(call, {std::move(valid), std::move(bits)}, out);
  } else {
    ARROW_ASSIGN_OR_RAISE(auto values, map_fixed<Out>(call, op, failures, readers, index));
    set_result(call, {std::move(valid), std::move(values)}, out);
  }
  out.errors = failures.take(args);
  return arrow::Status::OK();
}

}  // namespace laketide::expr
