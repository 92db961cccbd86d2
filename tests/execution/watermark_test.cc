#include "execution/watermark.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

using namespace std::chrono_literals;

const SourcePartition kA{"s", "t", 0}, kB{"s", "t", 1};
const std::set<SourcePartition> kBoth{kA, kB};
constexpr EventTimeRule kRule{10us};

TEST(WatermarkTest, is_the_least_of_the_partitions_minus_the_delay) {
  const EventClock clock = advanced(kRule, {}, {{kA, {100}}, {kB, {50}}}, kBoth, {});
  EXPECT_EQ(clock.watermark, Instant{40});
}

TEST(WatermarkTest, waits_for_a_partition_that_never_had_a_row) {
  EXPECT_EQ(advanced(kRule, {}, {{kA, {100}}}, kBoth, {}).watermark, std::nullopt);
}

TEST(WatermarkTest, does_not_wait_for_an_idle_one) {
  EXPECT_EQ(advanced(kRule, {}, {{kA, {100}}}, kBoth, {kB}).watermark, Instant{90});
}

TEST(WatermarkTest, never_goes_back_when_an_idle_partition_wakes_up) {
  const EventClock before = advanced(kRule, {}, {{kA, {100}}}, kBoth, {kB});
  const EventClock after = advanced(kRule, before, {{kB, {20}}}, kBoth, {});
  EXPECT_EQ(after.watermark, Instant{90});
  EXPECT_EQ(advanced(kRule, after, {{kB, {300}}}, kBoth, {}).watermark, Instant{90}) << "now partition 0 holds it";
}

TEST(WatermarkTest, is_the_newest_when_all_are_idle_whichever_fell_silent_last) {
  const EventClock before = advanced(kRule, {}, {{kA, {100}}, {kB, {50}}}, kBoth, {});
  EXPECT_EQ(before.watermark, Instant{40});
  EXPECT_EQ(advanced(kRule, before, {}, kBoth, kBoth).watermark, Instant{90});
}

TEST(WatermarkTest, an_older_time_lowers_nothing) {
  const EventClock before = advanced(kRule, {}, {{kA, {100}}, {kB, {50}}}, kBoth, {});
  EXPECT_EQ(advanced(kRule, before, {{kB, {5}}}, kBoth, {}), before);
}

TEST(WatermarkTest, by_sparks_rule_the_largest_counts_and_nobody_is_idle) {
  EventTimeRule spark = kRule;
  spark.spark = true;
  const EventClock clock = advanced(spark, {}, {{kA, {100}}}, kBoth, {kB});
  EXPECT_EQ(clock.watermark, Instant{90});
  EXPECT_TRUE(clock.idle.empty());
}

}  // namespace
}  // namespace laketide
