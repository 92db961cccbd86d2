// The one queue between threads.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/wait.h"

namespace laketide {

/// First in, first out, bounded in bytes: an entry is taken while the queue holds less than `bytes_max`, so one entry may
/// exceed it and an empty queue always takes one. Thread-safe.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t bytes_max) : bytes_max_(bytes_max) {}

  /// False if the queue is full or closed; `item` is then untouched.
  bool try_push(T& item, size_t bytes) {
    const MutexLock lock(mutex_);
    if (closed_ || (bytes_ >= bytes_max_ && !items_.empty())) return false;
    bytes_ += bytes;
    items_.emplace_back(std::move(item), bytes);
    filled_.notify_one();
    return true;
  }

  /// The oldest entry, or none when the deadline has passed or the queue is closed and empty.
  std::optional<T> pop(SteadyTime deadline) {
    const MutexLock lock(mutex_);
    while (items_.empty() && !closed_ && filled_.wait_until(mutex_, deadline)) {
    }
    if (items_.empty()) return std::nullopt;
    auto [item, bytes] = std::move(items_.front());
    items_.pop_front();
    bytes_ -= bytes;
    return std::move(item);
  }

  /// Entries pushed from now are refused; those inside can still be taken.
  void close() {
    const MutexLock lock(mutex_);
    closed_ = true;
    filled_.notify_all();
  }

  size_t bytes() const {
    const MutexLock lock(mutex_);
    return bytes_;
  }

 private:
  const size_t bytes_max_;
  mutable Mutex mutex_;
  CondVar filled_;
  std::deque<std::pair<T, size_t>> items_ LT_GUARDED_BY(mutex_);
  size_t bytes_ LT_GUARDED_BY(mutex_) = 0;
  bool closed_ LT_GUARDED_BY(mutex_) = false;
};

}  // namespace laketide
