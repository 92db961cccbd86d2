// Streams that begin and end as the test says.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "laketide/engine.h"

namespace laketide {

/// Streams are started and stopped at once unless the test says otherwise. Thread-safe.
class FakeStreams {
 public:
  void set_stream(const StreamStatus& stream) {
    const std::lock_guard lock(mutex_);
    streams_[stream.pipeline] = stream;
  }
  void set_start_failure(const Status& status) {
    const std::lock_guard lock(mutex_);
    start_failure_ = status;
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
  bool last_stop_was_now() const { return locked(last_stop_now_); }

  Result<StreamStatus> start(const StreamRequest& request) {
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

  Result<std::vector<StreamStatus>> stop(const std::string& pipeline, const std::string& topic, bool now) {
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

  std::vector<StreamStatus> list() const {
    const std::lock_guard lock(mutex_);
    std::vector<StreamStatus> all;
    for (const auto& [name, stream] : streams_) all.push_back(stream);
    return all;
  }
  Result<StreamStatus> find(const std::string& pipeline) const {
    const std::lock_guard lock(mutex_);
    const auto found = streams_.find(pipeline);
    if (found == streams_.end()) return Status::user("unknown_pipeline", "no such stream: " + pipeline, "name");
    return found->second;
  }

  Result<StreamStatus> pause(const std::string& pipeline) { return turn(pipeline, locked(slow_drain_) ? StreamState::kDraining : StreamState::kPaused); }
  Result<StreamStatus> resume(const std::string& pipeline) { return turn(pipeline, StreamState::kStarting); }
  Result<ResetReport> reset(const std::string& pipeline, const std::string& start) const {
    LT_ASSIGN_OR_RETURN(const StreamStatus stream, find(pipeline));
    if (stream.state != StreamState::kStopped) return Status::user("stream_active", "stop it first: " + pipeline);
    return ResetReport{pipeline, start, 7, {{"s", "t", 0, 10, 20}}, {"sink \"delta:t\" has their rows a second time"}};
  }

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
  Status start_failure_;
  bool held_ = false, slow_drain_ = false, last_stop_now_ = false;
};

}  // namespace laketide
