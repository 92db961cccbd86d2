#include "lake/partition_value.h"

#include <gtest/gtest.h>

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/partitioner.h"
#include "lake/value_text.h"

namespace laketide::lake {
namespace {

std::shared_ptr<arrow::Array> array(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  auto made = arrow::json::ArrayFromJSONString(type, json);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return *made;
}

TEST(PartitionValue, is_text_and_comes_back) {
  const struct {
    std::shared_ptr<arrow::DataType> type;
    const char* json;
    std::optional<std::string> text;
  } cases[] = {
      {arrow::int32(), "[-7]", "-7"},
      {arrow::boolean(), "[true]", "true"},
      {arrow::utf8(), R"(["a/b=ü"])", "a/b=ü"},
      {arrow::utf8(), R"([null])", std::nullopt},
      {arrow::date32(), "[-1]", "1969-12-31"},
      {arrow::decimal128(10, 3), R"(["1.500"])", "1.500"},
      {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1700000000123456]", "2023-11-14T22:13:20.123456Z"},
      {arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[-1]", "1969-12-31T23:59:59.999999Z"},
      {arrow::timestamp(arrow::TimeUnit::MICRO), "[1700000000000000]", "2023-11-14 22:13:20"},
      {arrow::timestamp(arrow::TimeUnit::MICRO), "[1700000000000001]", "2023-11-14 22:13:20.000001"},
  };
  for (const auto& c : cases) {
    const auto column = array(c.type, c.json);
    EXPECT_EQ(partition_text(*column, 0), c.text) << c.type->ToString();
    const auto back = partition_array(c.text, c.type, 1);
    ASSERT_TRUE(back.ok()) << back.status().to_string();
    EXPECT_TRUE((*back)->Equals(*column)) << (*back)->ToString();
  }
  EXPECT_EQ(partition_text(*array(arrow::utf8(), R"([""])"), 0), std::nullopt) << "Delta cannot tell it from null";
}

TEST(PartitionValue, makes_paths_that_decode_once) {
  EXPECT_EQ(partition_directory("p", "a:b"), "p=a%3Ab");
  EXPECT_EQ(uri_encode("p=a%3Ab/f"), "p=a%253Ab/f");
  EXPECT_EQ(partition_directory("p", std::nullopt), "p=__HIVE_DEFAULT_PARTITION__");
  for (const std::string raw : {"a b", "ü", "100%", "x/y", "a=b", "#?", "c\x01", "%25"}) {
    const std::string path = partition_directory("p", raw) + "/f";
    EXPECT_EQ(uri_decode(uri_encode(path)), path);
    EXPECT_EQ(path.find('/'), path.size() - 2) << "one directory: " << path;
  }
}

TEST(PartitionValue, checks_what_may_be_one) {
  const auto schema = arrow::schema({arrow::field("d", arrow::date32()), arrow::field("f", arrow::float64()),
                                     arrow::field("l", arrow::list(arrow::int32())), arrow::field("b", arrow::binary())});
  EXPECT_TRUE(check_partition_columns({}, *schema).ok());
  EXPECT_TRUE(check_partition_columns({"d"}, *schema).ok());
  for (const auto& bad : std::vector<std::vector<std::string>>{{"f"}, {"l"}, {"b"}, {"nowhere"}, {"d", "d"}}) {
    EXPECT_EQ(check_partition_columns(bad, *schema).code(), "bad_partition_column");
  }
  EXPECT_FALSE(check_partition_columns({"d"}, *arrow::schema({schema->field(0)})).ok()) << "nothing left for the files";
}

TEST(ValueText, knows_what_it_writes) {
  for (const int64_t micros : {int64_t{0}, int64_t{-1}, int64_t{1}, int64_t{951826154999999}, int64_t{-62135596800000000}, int64_t{253402300799999999}}) {
    EXPECT_EQ(parse_timestamp_micros(timestamp_text(micros, 'T', 6, true)), micros);
    EXPECT_EQ(parse_timestamp_micros(timestamp_text(micros, ' ', 6, false)), micros);
    EXPECT_TRUE(has_plain_text(micros));
  }
  EXPECT_FALSE(has_plain_text(253402300800000000));
  EXPECT_EQ(parse_timestamp_micros("2024-02-30T00:00:00Z"), std::nullopt);
  EXPECT_EQ(parse_timestamp_micros("yesterday"), std::nullopt);
}

TEST(Partitioner, keeps_the_order_of_rows_within_each_partition) {
  const auto schema = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("p", arrow::utf8()), arrow::field("q", arrow::int32())});
  const auto batch = arrow::RecordBatch::Make(
      schema, 6, {array(arrow::int64(), "[1,2,3,4,5,6]"), array(arrow::utf8(), R"(["a","b","a",null,"","a"])"), array(arrow::int32(), "[1,1,2,1,1,1]")});
  Partitioner partitioner({1, 2}, 100);
  std::vector<PartitionRows> parts;
  ASSERT_TRUE(partitioner.split(batch, parts).ok());
  std::map<std::string, std::string> ids;
  for (const auto& part : parts) ids[partitioner.partitions()[part.partition].directory] = part.rows->column(0)->ToString();
  std::map<std::string, std::string> expected;
  for (const auto& [directory, json] : std::map<std::string, std::string>{
           {"p=a/q=1/", "[1,6]"}, {"p=b/q=1/", "[2]"}, {"p=a/q=2/", "[3]"}, {"p=__HIVE_DEFAULT_PARTITION__/q=1/", "[4,5]"}}) {
    expected[directory] = array(arrow::int64(), json)->ToString();
  }
  EXPECT_EQ(ids, expected);
}

TEST(Partitioner, refuses_more_partitions_than_it_may_make) {
  const auto schema = arrow::schema({arrow::field("p", arrow::int64())});
  Partitioner partitioner({0}, 2);
  std::vector<PartitionRows> parts;
  EXPECT_TRUE(partitioner.split(arrow::RecordBatch::Make(schema, 2, {array(arrow::int64(), "[1,2]")}), parts).ok());
  EXPECT_EQ(partitioner.split(arrow::RecordBatch::Make(schema, 1, {array(arrow::int64(), "[3]")}), parts).code(), "too_many_partitions");
  partitioner.reset();
  EXPECT_TRUE(partitioner.split(arrow::RecordBatch::Make(schema, 1, {array(arrow::int64(), "[3]")}), parts).ok()) << "of one epoch";
}

}  // namespace
}  // namespace laketide::lake
