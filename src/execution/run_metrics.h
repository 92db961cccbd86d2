// What a run counts of itself.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "base/positions.h"
#include "base/wait.h"
#include "execution/run_spec.h"
#include "execution/tail.h"
#include "laketide/engine.h"

namespace laketide {

/// What all runs of a pipeline count together; the series are there as long as anybody holds one of these. Thread-safe.
struct PipelineCounters {
  PipelineCounters(Metrics& metrics, const std::string& pipeline);
  std::shared_ptr<Counter> rows_in, rows_out, filtered, quarantined, epochs, cpu_seconds;
};

/// The run's Prometheus series, and its rate over the last minute. Stream and jobs of one pipeline count together; what only one run
/// can say, its state and how far it is behind, a stream says. Caller synchronises.
class RunMetrics {
 public:
  explicit RunMetrics(const RunSpec& spec);
  /// Counts a committed epoch; returns records per second over the last minute.
  double committed(const EpochReceipt& receipt);
  void lag(const Positions& committed, const PartitionBounds& bounds, std::optional<double> seconds);
  /// How far event time is behind the clock.
  void watermark(Instant watermark, Instant now);
  void remembers(const StateSize& state);
  /// In a state from now on; a problem is counted by its code.
  void changed(StreamState state, const Status& problem);
  /// As changed; nothing is behind any more.
  void ended(StreamState state, const Status& problem);

 private:
  void charge();

  std::shared_ptr<Metrics> metrics_;
  std::string pipeline_;
  bool is_stream_;
  Account account_;
  std::chrono::nanoseconds charged_{0};
  PipelineCounters counters_;
  std::map<SourcePartition, std::shared_ptr<Gauge>> lag_;
  std::shared_ptr<Gauge> lag_seconds_, watermark_delay_, state_rows_, state_bytes_, state_;
  std::map<std::string, std::shared_ptr<Counter>> errors_;
  std::deque<std::pair<SteadyTime, int64_t>> minute_;
};

}  // namespace laketide
