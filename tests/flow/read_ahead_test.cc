#include "flow/read_ahead.h"

#include <gtest/gtest.h>

#include <deque>
#include <stdexcept>
#include <vector>

namespace laketide {
namespace {

using Numbers = ReadAhead<int>;

/// Runs closures when the test says so.
class ReadAheadTest : public ::testing::Test {
 protected:
  IoPost post() {
    return [this](std::function<void()> work) { posted_.push_back(std::move(work)); };
  }
  void run_posted() {
    while (!posted_.empty()) {
      auto work = std::move(posted_.front());
      posted_.pop_front();
      work();
    }
  }
  std::function<void()> wake() {
    return [this] { ++woken_; };
  }
  /// 0, 1, … below `end`, each of `bytes`.
  Numbers::Make count_to(int end, int64_t bytes) {
    return [this, end, bytes]() -> Result<std::optional<Numbers::Made>> {
      if (made_ == end) return std::optional<Numbers::Made>();
      return std::optional(Numbers::Made{made_++, bytes});
    };
  }
  std::deque<std::function<void()>> posted_;
  int woken_ = 0;
  int made_ = 0;
};

TEST_F(ReadAheadTest, GivesAllInOrderAndReadsNoFurtherThanItsBound) {
  Numbers ahead(post(), 10, wake(), count_to(7, 5));
  int out = -1;
  EXPECT_EQ(*ahead.take(out), Step::kBlocked);
  run_posted();
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(made_, 2);
  std::vector<int> seen;
  for (Step step = Step::kReady; step != Step::kDone;) {
    step = *ahead.take(out);
    EXPECT_LE(made_ - static_cast<int>(seen.size()), 3);
    if (step == Step::kReady) seen.push_back(out);
    run_posted();
  }
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(*ahead.take(out), Step::kDone);
}

TEST_F(ReadAheadTest, APieceLargerThanTheBoundComesAlone) {
  Numbers ahead(post(), 10, wake(), count_to(2, 100));
  int out = -1;
  EXPECT_EQ(*ahead.take(out), Step::kBlocked);
  run_posted();
  EXPECT_EQ(made_, 1);
  EXPECT_EQ(*ahead.take(out), Step::kReady);
  EXPECT_EQ(out, 0);
}

TEST_F(ReadAheadTest, FailsBehindWhatWasReady) {
  int made = 0;
  Numbers ahead(post(), 10, wake(), [&]() -> Result<std::optional<Numbers::Made>> {
    if (made++ == 0) return std::optional(Numbers::Made{7, 1});
    throw std::runtime_error("torn");
  });
  int out = -1;
  EXPECT_EQ(*ahead.take(out), Step::kBlocked);
  run_posted();
  EXPECT_EQ(*ahead.take(out), Step::kReady);
  const auto failed = ahead.take(out);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().code(), "read_ahead");
  EXPECT_EQ(made, 2);
}

TEST_F(ReadAheadTest, WhatIsPostedOutlivesItsOwnerAndDoesNothing) {
  {
    Numbers ahead(post(), 10, wake(), count_to(3, 1));
    int out = -1;
    EXPECT_EQ(*ahead.take(out), Step::kBlocked);
  }
  run_posted();
  EXPECT_EQ(made_, 0);
  EXPECT_EQ(woken_, 0);
}

}  // namespace
}  // namespace laketide
