#include "lake/table.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/data_writer.h"
#include "lake/log_fixture.h"

namespace laketide::lake {
namespace {

/// A table of `id` and partition column `p`, written by our own writer.
class TableTest : public LogTest {
 protected:
  static std::shared_ptr<arrow::Schema> schema() { return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("p", arrow::utf8())}); }

  std::vector<AddFile> write_files(int64_t first, int64_t count, int64_t target_file_bytes = 128 << 20) {
    DataWriterOptions options;
    options.schema = schema();
    options.partition_columns = {"p"};
    options.target_file_bytes = target_file_bytes;
    options.create = [this](const std::string& directory, std::string& name) {
      name = directory + "part-" + storage::make_uuid() + ".parquet";
      return store_->create(storage::join(path(), name));
    };
    const auto writer = make_data_writer(std::move(options));
    arrow::Int64Builder ids;
    arrow::StringBuilder partitions;
    for (int64_t i = first; i < first + count; ++i) EXPECT_TRUE(ids.Append(i).ok() && partitions.Append(i % 2 ? "odd x" : "even").ok());
    const auto batch = arrow::RecordBatch::Make(schema(), count, {*ids.Finish(), *partitions.Finish()});
    for (int64_t from = 0; from < count; from += 1000) EXPECT_TRUE(writer->write(batch->Slice(from, 1000)).ok());
    std::vector<DataFile> files;
    while (!*writer->finish(files)) continue;
    std::vector<AddFile> adds;
    for (const auto& file : files) adds.push_back(file.to_add(1));
    return adds;
  }
  void commit(const std::vector<AddFile>& adds) {
    Transaction transaction = append("a", ++commits_, adds);
    transaction.new_metadata->schema_string = *to_schema();
    transaction.new_metadata->partition_columns = {"p"};
    auto mine = log();
    const auto done = mine.commit(transaction, always(), wait_);
    ASSERT_TRUE(done.ok()) << done.status().to_string();
  }
  static Result<std::string> to_schema() {
    return std::string(R"({"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}},)"
                       R"({"name":"p","type":"string","nullable":true,"metadata":{}}]})");
  }
  std::unique_ptr<Table> open() {
    auto table = open_table(path(), store_);
    EXPECT_TRUE(table.ok()) << table.status().to_string();
    return std::move(table).value();
  }
  std::vector<std::string> rows(Table& table, std::optional<int64_t> version = {}) {
    std::vector<std::string> all;
    const Status scanned = table.scan(version, [&](const auto& batch) {
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        all.push_back((*batch->column(0)->GetScalar(i))->ToString() + " " + (*batch->column(1)->GetScalar(i))->ToString());
      }
      return Status();
    }, wait_);
    EXPECT_TRUE(scanned.ok()) << scanned.to_string();
    std::ranges::sort(all);
    return all;
  }
  std::vector<std::string> findings() {
    std::vector<std::string> codes;
    const auto found = open()->verify(wait_);
    EXPECT_TRUE(found.ok()) << found.status().to_string();
    for (const auto& one : found.ok() ? *found : std::vector<Finding>()) codes.push_back(one.code);
    return codes;
  }
  /// Replaces the last commit's text.
  void forge(const std::string& from, const std::string& to) {
    const std::string name = commit_path(path(), commits_ - 1);
    std::string text = **store_->get(name);
    ASSERT_NE(text.find(from), std::string::npos) << text;
    text.replace(text.find(from), from.size(), to);
    ASSERT_TRUE(store_->put(name, text).ok());
  }

  int64_t commits_ = 0;
};

using Codes = std::vector<std::string>;

