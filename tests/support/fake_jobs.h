// Batch jobs and pools that are what the test says.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "laketide/engine.h"

namespace laketide {

/// Jobs of a fake engine: a new one is QUEUED, and stays so unless the test says otherwise. Thread-safe.
class FakeJobs {
 public:
  /// Adds a job, the newest, or replaces the one of its id.
  void set(const JobStatus& job) {
    const std::lock_guard lock(mutex_);
    replace(job);
  }
  /// What the next looks at a job will find, one after the other; the last one stays.
  void set_looks(const std::vector<JobStatus>& looks) {
    const std::lock_guard lock(mutex_);
    looks_[looks.at(0).id] = {looks.begin(), looks.end()};
  }
  /// How a job that has not ended ends when it is cancelled.
  void set_end_at_cancel(JobState state) {
    const std::lock_guard lock(mutex_);
    end_at_cancel_ = state;
  }
  void set_submit_failure(const Status& status) { set_to(submit_failure_, status); }
  void set_cancel_failure(const Status& status) { set_to(cancel_failure_, status); }
  void set_look_failure(const Status& status) { set_to(look_failure_, status); }
  std::vector<JobRequest> submitted() const { return locked(submitted_); }
  std::vector<std::string> cancelled() const { return locked(cancelled_); }
  JobFilter last_filter() const { return locked(filter_); }
  int look_count() const { return locked(look_count_); }

  Result<JobStatus> submit(const JobRequest& request) {
    const std::lock_guard lock(mutex_);
    submitted_.push_back(request);
    if (!submit_failure_.ok()) return submit_failure_;
    JobStatus job;
    job.id = "job-" + std::to_string(submitted_.size());
    job.pipeline = !request.pipeline.empty() ? request.pipeline : !request.topic.empty() ? request.topic : "document";
    job.topics = {request.topic.empty() ? "events" : request.topic};
    job.pool = request.pool.empty() ? "batch-pool" : request.pool;
    job.atomic = request.atomic;
    job.start_offset = request.start_offset.empty() ? "earliest" : request.start_offset;
    job.end_offset = request.end_offset.empty() ? "latest" : request.end_offset;
    job.submitted_at = "2026-01-02T03:04:05.000000Z";
    replace(job);
    return job;
  }

  Result<JobStatus> job(const std::string& id) {
    const std::lock_guard lock(mutex_);
    ++look_count_;
    if (!look_failure_.ok()) return look_failure_;
    if (auto& looks = looks_[id]; !looks.empty()) {
      replace(looks.front());
      if (looks.size() > 1) looks.pop_front();
    }
    const auto found = find(id);
    if (found == jobs_.end()) return Status::user("unknown_job", "no such job: " + id, "jobId");
    return *found;
  }

  std::vector<JobStatus> list(const JobFilter& filter) {
    const std::lock_guard lock(mutex_);
    filter_ = filter;
    std::vector<JobStatus> chosen;
    bool reached = filter.before.empty();
    for (auto job = jobs_.rbegin(); job != jobs_.rend() && static_cast<int>(chosen.size()) < filter.count_max; ++job) {
      const bool fits = (!filter.state || job->state == *filter.state) && (filter.pipeline.empty() || job->pipeline == filter.pipeline);
      if (reached && fits) chosen.push_back(*job);
      reached = reached || job->id == filter.before;
    }
    return chosen;
  }

  /// 400 records of which 390 were written.
  static EpochReceipt receipt_of(int64_t epoch) {
    EpochReceipt receipt;
    receipt.epoch = epoch;
    receipt.opened_at = "2026-01-02T03:04:05.000000Z";
    receipt.committed_at = "2026-01-02T03:04:06.000000Z";
    receipt.ranges = {{"events", "events", 0, 100, 500}};
    receipt.sinks = {{"delta:events", "7", 390, 4}};
    std::tie(receipt.rows_in, receipt.rows_out, receipt.filtered, receipt.quarantined) = std::tuple(400, 390, 6, 4);
    return receipt;
  }
  Result<std::vector<EpochReceipt>> receipt(const std::string& id) {
    LT_RETURN_IF_ERROR(job(id).status());
    return std::vector{receipt_of(0)};
  }

  Result<JobStatus> cancel(const std::string& id) {
    const std::lock_guard lock(mutex_);
    cancelled_.push_back(id);
    if (!cancel_failure_.ok()) return cancel_failure_;
    const auto found = find(id);
    if (found == jobs_.end()) return Status::user("unknown_job", "no such job: " + id, "jobId");
    if (found->state == JobState::kQueued || found->state == JobState::kRunning) found->state = end_at_cancel_;
    return *found;
  }

 private:
  template <typename T>
  T locked(const T& member) const {
    const std::lock_guard lock(mutex_);
    return member;
  }
  void set_to(Status& member, const Status& status) {
    const std::lock_guard lock(mutex_);
    member = status;
  }
  std::vector<JobStatus>::iterator find(const std::string& id) {
    return std::find_if(jobs_.begin(), jobs_.end(), [&](const JobStatus& job) { return job.id == id; });
  }
  void replace(const JobStatus& job) {
    if (const auto found = find(job.id); found != jobs_.end()) {
      *found = job;
    } else {
      jobs_.push_back(job);
    }
  }

  mutable std::mutex mutex_;
  std::vector<JobStatus> jobs_;  // oldest first
  std::map<std::string, std::deque<JobStatus>> looks_;
  std::vector<JobRequest> submitted_;
  std::vector<std::string> cancelled_;
  JobFilter filter_;
  Status submit_failure_, cancel_failure_, look_failure_;
  int look_count_ = 0;
  JobState end_at_cancel_ = JobState::kCancelled;
};

}  // namespace laketide
