// How long an operation that blocks may take: until its stop token fires or its deadline passes.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

namespace laketide {

using SteadyTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Tells whether its StopSource was asked to stop. A default-made token never fires. Thread-safe.
class StopToken {
 public:
  StopToken() = default;
  bool stop_requested() const { return flag_ && flag_->load(std::memory_order_acquire); }

 private:
  friend class StopSource;
  explicit StopToken(std::shared_ptr<const std::atomic<bool>> flag) : flag_(std::move(flag)) {}
  std::shared_ptr<const std::atomic<bool>> flag_;
};

/// Owns a stop flag; hands out its tokens. Thread-safe.
class StopSource {
 public:
  StopSource() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void request_stop() { flag_->store(true, std::memory_order_release); }
  bool stop_requested() const { return flag_->load(std::memory_order_acquire); }
  StopToken token() const { return StopToken(flag_); }

 private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

/// Handed down to everything that may block. Immutable.
struct Wait {
  StopToken stop;
  SteadyTime deadline = SteadyTime::max();

  static Wait for_at_most(Duration duration, StopToken stop = {}) {
    return Wait{std::move(stop), std::chrono::steady_clock::now() + duration};
  }
  bool over() const { return stop.stop_requested() || std::chrono::steady_clock::now() >= deadline; }
  /// Time left, never negative, at most `cap`.
  std::chrono::milliseconds left(std::chrono::milliseconds cap) const {
    if (deadline == SteadyTime::max()) return cap;
    auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    return std::clamp(rest, std::chrono::milliseconds(0), cap);
  }
};

}  // namespace laketide
