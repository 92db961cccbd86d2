#include "lake/file_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/statistics_check.h"

namespace laketide::lake {
namespace {

using Json = nlohmann::json;

std::shared_ptr<arrow::RecordBatch> batch_of(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  auto made = arrow::json::ArrayFromJSONString(type, json);
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("c", type)}), (*made)->length(), arrow::ArrayVector{*made});
}

Json stats_of(const std::shared_ptr<arrow::DataType>& type, const std::string& json, StatisticsScope scope = {}) {
  const auto batch = batch_of(type, json);
  FileStatistics statistics(*batch->schema(), scope);
  EXPECT_TRUE(statistics.add(*batch).ok());
  return Json::parse(statistics.to_json());
}

struct Case {
  const char* name;
  std::shared_ptr<arrow::DataType> type;
  const char* values;
  const char* stats;
};

class StatisticsTest : public ::testing::TestWithParam<Case> {};

TEST_P(StatisticsTest, are_what_the_protocol_says) {
  EXPECT_EQ(stats_of(GetParam().type, GetParam().values), Json::parse(GetParam().stats));
}

INSTANTIATE_TEST_SUITE_P(
    Types, StatisticsTest,
    ::testing::Values(
        Case{"integers", arrow::int64(), "[3, null, -9223372036854775808]",
             R"({"numRecords":3,"minValues":{"c":-9223372036854775808},"maxValues":{"c":3},"nullCount":{"c":1}})"},
        Case{"bytes_of_small_integers", arrow::int8(), "[-128, 127]",
             R"({"numRecords":2,"minValues":{"c":-128},"maxValues":{"c":127},"nullCount":{"c":0}})"},
        Case{"all_null", arrow::int32(), "[null, null]", R"({"numRecords":2,"minValues":{},"maxValues":{},"nullCount":{"c":2}})"},
        Case{"boolean", arrow::boolean(), "[true, null]", R"({"numRecords":2,"minValues":{},"maxValues":{},"nullCount":{"c":1}})"},
        Case{"binary", arrow::binary(), R"(["a", null])", R"({"numRecords":2,"minValues":{},"maxValues":{},"nullCount":{"c":1}})"},
        Case{"list", arrow::list(arrow::int32()), "[[1, null], null]",
             R"({"numRecords":2,"minValues":{},"maxValues":{},"nullCount":{"c":1}})"},
        Case{"float_as_the_double_it_is", arrow::float32(), "[0.1]",
             R"({"numRecords":1,"minValues":{"c":0.10000000149011612},"maxValues":{"c":0.10000000149011612},"nullCount":{"c":0}})"},
        Case{"both_zeros", arrow::float64(), "[0.0, -0.0]",
             R"({"numRecords":2,"minValues":{"c":-0.0},"maxValues":{"c":0.0},"nullCount":{"c":0}})"},
        Case{"nan", arrow::float64(), "[1, NaN, 2]", R"({"numRecords":3,"minValues":{},"maxValues":{},"nullCount":{"c":0}})"},
        Case{"infinity", arrow::float64(), "[1, -Inf]", R"({"numRecords":2,"minValues":{},"maxValues":{},"nullCount":{"c":0}})"},
        Case{"decimal_with_its_scale", arrow::decimal128(10, 2), R"(["1.50", "-0.10"])",
             R"({"numRecords":2,"minValues":{"c":-0.10},"maxValues":{"c":1.50},"nullCount":{"c":0}})"},
        Case{"date", arrow::date32(), "[0, -1]",
             R"({"numRecords":2,"minValues":{"c":"1969-12-31"},"maxValues":{"c":"1970-01-01"},"nullCount":{"c":0}})"},
        Case{"timestamp_floor_and_ceiling", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1001, 1999001]",
             R"({"numRecords":2,"minValues":{"c":"1970-01-01T00:00:00.001Z"},"maxValues":{"c":"1970-01-01T00:00:02.000Z"},"nullCount":{"c":0}})"},
        Case{"timestamp_before_1970", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[-1]",
             R"({"numRecords":1,"minValues":{"c":"1969-12-31T23:59:59.999Z"},"maxValues":{"c":"1970-01-01T00:00:00.000Z"},"nullCount":{"c":0}})"},
        Case{"timestamp_exact", arrow::timestamp(arrow::TimeUnit::MICRO), "[1000]",
             R"({"numRecords":1,"minValues":{"c":"1970-01-01T00:00:00.001"},"maxValues":{"c":"1970-01-01T00:00:00.001"},"nullCount":{"c":0}})"},
        Case{"timestamp_out_of_range", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[0, 253402300800000000]",
             R"({"numRecords":2,"minValues":{"c":"1970-01-01T00:00:00.000Z"},"maxValues":{},"nullCount":{"c":0}})"},
        Case{"text", arrow::utf8(), R"(["b", "a", null, "ä"])",
             R"({"numRecords":4,"minValues":{"c":"a"},"maxValues":{"c":"ä"},"nullCount":{"c":1}})"},
        Case{"members_of_a_struct_are_null_with_it",
             arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("s", arrow::struct_({arrow::field("b", arrow::utf8())}))}),
             R"([{"a": 1, "s": {"b": "x"}}, null, {"a": 5, "s": null}])",
             R"({"numRecords":3,"minValues":{"c":{"a":1,"s":{"b":"x"}}},"maxValues":{"c":{"a":5,"s":{"b":"x"}}},"nullCount":{"c":{"a":1,"s":{"b":2}}}})"}),
    [](const auto& info) { return info.param.name; });

