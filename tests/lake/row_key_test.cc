// Keys of rows as bytes, and the files that can hold them.
#include "lake/row_key.h"

#include <gtest/gtest.h>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "lake/file_statistics.h"
#include "lake/key_bounds.h"
#include "lake/key_index.h"
#include "lake/partition_value.h"

namespace laketide::lake::row_key_test {
namespace {

using Rows = std::shared_ptr<arrow::RecordBatch>;

std::string bytes_of(const std::shared_ptr<arrow::Array>& column, int64_t row) {
  std::string out;
  ValueBytes::make(column->type(), "x").value().append(*column, row, out);
  return out;
}

TEST(ValueBytes, GoInTheOrderOfTheValues) {
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  arrow::DoubleBuilder doubles;
  ASSERT_TRUE(doubles.AppendValues({-infinity, -2.5, -1e-300, 0.0, 1e-300, 7, infinity, nan}).ok());
  const std::shared_ptr<arrow::Array> ascending[] = {
      *doubles.Finish(),
      *arrow::json::ArrayFromJSONString(arrow::int64(), "[-9223372036854775808, -256, -1, 0, 1, 255, 256, 9223372036854775807]"),
      *arrow::json::ArrayFromJSONString(arrow::int16(), "[-32768, -1, 0, 1, 32767]"),
      *arrow::json::ArrayFromJSONString(arrow::int8(), "[-128, -1, 0, 127]"),
      *arrow::json::ArrayFromJSONString(arrow::boolean(), "[false, true]"),
      *arrow::json::ArrayFromJSONString(arrow::date32(), "[-1000, -1, 0, 1, 20000]"),
      *arrow::json::ArrayFromJSONString(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[-5, 0, 1767315845678901]"),
      *arrow::json::ArrayFromJSONString(arrow::decimal128(38, 2), R"(["-999999999999999999999999.99", "-0.01", "0.00", "0.01", "184467440737095516.16", "999999999999999999999999.99"])"),
      *arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["", "A", "B", "a", "aa", "b", "ä", "\uffff"])"),
  };
  for (const auto& column : ascending) {
    for (int64_t row = 1; row < column->length(); ++row) EXPECT_LT(bytes_of(column, row - 1), bytes_of(column, row)) << column->type()->ToString() << " " << row;
  }
}

TEST(ValueBytes, EqualNumbersHaveEqualBytes) {
  arrow::DoubleBuilder doubles;
  ASSERT_TRUE(doubles.AppendValues({0.0, -0.0, std::nan("1"), -std::nan("2")}).ok());
  const std::shared_ptr<arrow::Array> column = *doubles.Finish();
  EXPECT_EQ(bytes_of(column, 0), bytes_of(column, 1));
  EXPECT_EQ(bytes_of(column, 2), bytes_of(column, 3));
}

std::string key_of(const RowKey& key, const Rows& rows, int64_t row) {
  std::string out;
  key.append(key.columns_of(*rows), row, out);
  return out;
}

Rows rows_of(const arrow::FieldVector& fields, const std::string& json) {
  const auto rows = *arrow::json::ArrayFromJSONString(arrow::struct_(fields), json);
  return arrow::RecordBatch::Make(arrow::schema(fields), rows->length(), static_cast<const arrow::StructArray&>(*rows).fields());
}

TEST(RowKey, TellsRowsApartByAllOfItsColumnsAndNullIsAValue) {
  const arrow::FieldVector fields = {arrow::field("a", arrow::utf8()), arrow::field("b", arrow::utf8()), arrow::field("c", arrow::int32())};
  const auto rows = rows_of(fields, R"([["x", "y", 1], ["xy", "", 1], ["", "xy", 1], [null, "xy", 1], ["x", "y", null], ["x", "y", 2], ["x", null, 1]])");
  const auto key = *RowKey::make(*rows->schema(), {"c", "a", "b"}, {});
  std::set<std::string> keys;
  for (int64_t row = 0; row < rows->num_rows(); ++row) keys.insert(key_of(key, rows, row));
  EXPECT_EQ(keys.size(), 7U);
  const std::string first = key_of(key, rows, 4);
  const auto values = key.split(first);
  ASSERT_EQ(values.size(), 3U);
  EXPECT_FALSE(values[0]);
  EXPECT_EQ(values[1], "x");
  EXPECT_EQ(values[2], "y");
  const auto partitioned = *RowKey::make(*rows->schema(), {"c", "a", "b"}, {"a"});
  EXPECT_EQ(key_of(partitioned, rows, 2), key_of(partitioned, rows, 3)) << "a partition cannot tell the empty text from NULL";
}

TEST(RowKey, RefusesWhatCannotBeAKey) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int32()), arrow::field("l", arrow::list(arrow::int32()))});
  EXPECT_EQ(RowKey::make(*schema, {"a", "a"}, {}).status().code(), "bad_key");
  EXPECT_EQ(RowKey::make(*schema, {"x"}, {}).status().code(), "bad_key");
  EXPECT_EQ(RowKey::make(*schema, {"l"}, {}).status().code(), "bad_key");
}

