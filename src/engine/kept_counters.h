// The counters of pipelines whose runs are over.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/metrics.h"
#include "base/mutex.h"
#include "execution/run_metrics.h"

namespace laketide {

/// Keeps what a pipeline has counted when its run ends, so that the next scrape sees what a job of a second did. Until the pipeline
/// is deleted; or until 1,000 others have run, since a job may bring a document and a name of its own. Thread-safe.
class KeptCounters {
 public:
  explicit KeptCounters(std::shared_ptr<Metrics> metrics) : metrics_(std::move(metrics)) {}
  /// A run of it begins.
  void keep(const std::string& pipeline);
  void forget(const std::string& pipeline);

 private:
  struct Kept {
    PipelineCounters counters;
    int64_t turn;  // the larger, the later it was kept
  };

  const std::shared_ptr<Metrics> metrics_;
  Mutex mutex_;
  std::map<std::string, Kept> kept_ LT_GUARDED_BY(mutex_);
  int64_t turns_ LT_GUARDED_BY(mutex_) = 0;
};

}  // namespace laketide