TEST(FileStatistics, decimals_are_numbers_with_their_full_scale) {
  const auto batch = batch_of(arrow::decimal128(38, 3), R"(["12345678901234567890123456789012345.670"])");
  FileStatistics statistics(*batch->schema(), {});
  ASSERT_TRUE(statistics.add(*batch).ok());
  EXPECT_NE(statistics.to_json().find(R"("minValues":{"c":12345678901234567890123456789012345.670})"), std::string::npos);
}

TEST(FileStatistics, of_a_table_cover_the_columns_that_its_properties_name) {
  Metadata metadata;
  EXPECT_EQ(statistics_scope(metadata).indexed, 32);
  metadata.configuration["delta.dataSkippingNumIndexedCols"] = "1";
  const auto two = arrow::struct_({arrow::field("a", arrow::int32()), arrow::field("b", arrow::int32())});
  const char* values = R"([{"a": 1, "b": 2}])";
  EXPECT_EQ(stats_of(two, values, statistics_scope(metadata))["minValues"], Json::parse(R"({"c":{"a":1}})"));
  metadata.configuration["delta.dataSkippingNumIndexedCols"] = "0";
  EXPECT_EQ(stats_of(two, values, statistics_scope(metadata))["nullCount"], Json::object());
  metadata.configuration["delta.dataSkippingNumIndexedCols"] = "-1";
  EXPECT_EQ(stats_of(two, values, statistics_scope(metadata))["minValues"], Json::parse(R"({"c":{"a":1,"b":2}})"));
  metadata.configuration["delta.dataSkippingStatsColumns"] = "x, `c`.b";
  EXPECT_EQ(stats_of(two, values, statistics_scope(metadata))["minValues"], Json::parse(R"({"c":{"b":2}})"));
  metadata.configuration["delta.dataSkippingStatsColumns"] = "c";
  EXPECT_EQ(stats_of(two, values, statistics_scope(metadata))["minValues"], Json::parse(R"({"c":{"a":1,"b":2}})"));
}

TEST(FileStatistics, of_slices_are_those_of_the_slice) {
  const auto whole = batch_of(arrow::utf8(), R"(["a", null, "m", "k", "z"])");
  const auto slice = whole->Slice(1, 3);
  FileStatistics statistics(*slice->schema(), {});
  ASSERT_TRUE(statistics.add(*slice).ok());
  EXPECT_EQ(Json::parse(statistics.to_json()),
            Json::parse(R"({"numRecords":3,"minValues":{"c":"k"},"maxValues":{"c":"m"},"nullCount":{"c":1}})"));
}

