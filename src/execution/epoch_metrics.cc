#include "execution/epoch_metrics.h"

#include <algorithm>

namespace laketide {
namespace {

constexpr const char* kNames[EpochMetrics::kPhases] = {"fill", "prepare", "plan", "commit", "record"};
const std::vector<double> kBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

}  // namespace

EpochMetrics::EpochMetrics(std::shared_ptr<Metrics> metrics, const std::string& pipeline) : metrics_(std::move(metrics)), pipeline_(pipeline) {
  for (size_t phase = 0; phase < kPhases; ++phase) {
    phases_[phase] = metrics_->histogram("laketide_epoch_phase_seconds",
                                         "Time an epoch spends in a phase: fill (reading and transforming), prepare, plan, commit, record (in the ledger)",
                                         {{"pipeline", pipeline_}, {"phase", kNames[phase]}}, kBounds);
  }
}

void EpochMetrics::begin(Instant opened_at) {
  last_ = {};
  observe(Phase::kFill, std::chrono::microseconds(std::max<int64_t>(0, system_clock().now().micros - opened_at.micros)));
  at_ = std::chrono::steady_clock::now();
}

void EpochMetrics::end(Phase phase) {
  const auto now = std::chrono::steady_clock::now();
  observe(phase, std::chrono::duration_cast<std::chrono::microseconds>(now - at_));
  at_ = now;
}

void EpochMetrics::observe(Phase phase, std::chrono::microseconds took) {
  last_[static_cast<size_t>(phase)] = took;
  phases_[static_cast<size_t>(phase)]->observe(std::chrono::duration<double>(took).count());
}

void EpochMetrics::committed(const std::string& sink, const Commit& commit) {
  SinkSeries& series = sinks_[sink];
  if (!series.commits) {
    const Labels labels{{"pipeline", pipeline_}, {"sink", sink}};
    series = {metrics_->counter("laketide_sink_commits_total", "Epochs committed into the sink", labels),
              metrics_->counter("laketide_sink_rows_total", "Rows that the sink took in committed epochs", labels),
              metrics_->counter("laketide_sink_quarantined_total", "Rows that the sink's server refused, kept in its quarantine", labels)};
  }
  series.commits->add(1);
  series.rows->add(static_cast<double>(std::max<int64_t>(0, commit.rows)));
  series.quarantined->add(static_cast<double>(std::max<int64_t>(0, commit.quarantined)));
}

}  // namespace laketide
