// A /proc and a /sys of a test's making, with the control groups that a process is in.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temp_dir.h"

namespace laketide {

/// Caller synchronises.
class FakeCgroups {
 public:
  void write(const std::string& path, const std::string& text) {
    const std::filesystem::path file = root() + path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << text << '\n';
  }
  /// The lines of /proc/self/cgroup, and of /proc/self/mountinfo between what other file systems have there.
  void place(const std::string& groups, const std::string& mounts) {
    write("/proc/self/cgroup", groups);
    write("/proc/self/mountinfo", "22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n" + mounts + "\n30 28 0:26 / /tmp rw - tmpfs tmpfs rw,size=1024k");
  }
  std::string root() const { return folder_.path(); }

 private:
  TempDir folder_;
};

/// As mountinfo shows version 2, and a hierarchy of version 1.
inline constexpr const char* kCgroup2 = "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot";
inline std::string cgroup1(const std::string& controllers, const std::string& group = "/") {
  return "33 24 0:28 " + group + " /sys/fs/cgroup/" + controllers + " rw,nosuid shared:10 - cgroup cgroup rw," + controllers;
}

}  // namespace laketide
