// What a run counts of itself.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "base/positions.h"
#include "base/wait.h"
#include "laketide/engine.h"

namespace laketide {

/// The run's Prometheus series, and its rate over the last minute. Caller synchronises.
class RunMetrics {
 public:
  RunMetrics(std::shared_ptr<Metrics> metrics, const std::string& pipeline);
  /// Counts a committed epoch; returns records per second over the last minute.
  double committed(const EpochReceipt& receipt);
  void lag(const Positions& committed, const PartitionBounds& bounds);

 private:
  std::shared_ptr<Metrics> metrics_;
  std::string pipeline_;
  std::shared_ptr<Counter> rows_in_, rows_out_, filtered_, quarantined_, epochs_;
  std::map<SourcePartition, std::shared_ptr<Gauge>> lag_;
  std::deque<std::pair<SteadyTime, int64_t>> minute_;
};

}  // namespace laketide
