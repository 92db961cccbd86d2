// What a session counts of its work on the server.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/mutex.h"
#include "flow/context.h"

namespace laketide::postgres {

/// Series of a run's PostgreSQL sinks; they come with its first writer, and go with the session. Thread-safe.
class CopyMetrics {
 public:
  using Duration = std::chrono::steady_clock::duration;

  /// Makes the series of `target`, unless they are there or nobody counts (Context::metrics is not set).
  void open(size_t target, const std::string& sink, const Context& context);
  void copied(size_t target, int64_t rows, size_t bytes, Duration time);
  void committed(Duration time);

 private:
  struct Target {
    std::shared_ptr<Counter> rows, bytes, seconds;
  };
  Mutex mutex_;
  std::map<size_t, Target> targets_ LT_GUARDED_BY(mutex_);
  std::shared_ptr<Histogram> commit_seconds_ LT_GUARDED_BY(mutex_);
};

}  // namespace laketide::postgres
