// An engine that remembers what it was asked and answers what the test says.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "laketide/engine.h"
#include "support/fake_jobs.h"
#include "support/fake_pipelines.h"
#include "support/fake_pools.h"

namespace laketide {

/// Streams are started and stopped at once unless the test says otherwise. Thread-safe.
class FakeEngine final : public Engine {
 public:
  mutable FakeJobs batch;  // looks are counted
  FakePools shares;
  FakePipelines shelf;

  void set_stream(const StreamStatus& stream) {
    const std::lock_guard lock(mutex_);
    streams_[stream.pipeline] = stream;
  }
  void set_start_failure(const Status& status) {
    const std::lock_guard lock(mutex_);
    start_failure_ = status;
  }
  void set_health(const Status& status) {
    const std::lock_guard lock(mutex_);
    health_ = status;
  }
  void set_ready(const Status& status) {
    const std::lock_guard lock(mutex_);
    ready_ = status;
  }
  /// Stopping then only leads to DRAINING; set_stream ends it.
  void set_slow_drain() {
    const std::lock_guard lock(mutex_);
    slow_drain_ = true;
  }
  /// From now on start_stream blocks until `release`.
  void hold_starts() {
    const std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  std::vector<StreamRequest> started() const { return locked(started_); }
  bool stop_was_begun() const { return locked(stop_begun_); }
  bool last_stop_was_now() const { return locked(last_stop_now_); }

  Result<StreamStatus> start_stream(const StreamRequest& request) override {
    std::unique_lock lock(mutex_);
    started_.push_back(request);
    changed_.wait(lock, [this] { return !held_; });
    if (request.topic == "throw") throw std::runtime_error("thrown by the fake");
    if (!start_failure_.ok()) return start_failure_;
    StreamStatus stream;
    stream.id = "run-" + std::to_string(started_.size());
    stream.pipeline = !request.pipeline.empty() ? request.pipeline : !request.topic.empty() ? request.topic : "document";
    stream.topics = {request.topic.empty() ? "events" : request.topic};
    stream.state = StreamState::kStarting;
    stream.start = "earliest";
    streams_[stream.pipeline] = stream;
    return stream;
  }

  Result<std::vector<StreamStatus>> stop_streams(const std::string& pipeline, const std::string& topic, bool now,
                                                 std::chrono::milliseconds) override {
    const std::lock_guard lock(mutex_);
    last_stop_now_ = now;
    if (!pipeline.empty() && !streams_.contains(pipeline)) return Status::user("unknown_pipeline", "no such stream: " + pipeline, "pipeline");
    std::vector<StreamStatus> stopped;
    for (auto& [name, stream] : streams_) {
      const bool chosen = (pipeline.empty() || name == pipeline) && (topic.empty() || stream.topics == std::vector{topic});
      if (!chosen || stream.state == StreamState::kStopped) continue;
      stream.state = slow_drain_ ? StreamState::kDraining : StreamState::kStopped;
      stopped.push_back(stream);
    }
    return stopped;
  }

  std::vector<StreamStatus> streams() const override {
    const std::lock_guard lock(mutex_);
    std::vector<StreamStatus> all;
    for (const auto& [name, stream] : streams_) all.push_back(stream);
    return all;
  }
  Result<StreamStatus> stream(const std::string& pipeline) const override {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(pipeline);
    if (found == streams_.end()) return Status::user("unknown_pipeline", "no such stream: " + pipeline, "name");
    return found->second;
  }
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

  Result<StreamStatus> pause_stream(const std::string& pipeline) override { return turn(pipeline, slow_drain_ ? StreamState::kDraining : StreamState::kPaused); }
  Result<StreamStatus> resume_stream(const std::string& pipeline) override { return turn(pipeline, StreamState::kStarting); }
  Result<ResetReport> reset_stream(const std::string& pipeline, const std::string& start) override {
    LT_ASSIGN_OR_RETURN(const StreamStatus stream, this->stream(pipeline));
    if (stream.state != StreamState::kStopped) return Status::user("stream_active", "stop it first: " + pipeline);
    return ResetReport{pipeline, start, 7, {{"s", "t", 0, 10, 20}}, {"sink \"delta:t\" has their rows a second time"}};
  }

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
  Result<StreamStatus> turn(const std::string& pipeline, StreamState state) {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(pipeline);
    if (found == streams_.end()) return Status::user("unknown_pipeline", "no such stream: " + pipeline, "name");
    found->second.state = state;
    return found->second;
  }

  template <typename T>
  T locked(const T& member) const {
    const std::lock_guard lock(mutex_);
    return member;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, StreamStatus> streams_;
  std::vector<StreamRequest> started_;
  Status start_failure_, health_, ready_;
  bool held_ = false, slow_drain_ = false, stop_begun_ = false, last_stop_now_ = false;
};

}  // namespace laketide
