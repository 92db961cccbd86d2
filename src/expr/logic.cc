// AND, OR, NOT, and the tests IS NULL, IS TRUE, IS DISTINCT FROM with their opposites, in three-valued logic.
#include <vector>

#include <arrow/util/bitmap_generate.h>

#include "expr/function.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

/// How far a row of AND or OR has come: all arguments so far leave it open, one of them was NULL, or it is decided.
enum class Stage : uint8_t { kOpen, kNull, kDecided, kFailed };

// Arguments count from left to right, as PostgreSQL's executor takes them: what stands behind the deciding one may fail.
template <bool deciding>
void take_argument(const Column& arg, std::vector<Stage>& stages, RowErrors& errors) {
  RowErrors own;
  for (const RowError& error : arg.errors) {
    Stage& stage = stages[static_cast<size_t>(error.row)];
    if (stage >= Stage::kDecided) continue;
    stage = Stage::kFailed;
    own.push_back(error);
  }
  errors = merge(std::move(errors), std::move(own));
  const Reader<bool> values(arg);
  const Validity valid(arg);
  for (size_t row = 0; row < stages.size(); ++row) {
    if (stages[row] >= Stage::kDecided) continue;
    if (!valid[static_cast<int64_t>(row)]) {
      stages[row] = Stage::kNull;
    } else if (values[static_cast<int64_t>(row)] == deciding) {
      stages[row] = Stage::kDecided;
    }
  }
}

arrow::Result<std::shared_ptr<arrow::Buffer>> bits_of(const Call& call, auto&& bit) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, zero_bits(call));
  int64_t row = 0;
  arrow::internal::GenerateBitsUnrolled(buffer->mutable_data(), 0, call.rows, [&] { return bit(row++); });
  return buffer;
}

template <bool deciding>
arrow::Status junction(const Call& call, std::span<const Column> args, Column& out) {
  std::vector<Stage> stages(static_cast<size_t>(call.rows), Stage::kOpen);
  for (const Column& arg : args) take_argument<deciding>(arg, stages, out.errors);
  const auto at = [&](int64_t row) { return stages[static_cast<size_t>(row)]; };
  ARROW_ASSIGN_OR_RAISE(auto values, bits_of(call, [&](int64_t row) { return (at(row) == Stage::kDecided) == deciding; }));
  ARROW_ASSIGN_OR_RAISE(auto valid, bits_of(call, [&](int64_t row) { return at(row) != Stage::kNull; }));
  set_result(call, {std::move(valid), std::move(values)}, out);
  return arrow::Status::OK();
}

struct Not {
  ErrorCode operator()(bool a, bool& out) const {
    out = !a;
    return ErrorCode::kNone;
  }
};

arrow::Status set_bits(const Call& call, std::span<const Column> args, Column& out, auto&& bit) {
  ARROW_ASSIGN_OR_RAISE(auto values, bits_of(call, bit));
  set_result(call, {nullptr, std::move(values)}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

template <bool null>
arrow::Status is_null(const Call& call, std::span<const Column> args, Column& out) {
  const Validity valid(args[0]);
  return set_bits(call, args, out, [&](int64_t row) { return valid[row] != null; });
}

template <bool value, bool negated>
arrow::Status is_value(const Call& call, std::span<const Column> args, Column& out) {
  const Reader<bool> values(args[0]);
  const Validity valid(args[0]);
  return set_bits(call, args, out, [&](int64_t row) { return (valid[row] && values[row] == value) != negated; });
}

// (a = b, a, b): the comparison says what two values are, the values themselves where one is NULL.
template <bool distinct>
arrow::Status is_distinct(const Call& call, std::span<const Column> args, Column& out) {
  const Reader<bool> equal(args[0]);
  const Validity left(args[1]), right(args[2]);
  return set_bits(call, args, out, [&](int64_t row) {
    const bool same = left[row] && right[row] ? equal[row] : left[row] == right[row];
    return same != distinct;
  });
}

Function test(std::string_view name, Kernel kernel) {
  return {name, {}, TypeId::kBoolean, kernel, false, nullptr, Function::Style::kPostfix, true};
}

}  // namespace

std::vector<Function> logic_functions() {
  return {
      {"AND", {}, TypeId::kBoolean, &junction<false>, false, nullptr, Function::Style::kInfix, true},
      {"OR", {}, TypeId::kBoolean, &junction<true>, false, nullptr, Function::Style::kInfix, true},
      {"NOT", {TypeId::kBoolean}, TypeId::kBoolean, &strict<Not, bool, bool>, false, nullptr, Function::Style::kPrefix},
      test("IS NULL", &is_null<true>),
      test("IS NOT NULL", &is_null<false>),
      test("IS TRUE", &is_value<true, false>),
      test("IS NOT TRUE", &is_value<true, true>),
      test("IS FALSE", &is_value<false, false>),
      test("IS NOT FALSE", &is_value<false, true>),
      test("IS UNKNOWN", &is_null<true>),
      test("IS NOT UNKNOWN", &is_null<false>),
      test("IS DISTINCT FROM", &is_distinct<true>),
      test("IS NOT DISTINCT FROM", &is_distinct<false>),
  };
}

}  // namespace laketide::expr
