#include "sinks/console/console_sink.h"

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "flow/change.h"
#include "sinks/console/text_table.h"

namespace laketide {
namespace {

Schema schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("source", arrow::utf8()),
                        arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
}

Batch rows_of(const std::string& json) {
  const auto fields = schema()->fields();
  auto rows = *arrow::json::ArrayFromJSONString(arrow::struct_(fields), json);
  const auto& columns = static_cast<const arrow::StructArray&>(*rows);
  const auto hidden = *arrow::MakeArrayOfNull(arrow::int64(), columns.length());
  auto batch = arrow::RecordBatch::Make(schema(), columns.length(), columns.fields());
  return *batch->AddColumn(3, "_offset", hidden);
}

class ConsoleSinkTest : public testing::Test {
 protected:
  ConsoleSinkTest() {
    out_ = std::tmpfile();
    sink_ = make_console_sink({.id = "console", .pipeline = "p", .rows_max = 2, .width_max = 8, .out = out_});
    EXPECT_TRUE(sink_->bind(schema(), {}).ok());
    writer_ = *sink_->open(context_);
  }
  ~ConsoleSinkTest() override { std::fclose(out_); }

  Result<Commit> finish(int64_t epoch) {
    StagedList staged(1);
    EXPECT_EQ(*writer_->end_epoch(EpochId(epoch), staged[0], rejects_), Step::kDone);
    plan_.epoch = EpochId(epoch);
    LT_RETURN_IF_ERROR(sink_->prepare(plan_, staged, {}));
    return sink_->commit(plan_, {});
  }
  void open_as(ConsoleForm form) {
    sink_ = make_console_sink({.id = "console", .pipeline = "p", .form = form, .rows_max = 100, .width_max = 0, .out = out_});
    EXPECT_TRUE(sink_->bind(schema(), {}).ok());
    writer_ = *sink_->open(context_);
  }
  std::string printed() {
    std::rewind(out_);
    std::string text;
    for (int c = std::fgetc(out_); c != EOF; c = std::fgetc(out_)) text += static_cast<char>(c);
    return text;
  }

