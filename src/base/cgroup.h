// What the kernel's control groups leave this process of the machine: a container, a pod and a systemd unit are such groups.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace laketide {

/// A limit that no group sets is not there. Immutable.
struct CgroupLimits {
  std::optional<double> cores;          // CPU seconds a second: 1.5 is one and a half processors
  std::optional<int64_t> memory_bytes;
};

/// The least limit of the process's group and of all groups above it: cpu.max, memory.max and memory.high of version 2,
/// cpu.cfs_quota_us and memory.limit_in_bytes of version 1, or some of each (the kernel's admin-guide/cgroup-v1 and cgroup-v2).
/// Groups above the root of a namespace cannot be seen; whoever made the namespace sets the limit on that root. `root`: of /proc
/// and /sys; another one for tests. Thread-safe.
CgroupLimits cgroup_limits(const std::string& root = "");

}  // namespace laketide
