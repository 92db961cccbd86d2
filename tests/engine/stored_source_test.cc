#include "engine/stored_source.h"

#include <chrono>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flow/schema_text.h"
#include "storage/local_store.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

/// Files in a folder of their own, loaded as a static table. Caller synchronises.
class StoredLoaderTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path(folder_.path()) / name;
    std::ofstream(path, std::ios::trunc) << text;
    // A file is known by size and time; two writes of a test are within one tick of the clock.
    std::filesystem::last_write_time(path, std::filesystem::file_time_type::clock::now() + std::chrono::seconds(++written_));
  }
  std::unique_ptr<TableLoader> loader(const std::string& path, const std::string& format, const std::string& schema = {}) {
    config::TableSpec table;
    table.name = "t";
    table.kind = "files";
    table.files.path = path;
    table.files.format = table.format.kind = format;
    table.format.schema = schema;
    return stored_loader(table, folder_.path(), storage::make_local_store()).value();
  }
  static Result<std::optional<TableContent>> load(TableLoader& from, const std::string& known = {}) {
    return from.load(known, arrow::default_memory_pool(), Wait::for_at_most(std::chrono::seconds(30)));
  }
  static std::vector<std::string> texts(const TableContent& content, const char* column) {
    std::vector<std::string> all;
    for (const Batch& batch : content.rows) {
      const auto& values = static_cast<const arrow::StringArray&>(*batch->GetColumnByName(column));
      for (int64_t row = 0; row < values.length(); ++row) all.push_back(values.GetString(row));
    }
    return all;
  }

  TempDir folder_;
  int written_ = 0;
};

TEST_F(StoredLoaderTest, FilesThatHaveNotChangedAreNotReadAgain) {
  write("a.csv", "k,v\nx,1\ny,2\n");
  const auto table = loader("*.csv", "csv", "k text not null, v int");
  const auto first = load(*table).value();
  ASSERT_TRUE(first);
  EXPECT_EQ(to_schema_text(*first->schema), "k text not null, v int");
  EXPECT_EQ(texts(*first, "k"), (std::vector<std::string>{"x", "y"}));
  EXPECT_FALSE(load(*table, first->mark).value());
  write("a.csv", "k,v\nx,1\nz,2\n");
  const auto second = load(*table, first->mark).value();
  ASSERT_TRUE(second);
  EXPECT_EQ(texts(*second, "k"), (std::vector<std::string>{"x", "z"}));
  write("b.csv", "k,v\nw,3\n");
  EXPECT_EQ(texts(*load(*table, second->mark).value(), "k"), (std::vector<std::string>{"x", "z", "w"}));
}

TEST_F(StoredLoaderTest, ColumnsAreLearntFromAllRecords) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "{\"n\": " + std::to_string(i) + "}\n";
  write("a.jsonl", text + "{\"n\": 0.5, \"last\": \"here\"}\n");
  const auto content = load(*loader("a.jsonl", "json")).value();
  ASSERT_TRUE(content);
  EXPECT_EQ(to_schema_text(*content->schema), "n double, last text");
  double sum = 0;
  for (const Batch& batch : content->rows) {
    const auto& values = static_cast<const arrow::DoubleArray&>(*batch->column(0));
    for (int64_t row = 0; row < values.length(); ++row) sum += values.Value(row);
  }
  EXPECT_EQ(sum, 4999.0 * 5000 / 2 + 0.5);
}

TEST_F(StoredLoaderTest, ARecordThatCannotBeReadFailsTheLoadAndIsNamed) {
  write("a.csv", "k,v\nx,1\ny,two\n");
  const Status failed = load(*loader("a.csv", "csv", "k text, v int")).status();
  EXPECT_EQ(failed.code(), "static_table");
  EXPECT_NE(std::string(failed.detail()).find("files:a.csv, record 1: wrong_type"), std::string::npos) << failed.to_string();
  EXPECT_EQ(load(*loader("none.csv", "csv")).status().code(), "no_files");
}

}  // namespace
}  // namespace laketide
