#include "base/nearest_name.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

TEST(NearestName, SlipsAreSeenThrough) {
  EXPECT_EQ(nearest_name("tpoic", {"start", "topic", "topics"}), "topic") << "two letters that changed places are one slip";
  EXPECT_EQ(nearest_name("Start-At", {"start_at", "start"}), "start_at") << "case and - _ . do not count";
  EXPECT_EQ(nearest_name("event_tim", {"event", "event_time"}), "event_time") << "of two that begin alike, the one with fewer changes";
  EXPECT_EQ(nearest_name("timestampz", {"time", "timestamp", "timestamptz"}), "timestamp") << "of two as near as each other, the first";
}

TEST(NearestName, WhatIsNoSlipIsNotGuessed) {
  EXPECT_EQ(nearest_name("colour", {"topic", "start"}), "");
  EXPECT_EQ(nearest_name("id", {"x"}), "");
  EXPECT_EQ(nearest_name("anything", {}), "");
  EXPECT_EQ(nearest_name(std::string(65, 'a'), {std::string(65, 'a')}), "") << "too long to have been typed";
}

}  // namespace
}  // namespace laketide
