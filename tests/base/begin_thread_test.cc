#include "base/begin_thread.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <thread>

namespace laketide {
namespace {

/// Length of the calling thread's slices in ns, and 0 where the kernel (before 6.12) has none of its own for a thread: sched_getattr(2).
uint64_t slice_nanos() {
  struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attributes{};
  return syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0U) == 0 ? attributes.runtime : 0;
}

TEST(BeginThread, names_it_and_asks_for_short_slices_at_the_priority_that_it_had) {
  std::thread([] {
    const uint64_t before = slice_nanos();
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 3);
    begin_thread("a-name-of-twenty-one");
    std::array<char, 32> name{};
    pthread_getname_np(pthread_self(), name.data(), name.size());
    EXPECT_STREQ(name.data(), "a-name-of-twent");
    EXPECT_EQ(getpriority(PRIO_PROCESS, static_cast<id_t>(gettid())), 3);
    EXPECT_EQ(slice_nanos(), before == 0 ? 0 : 100'000u);
  }).join();
}

}  // namespace
}  // namespace laketide
