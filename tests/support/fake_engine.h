// An engine that remembers what it was asked and answers what the test says.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "laketide/engine.h"
#include "support/fake_jobs.h"
#include "support/fake_pipelines.h"
#include "support/fake_pools.h"
#include "support/fake_streams.h"

namespace laketide {

/// Its streams are the fake ones that it is. Thread-safe.
class FakeEngine final : public Engine, public FakeStreams {
 public:
  mutable FakeJobs batch;  // looks are counted
  FakePools shares;
  FakePipelines shelf;

  void set_health(const Status& status) {
    const std::lock_guard lock(mutex_);
    health_ = status;
  }
  void set_ready(const Status& status) {
    const std::lock_guard lock(mutex_);
    ready_ = status;
  }
  bool stop_was_begun() const { return locked(stop_begun_); }
  Result<StreamStatus> start_stream(const StreamRequest& request) override { return start(request); }
  Result<std::vector<StreamStatus>> stop_streams(const std::string& pipeline, const std::string& topic, bool now, std::chrono::milliseconds) override {
    return stop(pipeline, topic, now);
  }
  Result<StreamStatus> pause_stream(const std::string& pipeline) override { return pause(pipeline); }
  Result<StreamStatus> resume_stream(const std::string& pipeline) override { return resume(pipeline); }
  Result<ResetReport> reset_stream(const std::string& pipeline, const std::string& start) override { return reset(pipeline, start); }
  std::vector<StreamStatus> streams() const override { return FakeStreams::list(); }
  Result<StreamStatus> stream(const std::string& pipeline) const override { return FakeStreams::find(pipeline); }
  /// Epochs 0 to 24.
  Result<std::vector<EpochReceipt>> epochs(const std::string& pipeline, int64_t before, int count_max) const override {
    LT_RETURN_IF_ERROR(stream(pipeline).status());
    std::vector<EpochReceipt> receipts;
    for (int64_t epoch = std::min<int64_t>(before, 25) - 1; epoch >= 0 && static_cast<int>(receipts.size()) < count_max; --epoch) {
      receipts.push_back(FakeJobs::receipt_of(epoch));
    }
    return receipts;
  }
  Result<std::string> progress(const std::string& pipeline) const override {
    LT_RETURN_IF_ERROR(stream(pipeline).status());
    return std::string(R"({"batchId":7,"numInputRows":400})");
  }
  std::vector<PipelineInfo> pipelines() const override { return shelf.list(); }
  Result<PipelineInfo> pipeline(const std::string& name) const override { return shelf.find(name); }
  Result<PipelineChange> plan_pipeline(const std::string& name, const std::string& document) const override { return shelf.plan(name, document); }
  Result<PipelineChange> put_pipeline(const std::string& name, const std::string& document) override { return shelf.put(name, document); }
  Status delete_pipeline(const std::string& name) override { return shelf.remove(name); }
  ReloadReport reload(const ConfigSource&) override { return {}; }

  Result<JobStatus> submit_job(const JobRequest& request) override { return batch.submit(request); }
  Result<JobStatus> job(const std::string& id) const override { return batch.job(id); }
  Result<std::vector<JobStatus>> jobs(const JobFilter& filter) const override { return batch.list(filter); }
  Result<JobStatus> cancel_job(const std::string& id) override { return batch.cancel(id); }
  Result<std::vector<EpochReceipt>> job_receipt(const std::string& id) const override { return batch.receipt(id); }
  std::vector<PoolInfo> pools() const override { return shares.list(); }
  Result<PoolInfo> set_pool(const std::string& name, const PoolChange& change) override { return shares.change(name, change); }

  Status health() const override { return locked(health_); }
  Status ready() const override { return locked(ready_); }
  std::string metrics() const override { return "# TYPE laketide_up gauge\nlaketide_up 1\n"; }
  void begin_stop() override {
    const std::lock_guard lock(mutex_);
    stop_begun_ = true;
  }
  bool wait_stopped(std::chrono::steady_clock::time_point) override { return true; }

 private:
  template <typename T>
  T locked(const T& member) const {
    const std::lock_guard lock(mutex_);
    return member;
  }

  mutable std::mutex mutex_;
  Status health_, ready_;
  bool stop_begun_ = false;
};

}  // namespace laketide
