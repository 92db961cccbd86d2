#include "base/mutex.h"

#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace laketide {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

SteadyTime in(Duration duration) { return std::chrono::steady_clock::now() + duration; }

bool is_free(Mutex& mutex) {
  // try_lock by the thread that holds a std::mutex is undefined.
  return std::async(std::launch::async, [&mutex] {
           if (!mutex.try_lock()) return false;
           mutex.unlock();
           return true;
         }).get();
}

TEST(MutexLock, HoldsToTheEndOfItsBlockButForWhatIsBetween) {
  Mutex mutex;
  {
    MutexLock lock(mutex);
    EXPECT_FALSE(is_free(mutex));
    lock.unlock();
    EXPECT_TRUE(is_free(mutex));
    lock.lock();
    EXPECT_FALSE(is_free(mutex));
  }
  EXPECT_TRUE(is_free(mutex));
  {
    MutexLock lock(mutex);
    lock.unlock();
  }
  EXPECT_TRUE(is_free(mutex));
}

TEST(MutexLock, TakesOverWhatTryLockGave) {
  Mutex mutex;
  ASSERT_TRUE(mutex.try_lock());
  {
    const MutexLock lock(mutex, std::adopt_lock);
    EXPECT_FALSE(is_free(mutex));
  }
  EXPECT_TRUE(is_free(mutex));
}

TEST(CondVar, WaitsForANotificationOrTheDeadline) {
  Mutex mutex;
  CondVar changed;
  int stage = 0;
  auto other = std::async(std::launch::async, [&] {
    const MutexLock lock(mutex);
    while (stage == 0) changed.wait(mutex);
    stage = 2;
    changed.notify_all();
  });
  {
    const MutexLock lock(mutex);
    stage = 1;
    changed.notify_one();
    while (stage != 2) ASSERT_TRUE(changed.wait_until(mutex, in(seconds(20))));
    EXPECT_FALSE(is_free(mutex));
    const SteadyTime deadline = in(milliseconds(20));
    while (changed.wait_until(mutex, deadline)) EXPECT_EQ(stage, 2);
    EXPECT_GE(std::chrono::steady_clock::now(), deadline);
    EXPECT_FALSE(is_free(mutex));
  }
  other.get();
}

TEST(CondVar, WaitsForEverWithoutADeadline) {
  Mutex mutex;
  CondVar changed;
  bool done = false;
  auto other = std::async(std::launch::async, [&] {
    const MutexLock lock(mutex);
    done = true;
    changed.notify_one();
  });
  const MutexLock lock(mutex);
  while (!done) EXPECT_TRUE(changed.wait_until(mutex, SteadyTime::max()));
}

}  // namespace
}  // namespace laketide
