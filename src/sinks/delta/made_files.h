// Files that a sink has made and no commit has named yet.
#pragma once

#include <algorithm>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace laketide {

/// By path below the table's root. Shared by a sink and its writers. Thread-safe.
class MadeFiles {
 public:
  void add(const std::string& path) {
    std::lock_guard lock(mutex_);
    paths_.insert(path);
  }
  bool contains(const std::string& path) {
    std::lock_guard lock(mutex_);
    return paths_.contains(path);
  }
  void forget(const std::set<std::string>& named) {
    std::lock_guard lock(mutex_);
    for (const auto& path : named) paths_.erase(path);
  }
  /// Forgets all but `kept`, and answers them.
  std::vector<std::string> take_all_but(const std::set<std::string>& kept) {
    std::lock_guard lock(mutex_);
    std::vector<std::string> taken;
    std::ranges::set_difference(paths_, kept, std::back_inserter(taken));
    for (const auto& path : taken) paths_.erase(path);
    return taken;
  }

 private:
  std::mutex mutex_;
  std::set<std::string> paths_;
};

}  // namespace laketide
