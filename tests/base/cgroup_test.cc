// What a process is told of its limits, in the places where processes of ours stand.
#include "base/cgroup.h"

#include <gtest/gtest.h>

#include "base/memory_budget.h"
#include "support/fake_cgroups.h"

namespace laketide {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kGiB = 1 << 30;

TEST(Cgroup, AUnitOfSystemdHasTheLeastLimitOfItsSlices) {
  FakeCgroups system;
  system.place("0::/data.slice/data-tide.slice/laketide.service", kCgroup2);
  const std::string slice = "/sys/fs/cgroup/data.slice", inner = slice + "/data-tide.slice", unit = inner + "/laketide.service";
  system.write(unit + "/cpu.max", "max 100000");
  system.write(unit + "/memory.max", "4294967296");
  EXPECT_EQ(cgroup_limits(system.root()).cores, std::nullopt);
  EXPECT_EQ(cgroup_limits(system.root()).memory_bytes, 4 * kGiB);

  system.write(slice + "/cpu.max", "150000 100000");
  system.write(inner + "/cpu.max", "300000 100000");
  system.write(inner + "/memory.max", "1073741824");
  EXPECT_EQ(cgroup_limits(system.root()).cores, 1.5) << "the outer slice allows less than the inner one";
  EXPECT_EQ(cgroup_limits(system.root()).memory_bytes, kGiB);

  system.write(unit + "/memory.high", "536870912");
  EXPECT_EQ(cgroup_limits(system.root()).memory_bytes, 512 * kMiB) << "the kernel slows down what is above";
}

TEST(Cgroup, AContainerWithItsOwnNamespaceSeesItsGroupAsTheRoot) {
  FakeCgroups pod;
  pod.place("0::/", kCgroup2);
  pod.write("/sys/fs/cgroup/cpu.max", "50000 100000");
  pod.write("/sys/fs/cgroup/memory.max", "268435456");
  EXPECT_EQ(cgroup_limits(pod.root()).cores, 0.5);
  EXPECT_EQ(cgroup_limits(pod.root()).memory_bytes, 256 * kMiB);
}

TEST(Cgroup, AGroupOutsideTheNamespaceIsNotLookedFor) {
  FakeCgroups pod;
  pod.place("0::/../other", kCgroup2);
  pod.write("/sys/fs/cgroup/memory.max", "268435456");
  EXPECT_EQ(cgroup_limits(pod.root()).memory_bytes, 256 * kMiB);
  pod.place("0::/pods/onetwo", "31 24 0:27 /pods/one /sys/fs/cgroup rw - cgroup2 cgroup2 rw");
  EXPECT_EQ(cgroup_limits(pod.root()).memory_bytes, 256 * kMiB) << "a name that only begins as the mount's group does";
}

TEST(Cgroup, VersionOneHasAHierarchyForEachController) {
  FakeCgroups machine;
  machine.place("9:name=systemd:/\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n0::/",
                cgroup1("cpu,cpuacct") + "\n" + cgroup1("memory") + "\n" + cgroup1("pids"));
  machine.write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "200000");
  machine.write("/sys/fs/cgroup/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000");
  machine.write("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "-1");
  machine.write("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000");
  machine.write("/sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", "3221225472");
  machine.write("/sys/fs/cgroup/memory/docker/memory.limit_in_bytes", "2147483648");
  machine.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(cgroup_limits(machine.root()).cores, 2);
  EXPECT_EQ(cgroup_limits(machine.root()).memory_bytes, 2 * kGiB);
}

TEST(Cgroup, AContainerOfVersionOneFindsItsGroupUnderTheMountsRoot) {
  FakeCgroups container;
  container.place("4:memory:/docker/abc/inner\n2:cpu:/docker/abc", cgroup1("memory", "/docker/abc") + "\n" + cgroup1("cpu", "/docker/abc"));
  container.write("/sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "536870912");
  container.write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824");
  container.write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "25000");
  container.write("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000");
  EXPECT_EQ(cgroup_limits(container.root()).memory_bytes, 512 * kMiB);
  EXPECT_EQ(cgroup_limits(container.root()).cores, 0.5);
}

TEST(Cgroup, ControllersMayBeOfDifferentVersions) {
  FakeCgroups hybrid;
  hybrid.place("4:memory:/a\n0::/b", cgroup1("memory") + "\n31 24 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw");
  hybrid.write("/sys/fs/cgroup/memory/a/memory.limit_in_bytes", "1073741824");
  hybrid.write("/sys/fs/cgroup/unified/b/cpu.max", "400000 100000");
  hybrid.write("/sys/fs/cgroup/unified/b/memory.max", "1048576");
  EXPECT_EQ(cgroup_limits(hybrid.root()).memory_bytes, kGiB) << "the controller is in the older hierarchy";
  EXPECT_EQ(cgroup_limits(hybrid.root()).cores, 4);
}

TEST(Cgroup, WhatCannotBeReadLimitsNothing) {
  FakeCgroups none;
  EXPECT_EQ(cgroup_limits(none.root()).cores, std::nullopt);
  none.place("0::/unit", kCgroup2);
  for (const char* text : {"", "max", "nonsense 100000", "100000", "100000 0", "-5 100000"}) {
    none.write("/sys/fs/cgroup/unit/cpu.max", text);
    none.write("/sys/fs/cgroup/unit/memory.max", "max");
    EXPECT_EQ(cgroup_limits(none.root()).cores, std::nullopt) << text;
    EXPECT_EQ(cgroup_limits(none.root()).memory_bytes, std::nullopt);
  }
}

TEST(Cgroup, MemoryIsHalfTheLimitAndTwoGibibytesAtMost) {
  FakeCgroups pod;
  pod.place("0::/", kCgroup2);
  for (const int64_t limit : {64 * kMiB, 512 * kMiB, kGiB}) {
    pod.write("/sys/fs/cgroup/memory.max", std::to_string(limit));
    EXPECT_EQ(usable_memory(pod.root()), limit);
    EXPECT_EQ(automatic_budget(usable_memory(pod.root())), limit / 2);
  }
  EXPECT_EQ(automatic_budget(4 * kGiB), 2 * kGiB);
  EXPECT_EQ(automatic_budget(64 * kGiB), 2 * kGiB);
  pod.write("/sys/fs/cgroup/memory.max", "1152921504606846976");
  const int64_t machine = usable_memory(pod.root());
  EXPECT_LT(machine, int64_t{1} << 60) << "a limit above what the machine has is none";
  EXPECT_GT(machine, 64 * kMiB);
}

}  // namespace
}  // namespace laketide
