#include "base/quantity.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

using namespace std::chrono_literals;

TEST(Quantity, ReadsDurationsAsPeopleWriteThem) {
  EXPECT_EQ(parse_duration("250us"), 250us);
  EXPECT_EQ(parse_duration("10ms"), 10ms);
  EXPECT_EQ(parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(parse_duration("10 seconds"), 10s);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("2d"), 48h);
  EXPECT_EQ(parse_duration("5000"), 5s) << "a bare number is milliseconds";
  EXPECT_EQ(parse_duration("9007199254740992us"), std::chrono::microseconds(int64_t{1} << 53)) << "the longest that is exact";
  EXPECT_EQ(parse_duration("9007199254741"), std::nullopt);
  for (const char* wrong : {"", "s", "-1s", "1.5", "5 parsecs", "1s2", "1e30d", "0.0000001s", "nan s"}) {
    EXPECT_EQ(parse_duration(wrong), std::nullopt) << wrong;
  }
}

TEST(Quantity, WritesDurationsInTheLargestUnitThatFits) {
  EXPECT_EQ(duration_text(90s), "90s");
  EXPECT_EQ(duration_text(120s), "2m");
  EXPECT_EQ(duration_text(1500us), "1500us");
  EXPECT_EQ(duration_text(48h), "2d");
  EXPECT_EQ(duration_text(0s), "0ms");
}

TEST(Quantity, ReadsAndWritesSizes) {
  EXPECT_EQ(parse_size("256MiB"), 256LL << 20);
  EXPECT_EQ(parse_size("1.5 GiB"), 3LL << 29);
  EXPECT_EQ(parse_size("100MB"), 100'000'000);
  EXPECT_EQ(parse_size("512"), 512);
  EXPECT_EQ(parse_size("9007199254740992"), int64_t{1} << 53) << "the largest that is exact";
  for (const char* wrong : {"9007199254740993", "8193TiB", "", "MiB", "-1KiB", "1 MiB 2", "1XiB", "0.3B", "99999999TiB"}) EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
  EXPECT_EQ(size_text(256LL << 20), "256MiB");
  EXPECT_EQ(size_text(1000), "1000B");
}

TEST(Quantity, ReadsShares) {
  EXPECT_DOUBLE_EQ(*parse_ratio("70%"), 0.7);
  EXPECT_DOUBLE_EQ(*parse_ratio("0.7"), 0.7);
  EXPECT_EQ(parse_ratio("seventy"), std::nullopt);
  EXPECT_EQ(parse_ratio("inf"), std::nullopt);
}

}  // namespace
}  // namespace laketide
