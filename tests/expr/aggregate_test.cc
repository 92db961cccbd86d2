// Aggregates at their edges: values that PostgreSQL 15 gives, memory, estimates.
#include <gtest/gtest.h>

#include <cmath>

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include "expr/aggregate_rows.h"

namespace laketide::expr {
namespace {

const Aggregate& overload_for(std::string_view name, TypeId type) {
  for (const Aggregate* one : aggregates(name)) {
    if (one->args == std::vector{type}) return *one;
  }
  return *aggregates("count")[0];
}

std::shared_ptr<arrow::Array> bigints(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

/// One group of bigints through a call, in two parts that are merged. Confined to its task.
struct OneGroup {
  OneGroup(std::string_view name, arrow::MemoryPool* pool = arrow::default_memory_pool()) : memory(pool) {
    const Aggregate& aggregate = overload_for(name, TypeId::kBigint);
    types.args = {TypeId::kBigint};
    types.result = aggregate.result_type != nullptr ? aggregate.result_type(types.args) : Type(aggregate.result);
    whole = aggregate.make(types, memory);
    part = aggregate.make(types, memory);
  }
  Status add(const std::vector<int64_t>& values) {
    const std::vector<uint32_t> groups(values.size(), 0);
    LT_RETURN_IF_ERROR(whole->resize(1));
    LT_RETURN_IF_ERROR(part->resize(1));
    LT_RETURN_IF_ERROR(part->update({bigints(values)}, groups, nullptr, nullptr));
    LT_ASSIGN_OR_RETURN(const auto columns, part->partial(one, memory));
    LT_RETURN_IF_ERROR(whole->merge(columns, one));
    part->clear(one);
    return {};
  }
  std::string text() const {
    const auto result = whole->finish(one, memory);
    if (!result.ok()) return std::string(result.status().code());
    if (result.value()->IsNull(0)) return "NULL";
    if (types.result.id == TypeId::kNumeric) return to_text(Values<Int128>(*result.value())[0], types.result.scale);
    return std::to_string(Values<int64_t>(*result.value())[0]);
  }

  arrow::MemoryPool* memory;
  AggregateTypes types;
  std::unique_ptr<Accumulator> whole, part;
  const std::vector<uint32_t> one{0};
};

std::string result(std::string_view name, const std::vector<std::vector<int64_t>>& parts) {
  OneGroup group(name);
  EXPECT_TRUE(group.add({}).ok());
  for (const auto& values : parts) EXPECT_TRUE(group.add(values).ok());
  return group.text();
}

TEST(Aggregates, SpreadsOfIntegersAreExact) {
  EXPECT_EQ(result("variance", {{1, 2}, {3, 4}}), "1.6666666666666667");
  EXPECT_EQ(result("var_pop", {{1, 2}, {3, 4}}), "1.2500000000000000");
  EXPECT_EQ(result("stddev", {{1, 2}, {3, 4}}), "1.2909944487358056");
  EXPECT_EQ(result("stddev_pop", {{2, 4, 4, 4}, {5, 5, 7, 9}}), "2.0000000000000000");
  EXPECT_EQ(result("stddev", {{1'000'000'000'000'001}, {1'000'000'000'000'002}}), "0.7071067811865475");
  EXPECT_EQ(result("variance", {{5}}), "NULL");
  EXPECT_EQ(result("var_pop", {{5}}), "0.0000000000000000");
  EXPECT_EQ(result("variance", {{INT64_MAX}, {INT64_MIN}}), "numeric_value_out_of_range");
}

TEST(Aggregates, SumsAndAveragesOfBigintHaveRoom) {
  EXPECT_EQ(result("sum", {{INT64_MAX, INT64_MAX}, {INT64_MAX}}), "27670116110564327421");
  EXPECT_EQ(result("avg", {{INT64_MAX}, {INT64_MAX - 1}}), "9223372036854775806.5000000000000000");
  EXPECT_EQ(result("avg", {{-1, -1}, {0}}), "-0.6666666666666667");
  EXPECT_EQ(result("sum", {}), "NULL");
  EXPECT_EQ(result("min", {{3}, {-7}}), "-7");
}

TEST(Aggregates, EstimatesAreExactForFewAndNearForMany) {
  std::vector<int64_t> values;
  for (int64_t i = 0; i < 256; ++i) values.push_back(i * i);
  EXPECT_EQ(result("approx_count_distinct", {values, values}), "256");
  for (int64_t i = 256; i < 200'000; ++i) values.push_back(i * i);
  EXPECT_NEAR(std::stod(result("approx_count_distinct", {values, values})), 200'000, 200'000 * 0.05);
}

TEST(Aggregates, MemoryThatIsUsedUpIsSaid) {
  arrow::CappedMemoryPool small(arrow::default_memory_pool(), 1024);
  EXPECT_EQ(OneGroup("sum", &small).add({1}).code(), "memory_exceeded");
}

}  // namespace
}  // namespace laketide::expr
