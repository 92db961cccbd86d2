#include "sinks/postgres/copy_metrics.h"

namespace laketide::postgres {
namespace {

const std::vector<double> kCommitBounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

double seconds_of(CopyMetrics::Duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

void CopyMetrics::open(size_t target, const std::string& sink, const Context& context) {
  const MutexLock lock(mutex_);
  if (!context.metrics || targets_.contains(target)) return;
  Labels labels = context.labels;
  if (!commit_seconds_) {
    commit_seconds_ = context.metrics->histogram("laketide_postgres_commit_seconds", "From sending COMMIT to its known outcome; sinks of one server commit together", labels, kCommitBounds);
  }
  labels["sink"] = sink;
  targets_[target] = {context.metrics->counter("laketide_postgres_copied_rows_total", "Rows that PostgreSQL took by COPY, also of epochs given up later", labels),
                      context.metrics->counter("laketide_postgres_copied_bytes_total", "Bytes sent to PostgreSQL by COPY", labels),
                      context.metrics->counter("laketide_postgres_copy_seconds_total", "Time spent in COPY, refused rows found included", labels)};
}

void CopyMetrics::copied(size_t target, int64_t rows, size_t bytes, Duration time) {
  const MutexLock lock(mutex_);
  const auto found = targets_.find(target);
  if (found == targets_.end()) return;
  found->second.rows->add(static_cast<double>(rows));
  found->second.bytes->add(static_cast<double>(bytes));
  found->second.seconds->add(seconds_of(time));
}

void CopyMetrics::committed(Duration time) {
  const MutexLock lock(mutex_);
  if (commit_seconds_) commit_seconds_->observe(seconds_of(time));
}

}  // namespace laketide::postgres
