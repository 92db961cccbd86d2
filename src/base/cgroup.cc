#include "base/cgroup.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string_view>
#include <vector>

namespace laketide {
namespace {

/// A mounted hierarchy. Immutable.
struct Mount {
  std::string root;         // the group that is seen at `point`
  std::string point;
  std::string controllers;  // ",cpu,cpuacct,"; empty: version 2
};

std::vector<Mount> mounts(const std::string& root) {
  std::vector<Mount> found;
  std::ifstream file(root + "/proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    // id parent major:minor root point options [optional fields] - type source options: proc(5)
    std::istringstream words(line);
    std::string skipped, type, options;
    Mount mount;
    words >> skipped >> skipped >> skipped >> mount.root >> mount.point;
    while (words >> skipped && skipped != "-") continue;
    words >> type >> skipped >> options;
    if (type == "cgroup") mount.controllers = "," + options + ",";
    if (type == "cgroup" || type == "cgroup2") found.push_back(std::move(mount));
  }
  return found;
}

struct Group {
  std::string path;
  bool is_v1 = false;
};

/// Where the process is in the hierarchy that has `controller`: the one of version 1 if it is mounted there, else version 2's.
std::optional<Group> group_of(const std::string& root, const std::string& controller) {
  std::optional<Group> group;
  std::ifstream file(root + "/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    const size_t first = line.find(':');
    const size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers.find("," + controller + ",") != std::string::npos) return Group{line.substr(second + 1), true};
    if (controllers == ",,") group = Group{line.substr(second + 1), false};
  }
  return group;
}

/// The folders of the group and of those above it, as far up as can be seen; the group's first.
std::vector<std::string> folders(const std::string& root, const std::string& controller, bool& is_v1) {
  const std::optional<Group> group = group_of(root, controller);
  if (!group) return {};
  is_v1 = group->is_v1;
  for (const Mount& mount : mounts(root)) {
    const bool holds = is_v1 ? mount.controllers.find("," + controller + ",") != std::string::npos : mount.controllers.empty();
    if (!holds) continue;
    // Of a container's mount the root is the container's own group; a path that leads out of it says nothing inside.
    std::string below = group->path;
    if (mount.root != "/") below = below.starts_with(mount.root) ? below.substr(mount.root.size()) : "";
    if (below == "/" || below.starts_with("/..") || !below.starts_with('/')) below.clear();
    std::vector<std::string> all;
    for (; !below.empty(); below.erase(below.rfind('/'))) all.push_back(root + mount.point + below);
    all.push_back(root + mount.point);
    return all;
  }
  return {};
}

/// The numbers in a file's one line; none in place of "max" and of what cannot be read.
std::vector<std::optional<double>> numbers(const std::string& path) {
  std::vector<std::optional<double>> all;
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    char* end = nullptr;
    const double number = std::strtod(word.c_str(), &end);
    all.push_back(end != word.c_str() && *end == '\0' ? std::optional(number) : std::nullopt);
  }
  return all;
}

std::optional<double> first_number(const std::string& path) {
  const auto all = numbers(path);
  return all.empty() ? std::nullopt : all.front();
}

std::optional<double> quota(const std::string& folder, bool is_v1) {
  std::optional<double> time, period;
  if (is_v1) {
    time = first_number(folder + "/cpu.cfs_quota_us");  // -1: none
    period = first_number(folder + "/cpu.cfs_period_us");
  } else if (const auto both = numbers(folder + "/cpu.max"); both.size() == 2) {
    time = both[0];
    period = both[1];
  }
  if (!time || !period || *time <= 0 || *period <= 0) return std::nullopt;
  return *time / *period;
}

template <typename T>
void lower(std::optional<T>& limit, std::optional<double> another) {
  // Version 1 writes "no limit" as the largest number of pages; whoever asks compares with the machine's memory anyway.
  if (!another || *another <= 0 || *another >= 0x1p62) return;
  const T value = static_cast<T>(*another);
  limit = limit ? std::min(*limit, value) : value;
}

}  // namespace

CgroupLimits cgroup_limits(const std::string& root) {
  CgroupLimits limits;
  bool is_v1 = false;
  for (const std::string& folder : folders(root, "cpu", is_v1)) lower(limits.cores, quota(folder, is_v1));
  for (const std::string& folder : folders(root, "memory", is_v1)) {
    lower(limits.memory_bytes, first_number(folder + (is_v1 ? "/memory.limit_in_bytes" : "/memory.max")));
    // What passes this mark is slowed down until it is below it again: as good as a limit.
    if (!is_v1) lower(limits.memory_bytes, first_number(folder + "/memory.high"));
  }
  return limits;
}

}  // namespace laketide
