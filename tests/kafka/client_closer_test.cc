#include "kafka/client_closer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace laketide::kafka {
namespace {

using namespace std::chrono_literals;

// Never destroyed, as its threads are not joined.
ClientCloser& make(std::chrono::milliseconds patience) {
  static auto& all = *new std::vector<ClientCloser*>;
  all.push_back(new ClientCloser(patience));
  return *all.back();
}

TEST(ClientCloser, closes_one_after_the_other_in_the_order_they_came) {
  ClientCloser& closer = make(1h);
  std::vector<int> closed;
  for (int i = 0; i < 5; ++i) closer.close([&closed, i] { closed.push_back(i); });
  ASSERT_TRUE(closer.wait_until_closed(Wait::for_at_most(30s)));
  EXPECT_EQ(closed, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(ClientCloser, those_behind_one_that_hangs_are_closed) {
  ClientCloser& closer = make(50ms);
  std::promise<void> release, hangs, ended;
  closer.close([&] {
    hangs.set_value();
    release.get_future().wait();
    ended.set_value();
  });
  hangs.get_future().wait();
  std::vector<int> closed;
  for (int i = 0; i < 3; ++i) closer.close([&closed, i] { closed.push_back(i); });
  ASSERT_TRUE(closer.wait_until_closed(Wait::for_at_most(30s)));
  EXPECT_EQ(closed, (std::vector<int>{0, 1, 2}));
  // It ends after all: nothing is closed twice, and what comes later is closed.
  release.set_value();
  ended.get_future().wait();
  closer.close([&closed] { closed.push_back(3); });
  ASSERT_TRUE(closer.wait_until_closed(Wait::for_at_most(30s)));
  EXPECT_EQ(closed, (std::vector<int>{0, 1, 2, 3}));
}

TEST(ClientCloser, many_that_hang_take_a_thread_each_and_nothing_else) {
  ClientCloser& closer = make(20ms);
  std::promise<void> release;
  const std::shared_future<void> released(release.get_future());
  std::atomic<int> ended{0}, closed{0};
  for (int i = 0; i < 3; ++i) {
    closer.close([&, released] { released.wait(); ++ended; });
    closer.close([&] { ++closed; });
  }
  closer.close([&] { ++closed; });
  ASSERT_TRUE(closer.wait_until_closed(Wait::for_at_most(30s)));
  EXPECT_EQ(closed, 4);
  EXPECT_EQ(ended, 0);
  release.set_value();
  const auto give_up = std::chrono::steady_clock::now() + 30s;
  while (ended < 3 && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_EQ(ended, 3);
}

}  // namespace
}  // namespace laketide::kafka
