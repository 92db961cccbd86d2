// What evaluation promises beyond what functions mean: errors as values, shared nodes, constants, resolution.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include "expr/cast.h"
#include "expr/evaluate.h"
#include "expr/overload.h"

namespace laketide::expr {
namespace {

ExprPtr int_constant(int32_t value) { return cast(bigint_constant(value), TypeId::kInt, CastContext::kExplicit).value(); }
ExprPtr a() { return column("a", TypeId::kInt, true); }

std::shared_ptr<arrow::RecordBatch> batch_of(const std::vector<int32_t>& values) {
  arrow::Int32Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("a", arrow::int32())}), static_cast<int64_t>(values.size()),
                                  std::vector<std::shared_ptr<arrow::Array>>{builder.Finish().ValueOrDie()});
}

Evaluated value_of(const ExprPtr& node, const arrow::RecordBatch& batch) {
  return evaluate({resolve(node, *batch.schema()).value()}, batch, arrow::default_memory_pool()).value()[0];
}

TEST(Evaluate, ColumnsAreNotCopied) {
  const auto batch = batch_of({1, 2});
  EXPECT_EQ(value_of(a(), *batch).values.get(), batch->column(0).get());
}

TEST(Evaluate, ErrorsAreSortedByRowAndTheFirstArgumentsCount) {
  const ExprPtr first = apply("/", {int_constant(1), a()}, {1, 1}).value();
  const ExprPtr second = apply("+", {a(), int_constant(2147483647)}, {1, 2}).value();
  const auto sum = value_of(apply("+", {first, second}, {1, 3}).value(), *batch_of({1, 0, -5, 0, 7}));
  std::vector<std::pair<int64_t, ErrorCode>> errors;
  for (const RowError& error : sum.errors) errors.emplace_back(error.row, error.code);
  EXPECT_THAT(errors, testing::ElementsAre(std::pair(0, ErrorCode::kNumericValueOutOfRange), std::pair(1, ErrorCode::kDivisionByZero),
                                           std::pair(3, ErrorCode::kDivisionByZero), std::pair(4, ErrorCode::kNumericValueOutOfRange)));
}

int calls = 0;

TEST(Evaluate, SharedNodesAreComputedOnce) {
  static const Function counted{"counted", {TypeId::kInt}, TypeId::kInt, [](const Call& call, std::span<const Column> args, Column& out) {
                                  ++calls;
                                  out = args[0];
                                  out.type = call.node.type;
                                  return arrow::Status::OK();
                                }};
  const ExprPtr once = share(call(counted, TypeId::kInt, {a()}));
  calls = 0;
  const auto sum = value_of(apply("+", {once, apply("*", {once, once}, {}).value()}, {}).value(), *batch_of({3, 4}));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*sum.values).Value(1), 20);
}

TEST(Evaluate, ConstantsStandForEveryRow) {
  const auto five = value_of(int_constant(5), *batch_of({1, 2, 3}));
  ASSERT_EQ(five.values->length(), 3);
  EXPECT_EQ(static_cast<const arrow::Int32Array&>(*five.values).Value(2), 5);
  const auto nothing = value_of(null_constant(TypeId::kText), *batch_of({1, 2, 3}));
  EXPECT_EQ(nothing.values->null_count(), 3);
}

TEST(Evaluate, FoldComputesOrSaysWhyNot) {
  const auto sum = fold(apply("+", {int_constant(2), int_constant(3)}, {}).value());
  ASSERT_TRUE(sum.ok());
  EXPECT_EQ(print(**sum), "5");
  const auto failed = fold(apply("/", {int_constant(2), int_constant(0)}, {}).value());
  EXPECT_EQ(failed.status().code(), "division_by_zero");
  EXPECT_EQ(failed.status().detail(), "division by zero in 2 / 0");
}

TEST(Evaluate, ResolveNamesWhatIsMissing) {
  const auto missing = resolve(column("b", TypeId::kInt, true), *batch_of({})->schema());
  EXPECT_EQ(missing.status().code(), "column_missing");
  EXPECT_EQ(missing.status().fault(), Fault::kInternal);
}

TEST(Expression, PrintsAsSql) {
  const ExprPtr sum = apply("+", {a(), int_constant(1)}, {}).value();
  const ExprPtr product = apply("*", {sum, column("Odd name", TypeId::kInt, true)}, {}).value();
  EXPECT_EQ(print(*product), "(a + 1) * \"Odd name\"");
  EXPECT_EQ(print(*apply("lower", {text_constant("it's", TypeId::kText)}, {}).value()), "lower('it''s')");
  EXPECT_EQ(print(*cast(a(), TypeId::kBigint, CastContext::kExplicit).value()), "CAST(a AS bigint)");
  EXPECT_EQ(print(*cast(text_constant("2024-02-29", TypeId::kUnknown), TypeId::kDate, CastContext::kExplicit).value()), "date '2024-02-29'");
}

TEST(Expression, KnowsWhatCanFail) {
  EXPECT_TRUE(can_fail(*apply("+", {a(), int_constant(1)}, {}).value()));
  EXPECT_FALSE(can_fail(*apply("<", {a(), int_constant(1)}, {}).value()));
  EXPECT_FALSE(can_fail(*cast(a(), TypeId::kText, CastContext::kExplicit).value()));
}

}  // namespace
}  // namespace laketide::expr
