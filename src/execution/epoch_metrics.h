// How long the phases of an epoch take, and what each sink got of it.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/metrics.h"
#include "flow/sink.h"

namespace laketide {

/// Prometheus series of the epochs of one run; made with it, so that nothing is left of a run that is gone. Caller synchronises.
class EpochMetrics {
 public:
  /// fill: from the opening to the close, reading and transforming; prepare and commit: all sinks; plan and record: the ledger.
  enum class Phase { kFill, kPrepare, kPlan, kCommit, kRecord };
  static constexpr size_t kPhases = 5;
  using Durations = std::array<std::chrono::microseconds, kPhases>;

  EpochMetrics(std::shared_ptr<Metrics> metrics, const std::string& pipeline);

  /// An epoch that was opened then is closed, and its commit begins.
  void begin(Instant opened_at);
  /// The phase that began with the call before is over.
  void end(Phase phase);
  void committed(const std::string& sink, const Commit& commit);
  /// Of the epoch that was begun last, by phase; zero for those that are not over.
  const Durations& last() const { return last_; }

 private:
  void observe(Phase phase, std::chrono::microseconds took);

  struct SinkSeries {
    std::shared_ptr<Counter> commits, rows, quarantined;
  };

  std::shared_ptr<Metrics> metrics_;
  std::string pipeline_;
  std::shared_ptr<Histogram> phases_[kPhases];
  std::map<std::string, SinkSeries> sinks_;
  std::chrono::steady_clock::time_point at_;
  Durations last_{};
};

}  // namespace laketide