TEST(KeyIndex, NumbersManyKeysAndFindsThem) {
  KeyIndex index(nullptr);
  EXPECT_EQ(index.find("nothing"), KeyIndex::kNone);
  for (int turn = 0; turn < 2; ++turn) {
    for (uint32_t i = 0; i < 20'000; ++i) {
      bool is_new = false;
      const std::string key = std::string(i % 40, 'k') + std::to_string(i);
      EXPECT_EQ(*index.number(key, is_new), i);
      EXPECT_EQ(is_new, turn == 0);
    }
  }
  for (uint32_t i = 0; i < 20'000; i += 777) EXPECT_EQ(index.key(i), std::string(i % 40, 'k') + std::to_string(i));
  EXPECT_EQ(index.find("k20000"), KeyIndex::kNone);
}

// A file that the bounds pass over has none of the keys; and enough are passed over to make it worth while.
TEST(KeyBounds, LoseNoFileThatHoldsAKey) {
  const arrow::FieldVector fields = {arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8()), arrow::field("d", arrow::date32()),
                                     arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), arrow::field("f", arrow::float64()),
                                     arrow::field("p", arrow::utf8())};
  std::mt19937_64 random(4711);
  const auto pick = [&](int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random); };
  const auto rows_near = [&](int64_t center, const std::string& partition) {
    std::string json;
    for (int64_t row = pick(1, 6); row > 0; --row) {
      const auto or_null = [&](std::string text) { return pick(0, 12) == 0 ? std::string("null") : text; };
      const int64_t n = center + pick(-2, 2);
      const std::string text = '"' + std::string(static_cast<size_t>(pick(0, 1) * 40), 'x') + std::to_string(n) + (pick(0, 3) == 0 ? "ü" : "") + '"';
      json += (json.empty() ? "[[" : ", [") + or_null(std::to_string(n)) + ", " + or_null(text) + ", " + or_null(std::to_string(n)) + ", " +
              or_null(std::to_string(n * 1'000'000 + pick(0, 1) * 999'999)) + ", " + or_null(std::to_string(n) + ".5") + ", " +
              (partition.empty() ? "null" : "\"" + partition + "\"") + "]";
    }
    return rows_of(fields, json + "]");
  };
  const std::vector<std::vector<std::string>> choices = {{"n"}, {"t"}, {"d"}, {"ts"}, {"f"}, {"p", "n"}, {"n", "t"}, {"p", "ts", "d"}};
  int64_t passed_over = 0, held = 0;
  for (int turn = 0; turn < 3000; ++turn) {
    const auto& names = choices[static_cast<size_t>(turn) % choices.size()];
    const auto schema = arrow::schema(fields);
    const auto key = *RowKey::make(*schema, names, {"p"});
    const std::string partition = pick(0, 2) == 0 ? "" : std::string(1, static_cast<char>('a' + pick(0, 1)));
    const auto file_rows = rows_near(pick(-10, 10), partition);
    const auto in_file = file_rows->RemoveColumn(5).ValueOrDie();
    FileStatistics statistics(*in_file->schema(), StatisticsScope());
    ASSERT_TRUE(statistics.add(*in_file).ok());
    AddFile file;
    file.stats = statistics.to_json();
    file.partition_values["p"] = partition_text(*file_rows->column(5), 0);
    KeyIndex index(nullptr);
    const auto epoch = rows_near(pick(-10, 10), pick(0, 1) == 0 ? partition : "b");
    bool is_new = false;
    for (int64_t row = 0; row < epoch->num_rows(); ++row) ASSERT_TRUE(index.number(key_of(key, epoch, row), is_new).ok());
    bool holds = false;
    for (int64_t row = 0; row < file_rows->num_rows(); ++row) holds = holds || index.find(key_of(key, file_rows, row)) != KeyIndex::kNone;
    const bool may_hold = KeyBounds(key, index).may_hold(file);
    ASSERT_TRUE(may_hold || !holds) << *file.stats << " turn " << turn;
    held += holds ? 1 : 0;
    passed_over += may_hold ? 0 : 1;
    AddFile unknown = file;
    unknown.stats.reset();
    if (holds) {
      EXPECT_TRUE(KeyBounds(key, index).may_hold(unknown));
    }
  }
  EXPECT_GT(held, 100);
  EXPECT_GT(passed_over, 1000);
}

}  // namespace
}  // namespace laketide::lake::row_key_test
