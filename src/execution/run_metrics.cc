#include "execution/run_metrics.h"

#include <algorithm>

namespace laketide {

RunMetrics::RunMetrics(std::shared_ptr<Metrics> metrics, const std::string& pipeline)
    : metrics_(std::move(metrics)), pipeline_(pipeline) {
  const Labels labels{{"pipeline", pipeline}};
  rows_in_ = metrics_->counter("laketide_rows_in_total", "Records read from sources in committed epochs", labels);
  rows_out_ = metrics_->counter("laketide_rows_out_total", "Rows handed to the first sink in committed epochs", labels);
  filtered_ = metrics_->counter("laketide_rows_filtered_total", "Records that the query left out", labels);
  quarantined_ = metrics_->counter("laketide_rows_quarantined_total", "Records that could not be used", labels);
  epochs_ = metrics_->counter("laketide_epochs_committed_total", "Epochs committed into every sink", labels);
}

double RunMetrics::committed(const EpochReceipt& receipt) {
  rows_in_->add(static_cast<double>(receipt.rows_in));
  rows_out_->add(static_cast<double>(receipt.rows_out));
  filtered_->add(static_cast<double>(std::max<int64_t>(0, receipt.filtered)));
  quarantined_->add(static_cast<double>(receipt.quarantined));
  epochs_->add(1);
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

void RunMetrics::lag(const Positions& committed, const PartitionBounds& bounds) {
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

}  // namespace laketide
