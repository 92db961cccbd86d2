#include "kafka/commit_rest.h"

#include <gtest/gtest.h>

namespace laketide::kafka {
namespace {

using std::chrono::seconds;

TEST(CommitRest, IsOverWhereTheClusterAnsweredShortlyBefore) {
  const SteadyTime start = SteadyTime() + seconds(1000);
  CommitRest rest(start);
  EXPECT_TRUE(rest.is_over(start));
  EXPECT_TRUE(rest.is_over(start + seconds(10)));
  EXPECT_FALSE(rest.is_over(start + seconds(11))) << "nobody has answered since";
  rest.answered(start + seconds(11));
  EXPECT_TRUE(rest.is_over(start + seconds(12)));
}

TEST(CommitRest, TakesHalfAMinuteAndAnAnswerAfterAFailure) {
  const SteadyTime start = SteadyTime() + seconds(1000);
  CommitRest rest(start);
  rest.failed(start + seconds(5));
  rest.answered(start + seconds(6));
  EXPECT_FALSE(rest.is_over(start + seconds(7))) << "half a minute is not over";
  EXPECT_FALSE(rest.is_over(start + seconds(35))) << "it is over, and the answer is old";
  rest.answered(start + seconds(34));
  EXPECT_TRUE(rest.is_over(start + seconds(35)));
  rest.failed(start + seconds(36));
  rest.answered(start + seconds(35));
  EXPECT_FALSE(rest.is_over(start + seconds(40)));
}

}  // namespace
}  // namespace laketide::kafka