  std::FILE* out_ = nullptr;
  Context context_;
  Rejects rejects_;
  EpochPlan plan_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(ConsoleSinkTest, RowsAtOnceDoNotWaitForTheirEpoch) {
  std::vector<std::function<void()>> posted;
  sink_ = make_console_sink({.pipeline = "p", .rows_max = 2, .out = out_, .at_once = [&](std::function<void()> work) { posted.push_back(std::move(work)); }});
  ASSERT_TRUE(sink_->bind(schema(), {}).ok());
  writer_ = *sink_->open(context_);
  ASSERT_EQ(*writer_->write(rows_of(R"([[1, "a", null]])"), rejects_), Step::kReady);
  ASSERT_EQ(*writer_->write(rows_of(R"([[2, "b", null], [3, "c", null]])"), rejects_), Step::kReady);
  EXPECT_EQ(printed(), "") << "the lane does not wait for the terminal";
  for (const auto& work : posted) work();
  const std::string pages = printed();
  EXPECT_NE(pages.find("Rows of p"), std::string::npos) << pages;
  EXPECT_NE(pages.find("|  1|     a|NULL|"), std::string::npos) << pages;
  EXPECT_NE(pages.find("|  2|     b|NULL|"), std::string::npos) << pages;
  EXPECT_EQ(pages.find("|  3|"), std::string::npos) << pages;
  const auto commit = finish(0);
  ASSERT_TRUE(commit.ok());
  EXPECT_EQ(commit->rows, 3);
  EXPECT_EQ(printed(), pages + "only showing top 2 of 3 rows\n\n");
}

TEST_F(ConsoleSinkTest, CsvHasItsNamesOnce) {
  open_as(ConsoleForm::kCsv);
  for (int64_t epoch = 0; epoch < 2; ++epoch) {
    ASSERT_EQ(*writer_->write(rows_of(R"([[1, "a, \"b\"", 0], [2, null, null]])"), rejects_), Step::kReady);
    ASSERT_TRUE(finish(epoch).ok());
  }
  const std::string rows = "1,\"a, \"\"b\"\"\",1970-01-01T00:00:00+00:00\n2,,\n";
  EXPECT_EQ(printed(), "id,source,ts\n" + rows + rows);
}

TEST_F(ConsoleSinkTest, JsonHasAnObjectALine) {
  open_as(ConsoleForm::kJson);
  ASSERT_EQ(*writer_->write(rows_of(R"([[1, "a \"b\"", null]])"), rejects_), Step::kReady);
  ASSERT_TRUE(finish(0).ok());
  EXPECT_EQ(printed(), R"({"id":1,"source":"a \"b\"","ts":null})" "\n");
}

TEST_F(ConsoleSinkTest, ARowThatNobodyReadsIsAFailure) {
  std::fclose(out_);
  out_ = std::fopen("/dev/full", "w");
  ASSERT_NE(out_, nullptr);
  open_as(ConsoleForm::kJson);
  ASSERT_EQ(*writer_->write(rows_of(R"([[1, "a", null]])"), rejects_), Step::kReady);
  EXPECT_EQ(finish(0).status().code(), "output_closed");
  open_as(ConsoleForm::kTable);
  ASSERT_EQ(*writer_->write(rows_of(R"([[1, "a", null]])"), rejects_), Step::kReady);
  EXPECT_TRUE(finish(1).ok());
}

TEST_F(ConsoleSinkTest, PrintsATablePerEpochAtItsCommit) {
  EXPECT_FALSE(sink_->keeps_progress());
  ASSERT_EQ(*writer_->write(rows_of(R"([[1, "a long source", 0], [22, null, null], [3, "x", 0]])"), rejects_), Step::kReady);
  StagedList staged(1);
  ASSERT_EQ(*writer_->end_epoch(EpochId(4), staged[0], rejects_), Step::kDone);
  EXPECT_EQ(staged[0]->rows(), 3);
  plan_.epoch = EpochId(4);
  ASSERT_TRUE(sink_->prepare(plan_, staged, {}).ok());
  EXPECT_EQ(printed(), "");
  EXPECT_EQ(sink_->commit(plan_, {})->rows, 3);
  EXPECT_EQ(printed(), R"(-------------------------------------------
Epoch: 4 of p
-------------------------------------------
+---+--------+--------+
| id|  source|      ts|
+---+--------+--------+
|  1|a lon...|1970-...|
| 22|    NULL|    NULL|
+---+--------+--------+
only showing top 2 of 3 rows

)");
  EXPECT_EQ(sink_->commit(plan_, {})->rows, 3);  // asked again, printed once
  EXPECT_EQ(printed().find("Epoch"), printed().rfind("Epoch"));
}

TEST_F(ConsoleSinkTest, NestedValuesAreJson) {
  const auto list = arrow::list(arrow::int64());
  const Schema nested = arrow::schema({arrow::field("ids", list)});
  ASSERT_TRUE(sink_->bind(nested, {}).ok());
  writer_ = *sink_->open(context_);
  ASSERT_EQ(*writer_->write(arrow::RecordBatch::Make(nested, 2, {*arrow::json::ArrayFromJSONString(list, "[[1, null], []]")}), rejects_), Step::kReady);
  ASSERT_TRUE(finish(0).ok());
  EXPECT_NE(printed().find("|[1,null]|\n|      []|\n"), std::string::npos) << printed();
}

TEST_F(ConsoleSinkTest, TellsTheKindOfEachChangeWhereThereIsOne) {
  const auto changed = [&](const std::string& json, const std::string& kinds) {
    const auto batch = rows_of(json);
    const auto changes = *arrow::json::ArrayFromJSONString(arrow::int8(), kinds);
    return *batch->AddColumn(batch->num_columns(), change_field(), changes);
  };
  ASSERT_EQ(*writer_->write(changed(R"([[1, "a", 0]])", "[0]"), rejects_), Step::kReady);
  ASSERT_TRUE(finish(0).ok());
  EXPECT_EQ(printed().find("_change"), std::string::npos);
  ASSERT_EQ(*writer_->write(changed(R"([[1, "b", 0], [2, null, null]])", "[1, 2]"), rejects_), Step::kReady);
  ASSERT_TRUE(finish(1).ok());
  EXPECT_NE(printed().find(R"(
+-------+---+------+--------+
|_change| id|source|      ts|
+-------+---+------+--------+
| update|  1|     b|1970-...|
| delete|  2|  NULL|    NULL|
+-------+---+------+--------+
)"), std::string::npos) << printed();
}

TEST_F(ConsoleSinkTest, AnEpochWithoutRowsOrAnAbandonedOnePrintsNothing) {
  ASSERT_TRUE(finish(0).ok());
  ASSERT_EQ(*writer_->write(rows_of(R"([[1, "a", 0]])"), rejects_), Step::kReady);
  StagedList staged(1);
  ASSERT_EQ(*writer_->end_epoch(EpochId(1), staged[0], rejects_), Step::kDone);
  plan_.epoch = EpochId(1);
  ASSERT_TRUE(sink_->prepare(plan_, staged, {}).ok());
  ASSERT_TRUE(sink_->abandon(EpochId(1), {}).ok());
  EXPECT_EQ(sink_->commit(plan_, {})->rows, 0);
  EXPECT_EQ(printed(), "");
}

TEST(TextTable, CutsByCharactersAndKeepsTheTerminalSafe) {
  EXPECT_EQ(to_cell("äöüäöüäöü", 8), "äöüäö...");
  EXPECT_EQ(to_cell("12345678", 8), "12345678");
  EXPECT_EQ(to_cell("12345678", 0), "12345678");
  EXPECT_EQ(to_cell("12345", 2), "..");
  EXPECT_EQ(to_cell("a\x1b[31m\n\xff\xc3", 20), "a?[31m???");
  EXPECT_EQ(to_cell("a\xe2\x80\xae" "b", 20), "a?b");  // right-to-left override
}

TEST(TextTable, CutsToColumns) {
  EXPECT_EQ(to_columns("12345678", 8), "12345678");
  EXPECT_EQ(to_columns("123456789", 8), "12345...");
  EXPECT_EQ(to_columns("\u6CE8\u6587\u6CE8\u6587", 8), "\u6CE8\u6587\u6CE8\u6587");
  EXPECT_EQ(to_columns("\u6CE8\u6587\u6CE8\u6587", 7), "\u6CE8\u6587...");
  EXPECT_EQ(to_columns("\u6CE8\u6587\u6CE8\u6587", 6), "\u6CE8...") << "half a character is none";
  EXPECT_EQ(to_columns("\u6CE8\u6587", 2), "..");
  EXPECT_EQ(to_columns("\u6CE8\u6587", 0), "\u6CE8\u6587");
}

TEST(TextTable, CountsWideCharactersAsTwo) {
  EXPECT_EQ(format_table({"a"}, {{"日本語"}, {"x"}}), "+------+\n|     a|\n+------+\n|日本語|\n|     x|\n+------+\n");
}

}  // namespace
}  // namespace laketide
