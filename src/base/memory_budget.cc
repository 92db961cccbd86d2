#include "base/memory_budget.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>

namespace laketide {

int64_t usable_memory() {
  const int64_t machine = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
  std::ifstream file("/sys/fs/cgroup/memory.max");
  std::string limit;
  if (!(file >> limit) || limit == "max") return machine;
  return std::min<int64_t>(machine, std::strtoll(limit.c_str(), nullptr, 10));
}

}  // namespace laketide
