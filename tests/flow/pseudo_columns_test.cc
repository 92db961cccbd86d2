#include "flow/pseudo_columns.h"

#include <gtest/gtest.h>

#include <arrow/array/array_base.h>
#include <arrow/memory_pool.h>

#include "support/sample_records.h"

namespace laketide {
namespace {

const std::vector<std::string> kAll{"_topic", "_partition", "_offset", "_timestamp", "_timestamp_type", "_key", "_value", "_headers"};

TEST(PseudoColumns, AddsManyRecordsAsItAddsEach) {
  SampleRecords sample;
  for (int i = 0; i < 100; ++i) {
    sample.add(i % 7 == 0 ? std::nullopt : std::optional("value " + std::to_string(i)), i % 3 == 0 ? std::nullopt : std::optional(std::string("key")),
               {{"name", "header"}});
    sample.last().partition = i % 5;
    sample.last().offset = RecordOffset(int64_t{1} << 40 | i);
    sample.last().timestamp_ms = i % 4 == 0 ? -1 : 1'767'225'600'000 + i;
  }
  const Records records = sample.records();
  PseudoColumns together(kAll, arrow::default_memory_pool());
  PseudoColumns each(kAll, arrow::default_memory_pool());
  for (const size_t step : {size_t{1}, size_t{3}, size_t{200}}) {
    std::vector<size_t> rows;
    for (size_t row = 0; row < records.rows.size(); row += step) rows.push_back(row);
    together.append(records, rows);
    together.append(records, std::vector<size_t>());
    for (const size_t row : rows) each.append(records, records.rows[row]);
    const auto found = together.finish().value(), expected = each.finish().value();
    ASSERT_EQ(found.size(), kAll.size());
    for (size_t i = 0; i < kAll.size(); ++i) {
      EXPECT_TRUE(found[i]->ValidateFull().ok()) << kAll[i];
      EXPECT_EQ(found[i]->length(), static_cast<int64_t>(rows.size())) << kAll[i];
      EXPECT_TRUE(found[i]->Equals(*expected[i])) << kAll[i];
    }
  }
}

}  // namespace
}  // namespace laketide
