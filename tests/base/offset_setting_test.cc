#include "base/offset_setting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace laketide {
namespace {

TEST(OffsetSetting, IsWrittenAsItIsReadBack) {
  const std::pair<const char*, const char*> forms[] = {{"-2", "earliest"},
                                                       {"latest", "latest"},
                                                       {R"({"p1":-2,"0":"latest"})", R"({"0":-1,"1":-2})"},
                                                       {R"({"b":{"0":5},"a":{"p7":0}})", R"({"a":{"7":0},"b":{"0":5}})"},
                                                       {R"({"a":{"0":5}})", R"({"a":{"0":5}})"},
                                                       {"2023-11-15 00:13:20+02:00", "2023-11-14T22:13:20.000000Z"},
                                                       {"1700000000123", "2023-11-14T22:13:20.123000Z"}};
  for (const auto& [text, canonical] : forms) {
    const auto setting = parse_offsets(text, "start");
    ASSERT_TRUE(setting.ok()) << text;
    EXPECT_EQ(offsets_text(*setting), canonical);
    EXPECT_EQ(offsets_text(*parse_offsets(canonical, "start")), canonical);
  }
}

TEST(OffsetSetting, ABareOffsetIsRefusedWithTheFormThatWasMeant) {
  for (const char* text : {"100", "0", "99999999999"}) {
    const auto setting = parse_offsets(text, "startOffset");
    ASSERT_FALSE(setting.ok()) << text;
    EXPECT_EQ(setting.status().field(), "startOffset");
    EXPECT_THAT(std::string(setting.status().detail()), testing::HasSubstr("write {\"0\": " + std::string(text) + "}"));
  }
  EXPECT_TRUE(parse_offsets("100000000000", "startOffset").ok());
  EXPECT_EQ(offsets_text(*parse_offsets("253402300799999", "startOffset")), "9999-12-31T23:59:59.999000Z") << "the last that can be written";
  EXPECT_FALSE(parse_offsets("253402300800000", "startOffset").ok());
}

TEST(OffsetSetting, ATopicWithoutAPartitionIsRefused) {
  for (const char* text : {R"({"events": {}})", R"({"a": {}, "b": {"0": 1}})"}) {
    const auto setting = parse_offsets(text, "start");
    ASSERT_FALSE(setting.ok()) << text;
    EXPECT_THAT(std::string(setting.status().detail()), testing::HasSubstr("no partition of topic"));
  }
}

}  // namespace
}  // namespace laketide