TEST_F(TableTest, shows_rows_versions_and_history) {
  commit(write_files(0, 4));
  commit(write_files(4, 3));
  auto table = open();
  EXPECT_TRUE(table->is_delta());
  EXPECT_EQ(*table->versions(wait_), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(rows(*table), (Codes{"0 even", "1 odd x", "2 even", "3 odd x", "4 even", "5 odd x", "6 even"}));
  EXPECT_EQ(rows(*table, 0), (Codes{"0 even", "1 odd x", "2 even", "3 odd x"}));
  EXPECT_EQ(table->at(7, wait_).status().code(), "no_such_version");
  const auto history = table->history(wait_);
  ASSERT_EQ(history->size(), 2U);
  EXPECT_EQ(history->front().version, 1);
  EXPECT_EQ(history->front().files_added, 2);
  EXPECT_EQ(history->front().rows_added, 3);
  EXPECT_EQ(history->front().info.operation, "STREAMING UPDATE");
  EXPECT_EQ(findings(), Codes{});
}

TEST_F(TableTest, a_file_is_closed_at_its_target_size_and_the_next_goes_on) {
  const auto adds = write_files(0, 40'000, 5'000);
  EXPECT_GT(adds.size(), 4U);
  EXPECT_LE(std::ranges::count_if(adds, [](const auto& one) { return one.size < 5'000; }), 2) << "the last of each partition";
  commit(adds);
  EXPECT_EQ(findings(), Codes{});
  auto table = open();
  const auto all = rows(*table);
  EXPECT_EQ(all.size(), 40'000U);
  EXPECT_EQ(std::ranges::adjacent_find(all), all.end()) << "each once";
}

TEST_F(TableTest, verify_finds_each_lie) {
  commit(write_files(0, 10));
  const auto lie = [&](const std::string& from, const std::string& to) {
    const std::string honest = **store_->get(commit_path(path(), 0));
    forge(from, to);
    const auto found = findings();
    EXPECT_TRUE(store_->put(commit_path(path(), 0), honest).ok());
    return found;
  };
  EXPECT_EQ(lie(R"(\"numRecords\":5)", R"(\"numRecords\":6)"), Codes{"wrong_row_count"});
  EXPECT_EQ(lie(R"(\"minValues\":{\"id\":0})", R"(\"minValues\":{\"id\":1})"), Codes{"false_bound"});
  EXPECT_EQ(lie(R"(\"nullCount\":{\"id\":0})", R"(\"nullCount\":{\"id\":2})"), Codes{"wrong_null_count"});
  EXPECT_EQ(lie(R"("partitionValues":{"p":"even"})", R"("partitionValues":{})"), Codes{"missing_partition_value"});
  EXPECT_EQ(lie(R"("size":)", R"("size":1)"), Codes{"wrong_size"});
  EXPECT_EQ(findings(), Codes{});
}

TEST_F(TableTest, verify_finds_what_is_missing_or_broken) {
  auto adds = write_files(0, 10);
  commit(adds);
  commit(adds);
  EXPECT_EQ(findings(), (Codes{"duplicate_file", "duplicate_file"}));
  const std::string first = storage::join(path(), "p=even/" + std::filesystem::directory_iterator(path() + "/p=even")->path().filename().string());
  { std::ofstream(first, std::ios::trunc) << "not Parquet"; }
  auto codes = findings();
  EXPECT_EQ(codes, (Codes{"duplicate_file", "duplicate_file", "wrong_size", "broken_file"}));
  std::filesystem::remove(first);
  EXPECT_EQ(findings().back(), "missing_file");
}

TEST_F(TableTest, reads_a_directory_of_parquet_files_as_one_version) {
  write_files(0, 4);
  auto table = open();
  EXPECT_FALSE(table->is_delta());
  EXPECT_EQ(rows(*table), (Codes{"0 even", "1 odd x", "2 even", "3 odd x"}));
  EXPECT_EQ(findings(), Codes{});
  EXPECT_EQ(table->at(1, wait_).status().code(), "no_such_version");
}

TEST_F(TableTest, says_that_there_is_nothing) {
  EXPECT_EQ(open_table(path(), store_).status().code(), "no_table");
  std::filesystem::create_directories(path() + "/_delta_log");
  auto table = open();
  EXPECT_EQ(table->at({}, wait_).status().code(), "no_table");
}

TEST_F(TableTest, old_files_lack_new_columns_and_read_as_null) {
  commit(write_files(0, 1));
  Metadata wider = metadata();
  wider.schema_string = R"({"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}},)"
                        R"({"name":"extra","type":"string","nullable":true,"metadata":{}},)"
                        R"({"name":"p","type":"string","nullable":true,"metadata":{}}]})";
  wider.partition_columns = {"p"};
  foreign(1, to_line(wider) + "\n");
  EXPECT_EQ(rows(*open()), Codes{"0 null"});
  EXPECT_EQ(rows(*open(), 0), Codes{"0 even"});
}

TEST_F(TableTest, refuses_deletion_vectors_by_name) {
  auto adds = write_files(0, 1);
  adds[0].deletion_vector = DeletionVector{"u", "x", 1, 1, 1};
  commit(adds);
  const Status refused = open()->scan({}, [](const auto&) { return Status(); }, wait_);
  EXPECT_EQ(refused.code(), "unsupported_table");
  EXPECT_NE(refused.detail().find("deletion vectors"), std::string_view::npos);
}

}  // namespace
}  // namespace laketide::lake
