// Filter and Project at the seam: hidden columns, refused rows with their place, memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include "expr/overload.h"
#include "operators/filter.h"
#include "operators/project.h"

namespace laketide {
namespace {

using expr::TypeId;
using testing::ElementsAre;

const Schema kInput = arrow::schema({arrow::field("a", arrow::int32()), arrow::field("b", arrow::int32()), arrow::field("_partition", arrow::int32()),
                                     arrow::field("_offset", arrow::int64()), arrow::field("_value", arrow::binary())});

std::shared_ptr<arrow::Array> ints(const std::vector<int32_t>& values) {
  arrow::Int32Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

Batch input(const std::vector<int32_t>& a, const std::vector<int32_t>& b) {
  arrow::Int64Builder offsets;
  arrow::BinaryBuilder bytes;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE(offsets.Append(static_cast<int64_t>(100 + i)).ok());
    EXPECT_TRUE(bytes.Append("v" + std::to_string(i)).ok());
  }
  return arrow::RecordBatch::Make(kInput, static_cast<int64_t>(a.size()),
                                  {ints(a), ints(b), ints(std::vector<int32_t>(a.size(), 7)), offsets.Finish().ValueOrDie(), bytes.Finish().ValueOrDie()});
}

std::vector<int64_t> column(const Batch& batch, const char* name) {
  std::vector<int64_t> values;
  const auto array = batch->GetColumnByName(name);
  for (int64_t i = 0; i < batch->num_rows(); ++i) {
    values.push_back(array->type_id() == arrow::Type::INT64 ? static_cast<const arrow::Int64Array&>(*array).Value(i)
                                                            : static_cast<const arrow::Int32Array&>(*array).Value(i));
  }
  return values;
}

expr::ExprPtr applied(std::string_view name) {
  const auto made = expr::apply(name, {expr::column("a", TypeId::kInt, true), expr::column("b", TypeId::kInt, true)}, {1, 8});
  return expr::resolve(made.value(), *kInput).value();
}

expr::ExprPtr quotient_above_one() {
  const auto quotient = expr::apply("/", {expr::column("a", TypeId::kInt, true), expr::column("b", TypeId::kInt, true)}, {1, 8}).value();
  const auto one = expr::apply("/", {expr::column("b", TypeId::kInt, true), expr::column("b", TypeId::kInt, true)}, {}).value();
  return expr::resolve(expr::apply(">", {quotient, one}, {}).value(), *kInput).value();
}

class Operators : public testing::Test {
 protected:
  Operators() { context_.memory = arrow::default_memory_pool(); }
  Batch run(Operator& op, const Batch& in) {
    Batch out;
    EXPECT_EQ(op.process(0, in, out, rejects_).value(), Step::kReady);
    return out;
  }
  std::unique_ptr<Operator> filter(expr::ExprPtr condition) {
    return make_filter({std::move(condition), kInput, {0, 2, 3, 4}, {"events", "t"}}, context_);
  }
  std::unique_ptr<Operator> project(std::vector<expr::ExprPtr> expressions) {
    arrow::FieldVector fields;
    for (size_t i = 0; i < expressions.size(); ++i) fields.push_back(arrow::field("x" + std::to_string(i), arrow::int32()));
    for (int i = 2; i < kInput->num_fields(); ++i) fields.push_back(kInput->field(i));
    return make_project({std::move(expressions), kInput, 2, arrow::schema(fields), {"events", "t"}}, context_);
  }

  Context context_;
  Rejects rejects_;
};

TEST_F(Operators, FilterKeepsRowsAndHiddenColumns) {
  const Batch out = run(*filter(applied("<")), input({1, 5, 3}, {2, 4, 9}));
  EXPECT_EQ(out->schema()->field_names(), (std::vector<std::string>{"a", "_partition", "_offset", "_value"}));
  EXPECT_THAT(column(out, "a"), ElementsAre(1, 3));
  EXPECT_THAT(column(out, "_offset"), ElementsAre(100, 102));
}

TEST_F(Operators, FilterPassesEverythingWithoutACopyAndNothingAsNull) {
  const Batch in = input({1, 2}, {3, 4});
  EXPECT_EQ(run(*filter(applied("<")), in)->column(0).get(), in->column(0).get());
  EXPECT_EQ(run(*filter(applied(">")), in), nullptr);
}

TEST_F(Operators, FilterRefusesRowsItCannotDecide) {
  const Batch out = run(*filter(quotient_above_one()), input({8, 1, 1, 9}, {2, 0, 5, 3}));
  EXPECT_THAT(column(out, "_offset"), ElementsAre(100, 103));
  const auto refused = rejects_.take();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].offset, RecordOffset(101));
  EXPECT_EQ(refused[0].stage, RejectStage::kEvaluate);
}

TEST_F(Operators, ProjectRefusesARowOnceWithPlaceBytesAndFirstReason) {
  const Batch out = run(*project({applied("+"), applied("/")}), input({2147483647, 6, 7}, {1, 3, 0}));
  EXPECT_THAT(column(out, "x0"), ElementsAre(9));
  EXPECT_THAT(column(out, "x1"), ElementsAre(2));
  EXPECT_THAT(column(out, "_offset"), ElementsAre(101));
  const auto refused = rejects_.take();
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_EQ(refused[0].code, "numeric_value_out_of_range");
  EXPECT_EQ(refused[0].reason, "int out of range in a + b at 1:8");
  EXPECT_EQ(refused[1].code, "division_by_zero");
  EXPECT_EQ(refused[1].source, "events");
  EXPECT_EQ(refused[1].topic, "t");
  EXPECT_EQ(refused[1].partition, 7);
  EXPECT_EQ(refused[1].offset, RecordOffset(102));
  EXPECT_EQ(refused[1].value, "v2");
  EXPECT_EQ(refused[1].key, std::nullopt);
}

TEST_F(Operators, ProjectOfRefusedRowsOnlyGivesNothing) {
  EXPECT_EQ(run(*project({applied("/")}), input({1, 2}, {0, 0})), nullptr);
  EXPECT_EQ(rejects_.size(), 2u);
}

TEST_F(Operators, MemoryThatIsUsedUpIsAnOutsideFault) {
  arrow::CappedMemoryPool small(arrow::default_memory_pool(), 16);
  context_.memory = &small;
  Batch out;
  const auto step = project({applied("+")})->process(0, input(std::vector<int32_t>(64, 1), std::vector<int32_t>(64, 2)), out, rejects_);
  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.status().code(), "out_of_memory");
  EXPECT_EQ(step.status().fault(), Fault::kExternal);
}

}  // namespace
}  // namespace laketide
