// A bound on the memory of something that is made of parts: the engine of its pools, a pool of its runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace laketide {

/// Counts bytes that are held, within its own bound and that of the budget above it. Thread-safe.
class MemoryBudget {
 public:
  /// `above`: null for the topmost.
  explicit MemoryBudget(int64_t bytes_max, std::shared_ptr<MemoryBudget> above = nullptr) : bytes_max_(bytes_max), above_(std::move(above)) {}

  /// False, and nothing is taken, if it does not fit.
  bool try_take(int64_t bytes) {
    if (bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= bytes_max_ && (!above_ || above_->try_take(bytes))) return true;
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  void give_back(int64_t bytes) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (above_) above_->give_back(bytes);
  }
  int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  int64_t bytes_max() const { return bytes_max_; }

 private:
  const int64_t bytes_max_;
  const std::shared_ptr<MemoryBudget> above_;
  std::atomic<int64_t> bytes_{0};
};

/// What the process may use of the machine's memory: the least of what there is and the limit of its cgroups, in bytes. `root`: as
/// of cgroup_limits.
int64_t usable_memory(const std::string& root = "");

/// `engine.memory: auto` where so much is usable: min(2 GiB, half of it).
int64_t automatic_budget(int64_t usable);

}  // namespace laketide
