// One worker per core that the process may use.
#include "scheduler/cores.h"

#include <sched.h>

#include <algorithm>
#include <thread>

#include <gtest/gtest.h>

#include "support/fake_cgroups.h"

namespace laketide {
namespace {

/// The cores of this thread's affinity mask, for as long as the object lives. Confined to its thread.
class OneCore {
 public:
  OneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (int core = 0; core < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++core) {
      if (CPU_ISSET(core, &before_)) CPU_SET(core, &one);
    }
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OneCore() { sched_setaffinity(0, sizeof before_, &before_); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_;
};

TEST(Cores, AQuotaIsRoundedUpAndNeverMoreThanTheMachine) {
  FakeCgroups pod;
  const int machine = usable_cores(pod.root());
  EXPECT_GE(machine, 1);
  EXPECT_LE(machine, static_cast<int>(std::thread::hardware_concurrency()));
  pod.place("0::/", kCgroup2);
  for (const auto& [quota, cores] : {std::pair{"10000 100000", 1}, {"100000 100000", 1}, {"110000 100000", 2}, {"200000 100000", 2},
                                     {"100000000 100000", 1000}, {"max 100000", 1000}}) {
    pod.write("/sys/fs/cgroup/cpu.max", quota);
    EXPECT_EQ(usable_cores(pod.root()), std::min(cores, machine)) << quota;
  }
}

TEST(Cores, AnAffinityMaskCounts) {
  FakeCgroups pod;
  const OneCore pinned;
  EXPECT_EQ(usable_cores(pod.root()), 1);
}

}  // namespace
}  // namespace laketide
