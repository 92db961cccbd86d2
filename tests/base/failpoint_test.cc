#include "base/failpoint.h"

#include <gtest/gtest.h>

#include <csignal>

#include <future>

namespace laketide {
namespace {

Status step() {
  LT_FAILPOINT("failpoint_test.step");
  return {};
}

class FailpointTest : public ::testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
};

TEST_F(FailpointTest, off_is_success) { EXPECT_TRUE(step().ok()); }

TEST_F(FailpointTest, fires_at_the_hit_it_was_told_and_then_no_more) {
  ASSERT_TRUE(Failpoint::arm("failpoint_test.step=error@2").ok());
  EXPECT_TRUE(step().ok());
  EXPECT_TRUE(step().retryable());
  EXPECT_TRUE(step().ok());
}

TEST_F(FailpointTest, every_fires_each_time) {
  ASSERT_TRUE(Failpoint::arm("failpoint_test.step=fail@every").ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(step().fault(), Fault::kInternal);
}

TEST_F(FailpointTest, one_in_k_fires_again_and_again) {
  ASSERT_TRUE(Failpoint::arm("failpoint_test.step=error@1/3").ok());
  std::string seen;
  for (int i = 0; i < 7; ++i) seen += step().ok() ? '.' : 'x';
  EXPECT_EQ(seen, "..x..x.");
}

TEST_F(FailpointTest, a_name_not_defined_yet_is_kept_for_when_it_is) {
  ASSERT_TRUE(Failpoint::arm("failpoint_test.later=error").ok());
  static Failpoint later("failpoint_test.later");
  EXPECT_FALSE(later.hit().ok());
}

TEST_F(FailpointTest, special_deeds_are_left_to_the_place_that_knows_them) {
  static Failpoint point("failpoint_test.deed");
  ASSERT_TRUE(Failpoint::arm("failpoint_test.deed=short_write").ok());
  EXPECT_TRUE(point.hit().ok());
  EXPECT_FALSE(point.hit("flip"));
  EXPECT_TRUE(point.hit("short_write"));
  EXPECT_FALSE(point.hit("short_write")) << "once";
}

TEST_F(FailpointTest, hang_holds_until_disarmed) {
  ASSERT_TRUE(Failpoint::arm("failpoint_test.step=hang").ok());
  auto held = std::async(std::launch::async, [] { return step(); });
  EXPECT_EQ(held.wait_for(std::chrono::milliseconds(30)), std::future_status::timeout);
  Failpoint::disarm_all();
  EXPECT_TRUE(held.get().ok());
}

TEST_F(FailpointTest, kill_ends_the_process_at_once) {
  EXPECT_EXIT(
      {
        (void)Failpoint::arm("failpoint_test.step=kill").ok();
        (void)step().ok();
      },
      ::testing::KilledBySignal(SIGKILL), "");
}

TEST_F(FailpointTest, malformed_texts_are_refused) {
  EXPECT_EQ(Failpoint::arm("no action").code(), "bad_failpoint");
  EXPECT_EQ(Failpoint::arm("a=error@zero").code(), "bad_failpoint");
  EXPECT_EQ(Failpoint::arm("a=error@1/0").code(), "bad_failpoint");
}

}  // namespace
}  // namespace laketide
