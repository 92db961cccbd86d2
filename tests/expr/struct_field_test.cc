// (s).field over structs as batches hold them: with offsets, with NULLs of the struct and of the field.
#include "expr/struct_field.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "expr/evaluate.h"

namespace laketide::expr {
namespace {

std::shared_ptr<arrow::DataType> place_type() {
  return arrow::struct_({arrow::field("x", arrow::int32()), arrow::field("name", arrow::utf8())});
}

// Rows {1, a}, NULL, {NULL, c}, {4, NULL}, {5, e}; the second has values under its NULL.
std::shared_ptr<arrow::Array> places() {
  arrow::Int32Builder numbers;
  arrow::StringBuilder names;
  EXPECT_TRUE(numbers.AppendValues({1, 2, 0, 4, 5}, {true, true, false, true, true}).ok());
  for (const char* const name : {"a", "b", "c"}) EXPECT_TRUE(names.Append(name).ok());
  EXPECT_TRUE(names.AppendNull().ok());
  EXPECT_TRUE(names.Append("e").ok());
  const auto valid = std::make_shared<arrow::Buffer>(reinterpret_cast<const uint8_t*>("\x1d"), 1);
  return std::make_shared<arrow::StructArray>(place_type(), 5, arrow::ArrayVector{*numbers.Finish(), *names.Finish()}, valid, 1);
}

std::string read(const std::shared_ptr<arrow::Array>& values, const char* field) {
  const auto batch = arrow::RecordBatch::Make(arrow::schema({arrow::field("s", values->type())}), values->length(), {values});
  const auto made = field_of(column("s", Type::of(*batch->schema()->field(0)), true), field, {});
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  const auto resolved = resolve(*made, *batch->schema());
  const auto evaluated = evaluate({*resolved}, *batch, arrow::default_memory_pool());
  EXPECT_TRUE(evaluated.ok());
  const auto& answer = (*evaluated)[0].values;
  EXPECT_TRUE(answer->ValidateFull().ok()) << answer->ValidateFull().ToString();
  std::string text;
  for (int64_t row = 0; row < answer->length(); ++row) text += (row > 0 ? " " : "") + (*answer->GetScalar(row))->ToString();
  return text;
}

TEST(StructField, IsNullWhereTheStructOrTheFieldIs) {
  EXPECT_EQ(read(places(), "x"), "1 null null 4 5");
  EXPECT_EQ(read(places(), "name"), "a null c null e");
}

TEST(StructField, KnowsWhereASliceBegins) {
  EXPECT_EQ(read(places()->Slice(1, 3), "x"), "null null 4");
  EXPECT_EQ(read(places()->Slice(3), "name"), "null e");
}

TEST(StructField, IsPrintedAsItIsWritten) {
  const auto made = field_of(column("s", Type::of(*arrow::field("s", place_type())), false), "name", {});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(print(**made), "(s).name");
  EXPECT_EQ((*made)->type.id, TypeId::kText);
  EXPECT_TRUE((*made)->nullable);
}

TEST(StructField, RefusesWhatIsNotThere) {
  const auto unknown = field_of(column("s", Type::of(*arrow::field("s", place_type())), true), "y", {});
  EXPECT_EQ(unknown.status().detail(), "the struct has no field 'y'; there is: x, name");
  const auto json = field_of(column("j", TypeId::kJsonb, true), "y", {});
  EXPECT_EQ(json.status().detail(), "a field is read out of a struct, and this is jsonb: of jsonb write x ->> 'y'");
}

}  // namespace
}  // namespace laketide::expr
