// `laketide table …` on a small Delta table, made action by action.
#include <fstream>
#include <sstream>

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "lake/delta_schema.h"
#include "lake/log_segment.h"
#include "lake/parquet_writer.h"
#include "storage/local_store.h"
#include "support/temp_dir.h"

namespace laketide::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

/// Two versions: (1, a), (2, null); then (3, "x,\"y\""). Confined to its task.
class TableCommand : public testing::Test {
 protected:
  void SetUp() override {
    commit(0, json{{"protocol", {{"minReaderVersion", 1}, {"minWriterVersion", 2}}}}.dump() + "\n" + metadata() + add("one.parquet", {1, 2}, {"a", ""}, {true, false}));
    commit(1, add("two.parquet", {3}, {"x,\"y\""}, {true}));
  }

  std::string metadata() const {
    const auto schema = lake::to_schema_string(*schema_);
    EXPECT_TRUE(schema.ok());
    return json{{"metaData",
                 {{"id", "11111111-2222-3333-4444-555555555555"}, {"format", {{"provider", "parquet"}, {"options", json::object()}}},
                  {"schemaString", *schema}, {"partitionColumns", json::array()}, {"configuration", json::object()}, {"createdTime", 0}}}}
               .dump() + "\n";
  }

  /// Writes a data file; the line that adds it.
  std::string add(const std::string& name, const std::vector<int64_t>& ids, const std::vector<std::string>& names, const std::vector<bool>& valid) {
    arrow::Int64Builder id;
    arrow::StringBuilder text;
    arrow::TimestampBuilder time(schema_->field(2)->type(), arrow::default_memory_pool());
    for (size_t i = 0; i < ids.size(); ++i) {
      EXPECT_TRUE(id.Append(ids[i]).ok());
      EXPECT_TRUE((valid[i] ? text.Append(names[i]) : text.AppendNull()).ok());
      EXPECT_TRUE(time.Append(1'000'000).ok());
    }
    const auto batch = arrow::RecordBatch::Make(schema_, static_cast<int64_t>(ids.size()), {*id.Finish(), *text.Finish(), *time.Finish()});
    auto writer = lake::open_parquet_writer(*store_->create(path() + "/" + name), schema_, {});
    EXPECT_TRUE(writer.ok() && (*writer)->write(*batch).ok());
    auto file = (*writer)->finish();
    EXPECT_TRUE(file.ok() && (*file)->close().ok());
    return json{{"add",
                 {{"path", name}, {"partitionValues", json::object()}, {"size", (*file)->size()}, {"modificationTime", 0}, {"dataChange", true},
                  {"stats", json{{"numRecords", ids.size()}}.dump()}}}}
               .dump() + "\n";
  }

  void commit(int64_t version, const std::string& lines) {
    const json info{{"commitInfo", {{"timestamp", 1'700'000'000'000 + version}, {"operation", "WRITE"}, {"operationParameters", json::object()}, {"engineInfo", "test"}}}};
    ASSERT_TRUE(store_->put_if_absent(lake::commit_path(path(), version), info.dump() + "\n" + lines).ok());
  }

  std::string path() const { return folder_.path() + "/t"; }

  int run(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.begin(), "table");
    return run_program(arguments, out_, err_);
  }

  TempDir folder_;
  std::shared_ptr<storage::Store> store_ = storage::make_local_store();
  std::shared_ptr<arrow::Schema> schema_ = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
                                                          arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
  std::ostringstream out_, err_;
};

TEST_F(TableCommand, ShowsColumnsAndSize) {
  ASSERT_EQ(run({"show", path()}), 0) << err_.str();
  EXPECT_THAT(out_.str(), testing::AllOf(HasSubstr("Delta table, version 1: 3 rows in 2 files"), HasSubstr("|    id|     long|"), HasSubstr("timestamp")));
  ASSERT_EQ(run({"show", "-o", "json", "--version", "0", path()}), 0);
  const json shown = json::parse(out_.str());
  EXPECT_EQ(shown["rows"], 2);
  EXPECT_EQ(shown["columns"][1]["name"], "name");
}

TEST_F(TableCommand, PrintsRowsAsCsvAndAsJsonLines) {
  ASSERT_EQ(run({"cat", path()}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "id,name,ts\n1,a,1970-01-01T00:00:01+00:00\n2,,1970-01-01T00:00:01+00:00\n3,\"x,\"\"y\"\"\",1970-01-01T00:00:01+00:00\n");
  ASSERT_EQ(run({"cat", "-o", "json", "--limit", "2", path()}), 0);
  EXPECT_EQ(out_.str(), "{\"id\":1,\"name\":\"a\",\"ts\":\"1970-01-01T00:00:01+00:00\"}\n{\"id\":2,\"name\":null,\"ts\":\"1970-01-01T00:00:01+00:00\"}\n");
  ASSERT_EQ(run({"cat", "--version", "0", path()}), 0);
  EXPECT_EQ(out_.str(), "id,name,ts\n1,a,1970-01-01T00:00:01+00:00\n2,,1970-01-01T00:00:01+00:00\n");
}

TEST_F(TableCommand, PrintsTheHistoryNewestFirst) {
  ASSERT_EQ(run({"log", "-o", "json", path()}), 0) << err_.str();
  const json entries = json::parse(out_.str());
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0]["version"], 1);
  EXPECT_EQ(entries[0]["rowsAdded"], 1);
  EXPECT_EQ(entries[1]["rowsAdded"], 2);
  EXPECT_EQ(entries[1]["timestamp"], "2023-11-14T22:13:20.000000Z");
  ASSERT_EQ(run({"log", "--limit", "1", path()}), 0);
  EXPECT_THAT(out_.str(), testing::AllOf(HasSubstr("WRITE"), HasSubstr("2023-11-14T22:13:20.001000Z"), testing::Not(HasSubstr("20.000000Z"))));
}

TEST_F(TableCommand, VerifyTellsRightFromWrong) {
  ASSERT_EQ(run({"verify", path()}), 0) << out_.str() << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("nothing wrong"));
  std::filesystem::remove(path() + "/one.parquet");
  ASSERT_EQ(run({"verify", path()}), 1);
  EXPECT_EQ(out_.str(), "missing_file: one.parquet: the file is not there\n");
  ASSERT_EQ(run({"verify", "-o", "json", path()}), 1);
  EXPECT_EQ(json::parse(out_.str())["findings"][0]["code"], "missing_file");
}

TEST_F(TableCommand, ReadsADirectoryWithoutALog) {
  std::filesystem::remove_all(path() + "/_delta_log");
  ASSERT_EQ(run({"show", path()}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("directory of Parquet files: 3 rows in 2 files"));
  ASSERT_EQ(run({"cat", path()}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("3,\"x,\"\"y\"\"\","));
}

TEST_F(TableCommand, FailuresAreOneAndWrongUseIsTwo) {
  EXPECT_EQ(run({"show", folder_.path() + "/none"}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("no_table"));
  EXPECT_EQ(run({"cat", "--version", "9", path()}), 1);
  EXPECT_THAT(err_.str(), HasSubstr("no_such_version"));
  EXPECT_EQ(run({"cat"}), 2);
  EXPECT_EQ(run({"cat", "--version", "-1", path()}), 2);
}

}  // namespace
}  // namespace laketide::cli
