#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace laketide {
namespace {

TEST(BoundedQueue, takes_while_below_its_bytes_and_an_empty_one_always_takes_one) {
  BoundedQueue<int> queue(10);
  int item = 1;
  EXPECT_TRUE(queue.try_push(item, 100));
  item = 2;
  EXPECT_FALSE(queue.try_push(item, 1));
  EXPECT_EQ(item, 2) << "what is refused is untouched";
  EXPECT_EQ(queue.pop(SteadyTime::max()), 1);
  EXPECT_TRUE(queue.try_push(item, 1));
}

TEST(BoundedQueue, pop_gives_up_at_its_deadline) {
  BoundedQueue<int> queue(10);
  EXPECT_EQ(queue.pop(std::chrono::steady_clock::now() + std::chrono::milliseconds(5)), std::nullopt);
}

TEST(BoundedQueue, closed_gives_what_is_inside_then_none) {
  BoundedQueue<int> queue(10);
  int item = 7;
  ASSERT_TRUE(queue.try_push(item, 1));
  queue.close();
  EXPECT_FALSE(queue.try_push(item, 1));
  EXPECT_EQ(queue.pop(SteadyTime::max()), 7);
  EXPECT_EQ(queue.pop(SteadyTime::max()), std::nullopt);
}

TEST(BoundedQueue, hands_over_between_threads_in_order) {
  BoundedQueue<int> queue(64);
  std::thread producer([&] {
    for (int i = 0; i < 10'000; ++i) {
      int item = i;
      while (!queue.try_push(item, 8)) std::this_thread::yield();
    }
  });
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(queue.pop(SteadyTime::max()), i);
  producer.join();
}

}  // namespace
}  // namespace laketide
