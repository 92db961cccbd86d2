#include "execution/coordinator.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

using std::chrono::seconds;
const SteadyTime kStart{};

TEST(Coordinator, first_epoch_closes_as_soon_as_it_has_rows) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  EXPECT_EQ(c.deadline(), std::nullopt);
  EXPECT_EQ(c.on_rows(kStart), Act::kClose);
}

TEST(Coordinator, later_epochs_wait_for_the_interval_and_only_if_they_have_rows) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  ASSERT_EQ(c.on_committed(kStart + seconds(1)), Act::kWait);
  EXPECT_EQ(c.deadline(), std::nullopt) << "an idle pipeline waits for nothing";
  EXPECT_EQ(c.on_rows(kStart + seconds(2)), Act::kWait);
  EXPECT_EQ(c.deadline(), kStart + seconds(5));
  EXPECT_EQ(c.on_time(kStart + seconds(5)), Act::kClose);
}

TEST(Coordinator, rows_that_come_while_an_epoch_commits_are_remembered) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  EXPECT_EQ(c.on_rows(kStart + seconds(1)), Act::kWait);
  EXPECT_EQ(c.on_committed(kStart + seconds(7)), Act::kClose) << "the interval is over and there are rows";
}

TEST(Coordinator, what_lanes_take_to_end_an_epoch_does_not_lengthen_the_interval) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart + seconds(1)), Act::kCommit);
  EXPECT_EQ(c.on_rows(kStart + seconds(2)), Act::kWait);
  EXPECT_EQ(c.on_committed(kStart + seconds(3)), Act::kWait);
  EXPECT_EQ(c.deadline(), kStart + seconds(5));
}

TEST(Coordinator, a_close_that_comes_late_does_not_put_off_the_next) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  ASSERT_EQ(c.on_rows(kStart + seconds(1)), Act::kWait);
  ASSERT_EQ(c.on_committed(kStart + seconds(7)), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart + seconds(7)), Act::kCommit);
  EXPECT_EQ(c.on_rows(kStart + seconds(8)), Act::kWait);
  EXPECT_EQ(c.on_committed(kStart + seconds(8)), Act::kWait);
  EXPECT_EQ(c.deadline(), kStart + seconds(10));
}

TEST(Coordinator, intervals_that_passed_without_rows_are_not_made_up_for) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  ASSERT_EQ(c.on_committed(kStart), Act::kWait);
  ASSERT_EQ(c.on_rows(kStart + seconds(23)), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart + seconds(23)), Act::kCommit);
  EXPECT_EQ(c.on_committed(kStart + seconds(23)), Act::kWait);
  EXPECT_EQ(c.on_rows(kStart + seconds(24)), Act::kWait);
  EXPECT_EQ(c.deadline(), kStart + seconds(28));
}

TEST(Coordinator, full_closes_before_the_interval) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  EXPECT_EQ(c.on_full(kStart), Act::kWait);
  EXPECT_EQ(c.on_committed(kStart), Act::kClose);
}

TEST(Coordinator, waits_for_every_lane) {
  EpochCoordinator c({seconds(5), 3, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  EXPECT_EQ(c.on_closed(false, kStart), Act::kWait);
  EXPECT_EQ(c.on_closed(true, kStart), Act::kWait);
  EXPECT_EQ(c.on_closed(false, kStart), Act::kCommit) << "one lane had something";
}

TEST(Coordinator, an_epoch_with_nothing_in_it_is_not_committed) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_stop(kStart), Act::kClose);
  EXPECT_EQ(c.on_closed(false, kStart), Act::kEnd);
}

TEST(Coordinator, stop_commits_what_is_open_then_ends) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_stop(kStart), Act::kClose);
  EXPECT_FALSE(c.last()) << "a drain is not the end of the data";
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  EXPECT_EQ(c.on_committed(kStart), Act::kEnd);
}

TEST(Coordinator, stop_while_committing_closes_once_more) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  EXPECT_EQ(c.on_stop(kStart), Act::kWait);
  EXPECT_EQ(c.on_committed(kStart), Act::kClose) << "lanes have read on in the meantime";
  EXPECT_EQ(c.on_closed(false, kStart), Act::kEnd);
}

TEST(Coordinator, a_lane_drained_after_the_close_gets_its_rest_committed) {
  EpochCoordinator c({seconds(5), 1, false}, kStart);
  ASSERT_EQ(c.on_rows(kStart), Act::kClose);
  EXPECT_EQ(c.on_drained(kStart), Act::kWait);
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  EXPECT_EQ(c.on_committed(kStart), Act::kClose);
  EXPECT_TRUE(c.last());
  ASSERT_EQ(c.on_closed(true, kStart), Act::kCommit);
  EXPECT_EQ(c.on_committed(kStart), Act::kEnd);
}

TEST(Coordinator, one_epoch_closes_only_when_every_lane_is_drained) {
  EpochCoordinator c({seconds(0), 2, true}, kStart);
  EXPECT_EQ(c.on_rows(kStart + seconds(9)), Act::kWait);
  EXPECT_EQ(c.deadline(), std::nullopt);
  EXPECT_EQ(c.on_full(kStart), Act::kWait);
  EXPECT_EQ(c.on_drained(kStart), Act::kWait);
  EXPECT_EQ(c.on_drained(kStart), Act::kClose);
}

}  // namespace
}  // namespace laketide