/// Random rows: what is said of them is true, batch by batch and with any nulls, and tight where nothing is cut.
TEST(FileStatistics, are_true_of_random_rows) {
  std::mt19937_64 random(42);
  const auto schema = arrow::schema({arrow::field("i", arrow::int64()), arrow::field("d", arrow::float64()), arrow::field("s", arrow::utf8()),
                                     arrow::field("t", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
  for (int round = 0; round < 200; ++round) {
    FileStatistics statistics(*schema, {});
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    int64_t least = std::numeric_limits<int64_t>::max();
    for (int b = 0; b < 3; ++b) {
      arrow::Int64Builder i;
      arrow::DoubleBuilder d;
      arrow::StringBuilder s;
      arrow::TimestampBuilder t(schema->field(3)->type(), arrow::default_memory_pool());
      const auto rows = static_cast<int64_t>(random() % 20);
      for (int64_t row = 0; row < rows; ++row) {
        const auto value = static_cast<int64_t>(random()) >> (random() % 60);
        if (random() % 5 == 0) {
          ASSERT_TRUE(i.AppendNull().ok() && d.AppendNull().ok() && s.AppendNull().ok() && t.AppendNull().ok());
          continue;
        }
        least = std::min(least, value);
        ASSERT_TRUE(i.Append(value).ok());
        ASSERT_TRUE(d.Append(random() % 300 == 0 ? std::nan("") : static_cast<double>(value) / 7).ok());
        ASSERT_TRUE(s.Append(std::string(random() % 50, static_cast<char>('a' + random() % 26)) + (random() % 2 ? "é" : "")).ok());
        ASSERT_TRUE(t.Append(value % 4'000'000'000'000'000).ok());
      }
      batches.push_back(arrow::RecordBatch::Make(schema, rows, {*i.Finish(), *d.Finish(), *s.Finish(), *t.Finish()}));
      ASSERT_TRUE(statistics.add(*batches.back()).ok());
    }
    const std::string json = statistics.to_json();
    StatisticsCheck check(json, *schema);
    for (const auto& batch : batches) ASSERT_TRUE(check.add(*batch).ok());
    for (const auto& found : check.finish()) ADD_FAILURE() << found.detail << " in " << json;
    if (least != std::numeric_limits<int64_t>::max()) {
      EXPECT_EQ(Json::parse(json)["minValues"]["i"], least);
    }
  }
}

TEST(StatisticsCheck, finds_each_lie) {
  const auto codes = [](const std::shared_ptr<arrow::DataType>& type, const std::string& values, const std::string& stats) {
    const auto batch = batch_of(type, values);
    StatisticsCheck check(stats, *batch->schema());
    EXPECT_TRUE(check.add(*batch).ok());
    std::vector<std::string> found;
    for (const auto& one : check.finish()) found.push_back(one.code);
    return found;
  };
  using Codes = std::vector<std::string>;
  EXPECT_EQ(codes(arrow::int64(), "[1, 2]", R"({"numRecords":2,"minValues":{"c":1},"maxValues":{"c":2},"nullCount":{"c":0}})"), Codes{});
  EXPECT_EQ(codes(arrow::int64(), "[1, 2]", R"({"numRecords":2,"minValues":{"c":2}})"), Codes{"false_bound"});
  EXPECT_EQ(codes(arrow::int64(), "[1, 2]", R"({"numRecords":2,"maxValues":{"c":1}})"), Codes{"false_bound"});
  EXPECT_EQ(codes(arrow::int64(), "[1, 2]", R"({"numRecords":3})"), Codes{"wrong_row_count"});
  EXPECT_EQ(codes(arrow::int64(), "[1, null]", R"({"nullCount":{"c":0}})"), Codes{"wrong_null_count"});
  EXPECT_EQ(codes(arrow::utf8(), R"(["abc"])", R"({"maxValues":{"c":"abb"}})"), Codes{"false_bound"});
  EXPECT_EQ(codes(arrow::float64(), "[NaN]", R"({"maxValues":{"c":9}})"), Codes{"false_bound"});
  EXPECT_EQ(codes(arrow::date32(), "[1]", R"({"maxValues":{"c":"1970-01-01"}})"), Codes{"false_bound"});
  EXPECT_EQ(codes(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1999]", R"({"maxValues":{"c":"1970-01-01T00:00:00.001Z"}})"), Codes{});
  EXPECT_EQ(codes(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[2000]", R"({"maxValues":{"c":"1970-01-01T00:00:00.001Z"}})"), Codes{"false_bound"});
  EXPECT_EQ(codes(arrow::int64(), "[1]", "nonsense"), Codes{"broken_statistics"});
}

}  // namespace
}  // namespace laketide::lake
