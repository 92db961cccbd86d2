// Unnest at the seam: rows out of arrays, hidden columns repeated, bounded batches.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "expr/cast.h"
#include "expr/overload.h"
#include "operators/unnest.h"

namespace laketide {
namespace {

using expr::TypeId;
using testing::ElementsAre;
using Cells = std::vector<std::string>;

const Schema kUnnestInput = arrow::schema({arrow::field("a", arrow::utf8()), arrow::field("b", arrow::utf8()), arrow::field("_offset", arrow::int64())});

Batch unnest_input(const Cells& a, const Cells& b) {
  arrow::StringBuilder left, right;
  arrow::Int64Builder offsets;
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_TRUE((a[i] == "-" ? left.AppendNull() : left.Append(a[i])).ok());
    EXPECT_TRUE((b[i] == "-" ? right.AppendNull() : right.Append(b[i])).ok());
    EXPECT_TRUE(offsets.Append(static_cast<int64_t>(100 + i)).ok());
  }
  return arrow::RecordBatch::Make(kUnnestInput, static_cast<int64_t>(a.size()), {*left.Finish(), *right.Finish(), *offsets.Finish()});
}

expr::ExprPtr words(const char* column) {
  const auto made = expr::apply("string_to_array", {expr::column(column, TypeId::kText, true), expr::text_constant(" ", TypeId::kText)}, {1, 8});
  return expr::resolve(made.value(), *kUnnestInput).value();
}

// Every row as "element element offset".
void append(const Batch& batch, Cells& rows) {
  for (int64_t i = 0; i < batch->num_rows(); ++i) {
    std::string text;
    for (int column = 0; column < batch->num_columns(); ++column) text += (column > 0 ? " " : "") + (*batch->column(column)->GetScalar(i))->ToString();
    rows.push_back(text);
  }
}

class UnnestTest : public testing::Test {
 protected:
  UnnestTest() { context_.memory = arrow::default_memory_pool(); }
  std::unique_ptr<Operator> unnest(std::vector<expr::ExprPtr> arrays, int64_t rows_max = 4096, std::vector<int> keep = {2}) {
    arrow::FieldVector fields;
    for (size_t i = 0; i < arrays.size(); ++i) fields.push_back(arrow::field("x" + std::to_string(i), element_));
    for (const int i : keep) fields.push_back(kUnnestInput->field(i));
    return make_unnest({std::move(arrays), kUnnestInput, std::move(keep), arrow::schema(fields), {"events", "t"}, rows_max}, context_);
  }
  Cells run(Operator& op, const Batch& in, int64_t rows_max = 4096) {
    Cells rows;
    for (int calls = 0; calls < 100; ++calls) {
      Batch out;
      const auto step = op.process(0, in, out, rejects_);
      EXPECT_TRUE(step.ok());
      if (out) {
        EXPECT_TRUE(out->ValidateFull().ok());
        EXPECT_LE(out->num_rows(), rows_max);
        append(out, rows);
      }
      if (*step == Step::kReady) return rows;
      EXPECT_EQ(*step, Step::kMore);
    }
    ADD_FAILURE() << "it does not end";
    return rows;
  }

  std::shared_ptr<arrow::DataType> element_ = arrow::utf8();
  Context context_;
  Rejects rejects_;
};

TEST_F(UnnestTest, ARowForEachElement) {
  const auto op = unnest({words("a")});
  EXPECT_THAT(run(*op, unnest_input({"to be", "or", "", "-", "not to be"}, Cells(5, ""))),
              ElementsAre("to 100", "be 100", "or 101", "not 104", "to 104", "be 104"));
  EXPECT_THAT(run(*op, unnest_input({"again"}, {""})), ElementsAre("again 100")) << "the next batch";
  EXPECT_THAT(run(*op, unnest_input({"-", ""}, {"", ""})), ElementsAre());
}

TEST_F(UnnestTest, ArraysGoSideBySide) {
  EXPECT_THAT(run(*unnest({words("a"), words("b")}), unnest_input({"1 2 3", "-", "", "5"}, {"x", "y z", "-", ""})),
              ElementsAre("1 x 100", "2 null 100", "3 null 100", "null y 101", "null z 101", "5 null 103"));
}

TEST_F(UnnestTest, BatchesAreBounded) {
  const Batch in = unnest_input({"a b c d e", "", "f", "g h", "-"}, {"1 2", "3", "", "4 5 6", ""});
  for (const int64_t rows_max : {1, 2, 3, 7, 100}) {
    EXPECT_THAT(run(*unnest({words("a")}, rows_max), in, rows_max),
                ElementsAre("a 100", "b 100", "c 100", "d 100", "e 100", "f 102", "g 103", "h 103"));
    EXPECT_THAT(run(*unnest({words("a"), words("b")}, rows_max), in, rows_max),
                ElementsAre("a 1 100", "b 2 100", "c null 100", "d null 100", "e null 100", "null 3 101", "f null 102", "g 4 103", "h 5 103", "null 6 103"));
  }
}

TEST_F(UnnestTest, SlicesAndNoColumnsBeside) {
  const Batch in = unnest_input({"no", "a b", "c", "no"}, Cells(4, ""))->Slice(1, 2);
  EXPECT_THAT(run(*unnest({words("a")}, 4096, {}), in), ElementsAre("a", "b", "c"));
  EXPECT_THAT(run(*unnest({words("a")}), in), ElementsAre("a 101", "b 101", "c 102"));
}

TEST_F(UnnestTest, RefusesARowWhoseArrayCannotBeComputed) {
  const auto number = expr::cast(expr::column("b", TypeId::kText, true), expr::Type::array(TypeId::kInt), expr::CastContext::kExplicit).value();
  element_ = arrow::int32();
  const auto op = unnest({expr::resolve(number, *kUnnestInput).value()}, 2);
  EXPECT_THAT(run(*op, unnest_input(Cells(5, ""), {"{1,2,3}", "{4,x}", "no", "{5}", "{6"}), 2), ElementsAre("1 100", "2 100", "3 100", "5 103"));
  const auto refused = rejects_.take();
  ASSERT_EQ(refused.size(), 3u);
  EXPECT_EQ(refused[0].offset, RecordOffset(101));
  EXPECT_EQ(refused[1].offset, RecordOffset(102));
  EXPECT_EQ(refused[2].offset, RecordOffset(104));
  EXPECT_EQ(refused[2].code, "invalid_text_representation");
}

}  // namespace
}  // namespace laketide
