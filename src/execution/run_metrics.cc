#include "execution/run_metrics.h"

#include <algorithm>

namespace laketide {

PipelineCounters::PipelineCounters(Metrics& metrics, const std::string& pipeline) {
  const Labels labels{{"pipeline", pipeline}};
  rows_in = metrics.counter("laketide_rows_in_total", "Records read from sources in committed epochs", labels);
  rows_out = metrics.counter("laketide_rows_out_total", "Rows handed to the first sink in committed epochs", labels);
  filtered = metrics.counter("laketide_rows_filtered_total", "Records that the query left out", labels);
  quarantined = metrics.counter("laketide_rows_quarantined_total", "Records that could not be used", labels);
  epochs = metrics.counter("laketide_epochs_committed_total", "Epochs committed into every sink", labels);
  cpu_seconds = metrics.counter("laketide_pipeline_cpu_seconds_total", "CPU time of the pipeline's runs: lanes, input and output, client library", labels);
}

RunMetrics::RunMetrics(const RunSpec& spec)
    : metrics_(spec.metrics), pipeline_(spec.pipeline), is_stream_(!spec.job), account_(spec.account), counters_(*metrics_, pipeline_) {}

double RunMetrics::committed(const EpochReceipt& receipt) {
  counters_.rows_in->add(static_cast<double>(receipt.rows_in));
  counters_.rows_out->add(static_cast<double>(receipt.rows_out));
  counters_.filtered->add(static_cast<double>(std::max<int64_t>(0, receipt.filtered)));
  counters_.quarantined->add(static_cast<double>(receipt.quarantined));
  counters_.epochs->add(1);
  charge();
  const auto now = std::chrono::steady_clock::now();
  minute_.emplace_back(now, receipt.rows_in);
  while (now - minute_.front().first > std::chrono::minutes(1)) minute_.pop_front();
  if (minute_.size() < 2) return 0;
  int64_t rows = 0;
  for (const auto& [at, count] : minute_) rows += count;
  rows -= minute_.front().second;  // read before the time that is measured
  const std::chrono::duration<double> span = now - minute_.front().first;
  return span.count() > 0 ? static_cast<double>(rows) / span.count() : 0;
}

void RunMetrics::lag(const Positions& committed, const PartitionBounds& bounds, std::optional<double> seconds) {
  charge();
  if (!is_stream_) return;
  if (seconds && !lag_seconds_) lag_seconds_ = metrics_->gauge("laketide_lag_seconds", "Age of the oldest record that is not committed; 0: none waits", {{"pipeline", pipeline_}});
  if (seconds) lag_seconds_->set(*seconds);
  for (const auto& [place, bound] : bounds) {
    const auto at = committed.find(place);
    if (at == committed.end()) continue;
    auto& gauge = lag_[place];
    if (!gauge) {
      gauge = metrics_->gauge("laketide_lag_records", "Records in the log behind what is committed",
                              {{"pipeline", pipeline_}, {"source", place.source}, {"topic", place.topic}, {"partition", std::to_string(place.partition)}});
    }
    gauge->set(static_cast<double>(std::max<int64_t>(0, bound.high.value - at->second.value)));
  }
}

void RunMetrics::watermark(Instant watermark, Instant now) {
  if (!is_stream_) return;
  if (!watermark_delay_) {
    watermark_delay_ = metrics_->gauge("laketide_watermark_delay_seconds", "How far the watermark is behind the clock; negative: event times of the future", {{"pipeline", pipeline_}});
  }
  watermark_delay_->set(static_cast<double>(now.micros - watermark.micros) / 1e6);
}

void RunMetrics::remembers(const StateSize& state) {
  if (!is_stream_) return;
  if (!state_rows_) {
    const Labels labels{{"pipeline", pipeline_}};
    state_rows_ = metrics_->gauge("laketide_state_rows", "Rows that the query remembers", labels);
    state_bytes_ = metrics_->gauge("laketide_state_bytes", "Memory that they take", labels);
  }
  state_rows_->set(static_cast<double>(state.rows));
  state_bytes_->set(static_cast<double>(state.bytes));
}

void RunMetrics::changed(StreamState state, const Status& problem) {
  if (!problem.ok()) {
    auto& counter = errors_[std::string(problem.code())];
    if (!counter) {
      counter = metrics_->counter("laketide_errors_total", "Problems that stalled a run or ended it, by their code",
                                  {{"pipeline", pipeline_}, {"code", std::string(problem.code())}});
    }
    counter->add(1);
  }
  if (!is_stream_) return;
  state_ = metrics_->gauge("laketide_stream_state", "1 for the state that the stream is in", {{"pipeline", pipeline_}, {"state", to_string(state)}});
  state_->set(1);
}

void RunMetrics::ended(StreamState state, const Status& problem) {
  changed(state, problem);
  charge();
  lag_.clear();
  for (auto* gauge : {&lag_seconds_, &watermark_delay_, &state_rows_, &state_bytes_}) gauge->reset();
}

// Counters only grow: what the account was charged since the last look is added.
void RunMetrics::charge() {
  const auto used = account_.used();
  if (used <= charged_) return;
  counters_.cpu_seconds->add(std::chrono::duration<double>(used - charged_).count());
  charged_ = used;
}

}  // namespace laketide
