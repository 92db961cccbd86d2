// How many cores the process may use.
#pragma once

#include <string>

namespace laketide {

/// The least of: the machine's cores, the affinity mask (which a cpuset narrows), and the cgroups' quota, rounded up; at least 1.
/// `root`: as of cgroup_limits.
int usable_cores(const std::string& root = "");

}  // namespace laketide
