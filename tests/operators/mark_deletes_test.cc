#include "operators/mark_deletes.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "flow/change_column.h"

namespace laketide::mark_deletes_test {
namespace {

Batch rows_of(const arrow::FieldVector& fields, const std::string& json) {
  const auto rows = *arrow::json::ArrayFromJSONString(arrow::struct_(fields), json);
  return arrow::RecordBatch::Make(arrow::schema(fields), rows->length(), static_cast<const arrow::StructArray&>(*rows).fields());
}

/// The rows as JSON would have them, behind what each does.
std::string text_of(const Batch& batch) {
  const ChangeColumn changes(*batch);
  std::string text;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    text += std::string(row == 0 ? "" : " ") + "iud"[static_cast<int>(changes.at(row))];
    text += (*batch->column(0)->GetScalar(row))->ToString();
  }
  return text;
}

TEST(MarkDeletes, SaysDeleteWhereTheConditionIsTrueAndTakesItOut) {
  Context context;
  const auto mark = make_mark_deletes({.condition = 1}, context);
  Rejects rejects;
  Batch out;
  const auto in = rows_of({arrow::field("id", arrow::int64()), arrow::field("gone", arrow::boolean()), arrow::field("_offset", arrow::int64())},
                          R"([[1, true, 7], [2, false, 8], [3, null, 9]])");
  ASSERT_EQ(*mark->process(0, in, out, rejects), Step::kReady);
  EXPECT_EQ(text_of(out), "d1 i2 i3");
  EXPECT_EQ(out->schema()->field_names(), (std::vector<std::string>{"id", "_offset", "_change"}));
}

TEST(MarkDeletes, KeepsWhatTheQuerySaidOfTheOthers) {
  Context context;
  const auto mark = make_mark_deletes({.condition = 1}, context);
  Rejects rejects;
  Batch out;
  const auto in = rows_of({arrow::field("id", arrow::int64()), arrow::field("gone", arrow::boolean()), change_field()},
                          R"([[1, true, 1], [2, false, 1], [3, null, 2], [4, false, 0]])");
  ASSERT_EQ(*mark->process(0, in, out, rejects), Step::kReady);
  EXPECT_EQ(text_of(out), "d1 u2 d3 i4");
  EXPECT_EQ(out->num_columns(), 2);
}

}  // namespace
}  // namespace laketide::mark_deletes_test
