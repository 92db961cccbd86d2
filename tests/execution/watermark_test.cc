#include "execution/watermark.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

using namespace std::chrono_literals;

const SourcePartition kA{"s", "t", 0}, kB{"s", "t", 1};
const std::set<SourcePartition> kBoth{kA, kB};
const EventTimeRules kRule{{"s", {10us}}};

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
  EventTimeRules spark = kRule;
  spark.at("s").spark = true;
  const EventClock clock = advanced(spark, {}, {{kA, {100}}}, kBoth, {kB});
  EXPECT_EQ(clock.watermark, Instant{90});
  EXPECT_TRUE(clock.idle.empty());
}

TEST(WatermarkTest, is_the_least_over_all_sources_each_less_its_own_delay) {
  const SourcePartition other{"u", "t", 0}, timeless{"v", "t", 0};
  const EventTimeRules rules{{"s", {10us}}, {"u", {60us}}};
  const std::set<SourcePartition> all{kA, other, timeless};
  EXPECT_EQ(advanced(rules, {}, {{kA, {100}}}, all, {}).watermark, std::nullopt) << "nothing is known of the other source";
  const EventClock clock = advanced(rules, {}, {{kA, {100}}, {other, {120}}}, all, {});
  EXPECT_EQ(clock.watermark, Instant{60});
  EXPECT_EQ(advanced(rules, clock, {}, all, {other}).watermark, Instant{90}) << "a source that fell silent holds nobody back";
  EXPECT_EQ(advanced(rules, clock, {}, all, {kA, other}).watermark, Instant{90}) << "the newest, less the delay of its source";
}

TEST(WatermarkTest, a_source_under_sparks_rule_is_one_among_the_others) {
  const SourcePartition other{"u", "t", 0};
  EventTimeRules rules{{"s", {10us}}, {"u", {0us}}};
  rules.at("s").spark = true;
  const std::set<SourcePartition> all{kA, kB, other};
  EXPECT_EQ(advanced(rules, {}, {{kA, {100}}, {kB, {50}}}, all, {}).watermark, std::nullopt);
  EXPECT_EQ(advanced(rules, {}, {{kA, {100}}, {kB, {50}}, {other, {95}}}, all, {}).watermark, Instant{90});
  EXPECT_EQ(advanced(rules, {}, {{kA, {100}}, {other, {70}}}, all, {other}).watermark, Instant{90});
}

}  // namespace
}  // namespace laketide
