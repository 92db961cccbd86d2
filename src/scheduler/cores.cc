#include "scheduler/cores.h"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <thread>

#include "base/cgroup.h"

namespace laketide {
namespace {

int affinity_cores() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1 << 20;
}

}  // namespace

int usable_cores(const std::string& root) {
  const int machine = std::min(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())), affinity_cores());
  const double quota = cgroup_limits(root).cores.value_or(machine);
  return std::max(1, static_cast<int>(std::ceil(std::min<double>(machine, quota))));
}

}  // namespace laketide
