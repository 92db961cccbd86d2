#include "lake/largest_value.h"

#include <gtest/gtest.h>

#include <arrow/type.h>

namespace laketide::lake {
namespace {

using arrow::field;

constexpr int64_t kSecond = 1'000'000;

FullState table_of(const std::vector<AddFile>& files) {
  FullState table;
  table.state.version = 0;
  table.state.schema = arrow::schema({field("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), field("plain", arrow::timestamp(arrow::TimeUnit::MICRO)),
                                      field("day", arrow::date32()), field("name", arrow::utf8())});
  for (const auto& file : files) table.files[file.path] = file;
  return table;
}

AddFile file_of(const std::string& path, const std::string& stats, TextMap partition = {}) {
  AddFile file;
  file.path = path;
  file.partition_values = std::move(partition);
  if (!stats.empty()) file.stats = stats;
  return file;
}

std::string largest(const FullState& table, const std::string& column) {
  const auto answer = largest_micros(table, column);
  return !answer.ok() ? std::string(answer.status().code()) : *answer ? std::to_string(**answer) : "none";
}

TEST(LargestValue, IsTheLargestOfTheFilesBounds) {
  const auto table = table_of({file_of("a", R"({"numRecords":2,"maxValues":{"ts":"1970-01-01T00:00:05.250Z","plain":"1970-01-01T00:00:07","day":"1970-01-02"}})"),
                               file_of("b", R"({"numRecords":2,"maxValues":{"ts":"1970-01-01T00:00:04.999999Z","plain":"1970-01-01T00:00:09.000","day":"1969-12-31"}})")});
  EXPECT_EQ(largest(table, "ts"), std::to_string(5 * kSecond + 250'000));
  EXPECT_EQ(largest(table, "plain"), std::to_string(9 * kSecond));
  EXPECT_EQ(largest(table, "day"), std::to_string(86'400 * kSecond));
}

TEST(LargestValue, FilesWithoutAValueDoNotCount) {
  const auto empty = file_of("a", R"({"numRecords":0})");
  const auto nulls = file_of("b", R"({"numRecords":3,"nullCount":{"ts":3},"maxValues":{}})");
  EXPECT_EQ(largest(table_of({}), "ts"), "none");
  EXPECT_EQ(largest(table_of({empty, nulls}), "ts"), "none");
  EXPECT_EQ(largest(table_of({empty, nulls, file_of("c", R"({"numRecords":1,"maxValues":{"ts":"1970-01-01T00:00:01Z"}})")}), "ts"), std::to_string(kSecond));
}

TEST(LargestValue, PartitionsTellTheirOwn) {
  EXPECT_EQ(largest(table_of({file_of("a", "", {{"day", "1970-01-03"}}), file_of("b", "", {{"day", std::nullopt}})}), "day"), std::to_string(2 * 86'400 * kSecond));
  EXPECT_EQ(largest(table_of({file_of("a", "", {{"ts", "1970-01-01 00:00:03"}})}), "ts"), std::to_string(3 * kSecond));
}

TEST(LargestValue, RefusesWhatItCannotTell) {
  const auto good = file_of("a", R"({"numRecords":1,"maxValues":{"ts":"1970-01-01T00:00:01Z"}})");
  EXPECT_EQ(largest(table_of({good}), "name"), "bad_column");
  EXPECT_EQ(largest(table_of({good}), "nobody"), "bad_column");
  for (const char* stats : {"", "{", "[]", R"({"numRecords":3,"nullCount":{"ts":2}})", R"({"numRecords":1,"maxValues":{"ts":"soon"}})", R"({"maxValues":{"ts":7}})"}) {
    const auto answer = largest_micros(table_of({good, file_of("silent", stats)}), "ts");
    ASSERT_FALSE(answer.ok()) << stats;
    EXPECT_EQ(answer.status().code(), "no_statistics");
    EXPECT_NE(answer.status().detail().find("silent"), std::string::npos) << "the file is named";
  }
}

}  // namespace
}  // namespace laketide::lake
