#include "base/memory_budget.h"

#include <unistd.h>

#include <algorithm>

#include "base/cgroup.h"

namespace laketide {
namespace {

constexpr int64_t kAutomaticMax = 2LL << 30;

}  // namespace

int64_t usable_memory(const std::string& root) {
  const int64_t machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  return std::min(machine, cgroup_limits(root).memory_bytes.value_or(machine));
}

int64_t automatic_budget(int64_t usable) { return std::min(kAutomaticMax, usable / 2); }

}  // namespace laketide
