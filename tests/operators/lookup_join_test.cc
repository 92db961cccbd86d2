// Joins with static tables at the seam: portions, refused rows, a version that changes at the epoch's border.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "expr/overload.h"
#include "operators/lookup_index.h"
#include "operators/lookup_join.h"

namespace laketide {
namespace {

using expr::TypeId;
using testing::ElementsAre;
using Lines = std::vector<std::string>;
using Kind = LookupOptions::Kind;

const Schema kEvents = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("_offset", arrow::int64())});
const Schema kPrices = arrow::schema({arrow::field("key", arrow::int64()), arrow::field("price", arrow::int64())});
constexpr int64_t kNull = -1;

Batch numbers(const Schema& schema, const std::vector<int64_t>& left, const std::vector<int64_t>& right) {
  arrow::Int64Builder columns[2];
  for (size_t i = 0; i < left.size(); ++i) {
    EXPECT_TRUE((left[i] == kNull ? columns[0].AppendNull() : columns[0].Append(left[i])).ok());
    EXPECT_TRUE(columns[1].Append(right[i]).ok());
  }
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(left.size()), {*columns[0].Finish(), *columns[1].Finish()});
}

class LookupJoinTest : public testing::Test {
 protected:
  LookupJoinTest() {
    context_.memory = arrow::default_memory_pool();
    context_.tables = &board_;
    context_.table_versions["prices"] = 1;
    publish(1, {1, 1, 2, kNull, 3}, {10, 11, 20, 90, 0});
    LookupIndexOptions options{{expr::resolve(expr::column("key", TypeId::kBigint, true), *kPrices).value()}, {1}, kPrices};
    const Status declared = board_.declare("prices", "by key", [options](const TableContent& content) -> Result<std::shared_ptr<const TableIndex>> {
      LT_ASSIGN_OR_RETURN(auto index, LookupIndex::make(options, content.rows, arrow::default_memory_pool()));
      return std::shared_ptr<const TableIndex>(index);
    });
    EXPECT_TRUE(declared.ok()) << declared.to_string();
  }

  void publish(int64_t version, const std::vector<int64_t>& keys, const std::vector<int64_t>& prices) {
    auto content = std::make_shared<TableContent>(TableContent{version, kPrices, {numbers(kPrices, keys, prices)}});
    ASSERT_TRUE(board_.publish("prices", content).ok());
  }

  // 100 / price > 5
  static expr::ExprPtr cheap() {
    const auto hundred = expr::bigint_constant(100), five = expr::bigint_constant(5);
    const auto quotient = expr::apply("/", {hundred, expr::column("price", TypeId::kBigint, true)}, {1, 9}).value();
    return expr::resolve(expr::apply(">", {quotient, five}, {1, 5}).value(), *arrow::schema({kPrices->field(1)})).value();
  }

  std::unique_ptr<Operator> join(Kind kind, expr::ExprPtr condition = nullptr, int64_t rows_max = 4096) {
    LookupOptions options;
    options.kind = kind;
    options.table = "prices";
    options.index = "by key";
    options.keys = {expr::resolve(expr::column("id", TypeId::kBigint, true), *kEvents).value()};
    if (condition) options.condition_columns = {2};
    options.condition = std::move(condition);
    options.input = kEvents;
    const auto last = kind == Kind::kMark ? arrow::field("mark", arrow::boolean()) : kPrices->field(1);
    options.output = arrow::schema({kEvents->field(0), last, kEvents->field(1)});
    options.keep = {0, kind == Kind::kMark ? -1 : 2, 1};
    options.in = kind == Kind::kMark;
    options.origin = {"events", "t"};
    options.rows_max = rows_max;
    return make_lookup_join(std::move(options), context_).value();
  }

  Lines run(Operator& op, const Batch& in, size_t* batches = nullptr) {
    Lines lines;
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      step = op.process(0, in, out, rejects_).value();
      if (!out) continue;
      if (batches) ++*batches;
      EXPECT_TRUE(out->ValidateFull().ok());
      for (int64_t i = 0; i < out->num_rows(); ++i) {
        lines.push_back((*out->column(0)->GetScalar(i))->ToString() + " " + (*out->column(1)->GetScalar(i))->ToString() + " @" + (*out->column(2)->GetScalar(i))->ToString());
      }
    }
    return lines;
  }

  StaticTables board_;
  Context context_;
  Rejects rejects_;
};

TEST_F(LookupJoinTest, PortionsChangeNothing) {
  const Batch in = numbers(kEvents, {1, 4, 2, kNull, 1}, {100, 101, 102, 103, 104});
  for (const int64_t rows_max : {1, 2, 3, 4096}) {
    size_t batches = 0;
    EXPECT_THAT(run(*join(Kind::kInner, nullptr, rows_max), in, &batches), ElementsAre("1 10 @100", "1 11 @100", "2 20 @102", "1 10 @104", "1 11 @104"));
    EXPECT_GE(batches, rows_max == 1 ? 5u : 1u);
    EXPECT_THAT(run(*join(Kind::kLeft, nullptr, rows_max), in),
                ElementsAre("1 10 @100", "1 11 @100", "4 null @101", "2 20 @102", "null null @103", "1 10 @104", "1 11 @104"));
    EXPECT_THAT(run(*join(Kind::kMark, nullptr, rows_max), in), ElementsAre("1 true @100", "4 null @101", "2 true @102", "null null @103", "1 true @104"));
  }
}

TEST_F(LookupJoinTest, ARowOfWhichOnePairFailsIsRefusedWhole) {
  publish(2, {1, 1, 2, 3}, {10, 0, 50, 10});
  context_.table_versions["prices"] = 2;
  for (const int64_t rows_max : {1, 4096}) {
    for (const Kind kind : {Kind::kInner, Kind::kLeft}) {
      const Lines lines = run(*join(kind, cheap(), rows_max), numbers(kEvents, {1, 2, 3}, {100, 101, 102}));
      if (kind == Kind::kInner) {
        EXPECT_THAT(lines, ElementsAre("3 10 @102"));
      } else {
        EXPECT_THAT(lines, ElementsAre("2 null @101", "3 10 @102"));
      }
      const auto refused = rejects_.take();
      ASSERT_EQ(refused.size(), 1u);
      EXPECT_EQ(refused[0].offset.value, 100);
      EXPECT_EQ(refused[0].code, "division_by_zero");
    }
  }
}

TEST_F(LookupJoinTest, TheVersionChangesAtTheEpochsBorder) {
  const auto op = join(Kind::kLeft);
  const Batch in = numbers(kEvents, {2}, {7});
  publish(5, {2}, {21});
  EXPECT_THAT(run(*op, in), ElementsAre("2 20 @7"));
  Batch out;
  EpochInfo info;
  ASSERT_TRUE(op->end_epoch(info, out).ok());
  EXPECT_THAT(run(*op, in), ElementsAre("2 20 @7")) << "nothing was said of the next epoch";
  info.next_tables["prices"] = 5;
  ASSERT_TRUE(op->end_epoch(info, out).ok());
  board_.forget_below({{"prices", 5}});
  EXPECT_THAT(run(*op, in), ElementsAre("2 21 @7"));
  info.next_tables["prices"] = 1;
  EXPECT_EQ(op->end_epoch(info, out).status().code(), "table_version");
}

}  // namespace
}  // namespace laketide
