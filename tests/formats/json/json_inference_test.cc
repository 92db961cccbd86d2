#include "formats/json/json_inference.h"

#include <gtest/gtest.h>

#include <arrow/type.h>

#include "flow/schema_text.h"
#include "formats/json/json_format.h"
#include "support/sample_records.h"

namespace laketide::json {
namespace {


std::string inferred(const std::vector<std::string>& values) {
  SampleRecords sample;
  for (const auto& value : values) sample.add(value);
  auto inference = make_json_inference(true);
  inference->add(sample.records());
  auto schema = inference->schema();
  return schema.ok() ? to_schema_text(**schema) : std::string(schema.status().code());
}

TEST(JsonInference, ChoosesWideTypesInOrderOfFirstSight) {
  EXPECT_EQ(inferred({R"({"i":1,"d":1.5,"t":"x","z":"2026-01-02T03:04:05Z","b":true,"o":{"a":1},"l":[1],"n":null})", R"({"late":2})"}),
            "i bigint, d double, t text, z timestamptz, b boolean, o jsonb, l jsonb, n text, late bigint, _rescued text");
}

TEST(JsonInference, WidensWhatDiffers) {
  EXPECT_EQ(inferred({R"({"a":1,"b":"2026-01-02T03:04:05Z","c":1,"d":true,"e":1,"f":[1],"g":"2026-01-02","h":null,"k":99999999999999999999})",
                      R"({"a":2.5,"b":"x","c":"x","d":0,"e":null,"f":1,"g":"2026-01-02T03:04:05","h":1,"k":1})"}),
            "a double, b text, c jsonb, d jsonb, e bigint, f jsonb, g text, h bigint, k double, _rescued text");
}

TEST(JsonInference, PassesOverWhatCannotBeDecoded) {
  auto inference = make_json_inference(false);
  SampleRecords sample;
  sample.add("x").add(R"({"a":tru})").add("[1]").add(std::nullopt).add(R"({"a":"x")").add(R"({"b":1} x)").add(R"({"c":1})");
  inference->add(sample.records());
  EXPECT_EQ(inference->count(), 1);
  EXPECT_EQ(to_schema_text(**inference->schema()), "c bigint");
}

TEST(JsonInference, NeedsOneRecord) { EXPECT_EQ(inferred({"x"}), "schema_needed"); }

TEST(JsonInference, LeavesNamesThatCannotBeColumnsToRescue) {
  EXPECT_EQ(inferred({R"({"_offset":1,"a":1,"A":2,"":3,"_id":4,"_rescued":5,"odd name":6})"}),
            "a bigint, _id bigint, \"odd name\" bigint, _rescued text");
}

TEST(JsonInference, GivesATextThatMakesTheSameFormat) {
  const std::string text = inferred({R"({"a":1,"o":{}})"});
  auto format = make_json_format({text});
  ASSERT_TRUE(format.ok());
  EXPECT_EQ(to_schema_text(*(*format)->schema()), text);
  EXPECT_EQ((*format)->inference(), nullptr);
  EXPECT_NE((*make_json_format({}))->inference(), nullptr);
}

TEST(JsonFormat, RefusesWhatItCannotDo) {
  EXPECT_EQ(make_json_format({"a int", "row", "evolve"}).status().code(), "unsupported");
  EXPECT_EQ(make_json_format({"a int", "row", "maybe"}).status().code(), "bad_value");
  EXPECT_EQ(make_json_format({"a int", "drop"}).status().field(), "tombstones");
  EXPECT_EQ(make_json_format({"a nit"}).status().code(), "bad_schema");
  EXPECT_EQ(make_json_format({"a int, _rescued int", "row", "rescue"}).status().code(), "bad_schema");
}

}  // namespace
}  // namespace laketide::json
