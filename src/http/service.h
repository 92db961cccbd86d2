// What the handlers stand on: the engine, once it is there, and the way to stop.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

#include "http/limits.h"
#include "laketide/engine.h"

namespace laketide::http {

/// Shared by all calls. Thread-safe.
class Service {
 public:
  /// `on_stop` is called after each accepted POST /stop, when its answer has been sent.
  Service(Limits limits, std::function<void()> on_stop) : limits_(limits), on_stop_(std::move(on_stop)) {}

  const Limits& limits() const { return limits_; }

  void attach(std::shared_ptr<Engine> engine);
  /// Null until the engine is attached.
  std::shared_ptr<Engine> engine() const;

  /// From here on calls that would begin work are refused as `stopping`.
  void begin_stop();
  bool is_stopping() const { return stopping_.load(std::memory_order_acquire); }
  const std::function<void()>& on_stop() const { return on_stop_; }

 private:
  const Limits limits_;
  const std::function<void()> on_stop_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<Engine> engine_;
};

}  // namespace laketide::http
