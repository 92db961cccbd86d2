#include "flow/epoch.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

TEST(EpochPlan, json_gives_back_what_it_was_given) {
  EpochPlan plan;
  plan.pipeline = "p \"quoted\"";
  plan.epoch = EpochId(7);
  plan.opened_at = Instant{1'234'567};
  plan.ranges[{"in", "t", 0}] = Range{NextOffset(5), NextOffset(9)};
  plan.next[{"in", "t", 0}] = NextOffset(9);
  plan.next[{"in", "t", 1}] = NextOffset(0);
  plan.last_records[{"in", "t", 0}] = LastRecord{RecordOffset(8), 1000, hash_key("key", 3)};
  plan.schemas["in"] = "id bigint";
  plan.sinks = {"delta:a", "postgres:b"};
  plan.spec_hash = "abc";
  plan.last = true;
  plan.counts = EpochCounts{10, 7, 2};
  plan.snapshots["in"] = R"({"rows":12,"version":3})";
  const auto back = EpochPlan::from_json(plan.to_json());
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  EXPECT_EQ(back->to_json(), plan.to_json());
  EXPECT_EQ(back->ranges, plan.ranges);
  EXPECT_EQ(back->next, plan.next);
  EXPECT_EQ(back->last_records, plan.last_records);
  EXPECT_EQ(back->sinks, plan.sinks);
  EXPECT_EQ(back->counts, plan.counts);
  EXPECT_EQ(back->snapshots, plan.snapshots);
}

TEST(EpochPlan, a_plan_without_counts_is_read_as_one) {
  EpochPlan plan;
  plan.pipeline = "p";
  ASSERT_EQ(plan.to_json().find("counts"), std::string::npos);
  const auto back = EpochPlan::from_json(plan.to_json());
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  EXPECT_FALSE(back->counts);
}

TEST(EpochPlan, other_versions_and_damage_are_named) {
  EXPECT_EQ(EpochPlan::from_json("{\"version\":2}").status().code(), "plan_version");
  EXPECT_EQ(EpochPlan::from_json("{\"version\":1}").status().code(), "plan_corrupt");
  EXPECT_EQ(EpochPlan::from_json("").status().code(), "plan_corrupt");
}

TEST(EpochPlan, key_hash_is_part_of_the_format) {
  EXPECT_EQ(hash_key(nullptr, 0), 0u);
  EXPECT_EQ(hash_key("", 0), 14695981039346656037ull);
  EXPECT_EQ(hash_key("a", 1), 0xaf63dc4c8601ec8cull) << "FNV-1a, 64 bit";
}

}  // namespace
}  // namespace laketide
