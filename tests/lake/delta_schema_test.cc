#include "lake/delta_schema.h"

#include <gtest/gtest.h>

#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>
#include <nlohmann/json.hpp>

namespace laketide::lake {
namespace {

std::string type_of(const std::shared_ptr<arrow::DataType>& type) {
  const auto text = to_schema_string(*arrow::schema({arrow::field("c", type)}));
  if (!text.ok()) return std::string(text.status().code());
  return nlohmann::json::parse(*text)["fields"][0]["type"].dump();
}

TEST(DeltaSchema, spells_each_type) {
  EXPECT_EQ(type_of(arrow::boolean()), R"("boolean")");
  EXPECT_EQ(type_of(arrow::int8()), R"("byte")");
  EXPECT_EQ(type_of(arrow::int16()), R"("short")");
  EXPECT_EQ(type_of(arrow::int32()), R"("integer")");
  EXPECT_EQ(type_of(arrow::int64()), R"("long")");
  EXPECT_EQ(type_of(arrow::uint8()), R"("short")");
  EXPECT_EQ(type_of(arrow::uint32()), R"("long")");
  EXPECT_EQ(type_of(arrow::uint64()), R"x("decimal(20,0)")x");
  EXPECT_EQ(type_of(arrow::float32()), R"("float")");
  EXPECT_EQ(type_of(arrow::float64()), R"("double")");
  EXPECT_EQ(type_of(arrow::decimal128(38, 16)), R"x("decimal(38,16)")x");
  EXPECT_EQ(type_of(arrow::utf8()), R"("string")");
  EXPECT_EQ(type_of(arrow::dictionary(arrow::int32(), arrow::utf8())), R"("string")");
  EXPECT_EQ(type_of(arrow::binary()), R"("binary")");
  EXPECT_EQ(type_of(arrow::date32()), R"("date")");
  EXPECT_EQ(type_of(arrow::time64(arrow::TimeUnit::MICRO)), R"("long")");
  EXPECT_EQ(type_of(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")), R"("timestamp")");
  EXPECT_EQ(type_of(arrow::timestamp(arrow::TimeUnit::MICRO)), R"("timestamp_ntz")");
  EXPECT_EQ(type_of(arrow::list(arrow::field("x", arrow::int32(), false))), R"({"containsNull":false,"elementType":"integer","type":"array"})");
  EXPECT_EQ(type_of(arrow::map(arrow::utf8(), arrow::int64())),
            R"({"keyType":"string","type":"map","valueContainsNull":true,"valueType":"long"})");
  EXPECT_EQ(type_of(arrow::struct_({arrow::field("a", arrow::int32(), false)})),
            R"({"fields":[{"metadata":{},"name":"a","nullable":false,"type":"integer"}],"type":"struct"})");
}

TEST(DeltaSchema, refuses_what_delta_has_no_type_for) {
  for (const auto& type : {arrow::null(), arrow::duration(arrow::TimeUnit::MICRO), arrow::month_day_nano_interval(), arrow::float16(),
                           arrow::timestamp(arrow::TimeUnit::NANO), arrow::decimal256(50, 2)}) {
    EXPECT_EQ(type_of(type), "schema_mismatch") << type->ToString();
    EXPECT_EQ(type_of(arrow::list(type)), "schema_mismatch") << type->ToString();
  }
}

TEST(DeltaSchema, comes_back_as_it_went) {
  const auto jsonb = arrow::key_value_metadata({"laketide.type"}, {"jsonb"});
  const auto schema = arrow::schema({
      arrow::field("id", arrow::int64(), false),
      arrow::field("doc", arrow::utf8(), true, jsonb),
      arrow::field("price", arrow::decimal128(12, 4)),
      arrow::field("at", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
      arrow::field("local", arrow::timestamp(arrow::TimeUnit::MICRO)),
      arrow::field("tags", arrow::list(arrow::field("element", arrow::struct_({arrow::field("k", arrow::utf8(), false)})))),
      arrow::field("counts", arrow::map(arrow::utf8(), arrow::int32())),
  });
  const auto text = to_schema_string(*schema);
  ASSERT_TRUE(text.ok()) << text.status().to_string();
  const auto back = from_schema_string(*text);
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  EXPECT_TRUE((*back)->Equals(*schema, /*check_metadata=*/true)) << (*back)->ToString();
  EXPECT_EQ(*to_schema_string(**back), *text);
}

TEST(DeltaSchema, refuses_names_that_readers_choke_on) {
  for (const char* name : {"", "a b", "a,b", "a=b", "a\tb", "(a)"}) {
    EXPECT_EQ(to_schema_string(*arrow::schema({arrow::field(name, arrow::int64())})).status().code(), "schema_mismatch") << name;
  }
  const auto twins = arrow::schema({arrow::field("Id", arrow::int64()), arrow::field("id", arrow::int64())});
  EXPECT_EQ(to_schema_string(*twins).status().code(), "schema_mismatch");
  EXPECT_TRUE(to_schema_string(*arrow::schema({arrow::field("größe.µ", arrow::int64())})).ok());
}

TEST(DeltaSchema, refuses_text_that_is_none_and_types_it_does_not_know) {
  EXPECT_EQ(from_schema_string("{").status().code(), "broken_log");
  EXPECT_EQ(from_schema_string(R"({"type":"struct"})").status().code(), "broken_log");
  const auto unknown = from_schema_string(R"({"type":"struct","fields":[{"name":"v","type":"variant","nullable":true,"metadata":{}}]})");
  EXPECT_EQ(unknown.status().code(), "unsupported_table");
  EXPECT_NE(unknown.status().detail().find("variant"), std::string_view::npos);
}

TEST(DeltaSchema, a_type_fits_its_like_unless_a_null_could_slip_in) {
  const auto of = [](bool nullable) { return arrow::list(arrow::field("element", arrow::int32(), nullable)); };
  EXPECT_TRUE(type_fits(*of(false), *of(true)));
  EXPECT_TRUE(type_fits(*arrow::list(arrow::field("item", arrow::int32())), *of(true))) << "names of members do not count";
  EXPECT_FALSE(type_fits(*of(true), *of(false)));
  EXPECT_FALSE(type_fits(*arrow::int32(), *arrow::int64()));
  EXPECT_FALSE(type_fits(*arrow::decimal128(10, 2), *arrow::decimal128(10, 3)));
}

}  // namespace
}  // namespace laketide::lake
