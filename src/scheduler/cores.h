// How many cores the process may use.
#pragma once

namespace laketide {

/// The least of: the machine's cores, the affinity mask, and the cgroup's quota (cpu.max of cgroup v2, rounded up); at least 1.
int usable_cores();

}  // namespace laketide
