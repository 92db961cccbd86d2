#include "http/job_json.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "http/client.h"
#include "http/problem.h"

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;

Json null_if_empty(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

bool has_several_topics(const JobStatus& job) {
  std::vector<std::string> topics = job.topics;
  for (const JobRange& range : job.range) topics.push_back(range.topic);
  std::sort(topics.begin(), topics.end());
  return std::unique(topics.begin(), topics.end()) - topics.begin() > 1;
}

/// {"0":[100,500]}, or {"events":{"0":[100,500]}}.
Json offsets_json(const std::vector<JobRange>& ranges, bool by_topic) {
  Json offsets = Json::object();
  for (const JobRange& range : ranges) {
    Json& partitions = by_topic ? offsets[range.topic] : offsets;
    partitions[std::to_string(range.partition)] = {range.start, range.end};
  }
  return offsets;
}

Json problem_json(const JobStatus& job, bool by_topic) {
  if (!job.error) return nullptr;
  constexpr int kStatus = 500;
  Json problem{{"type", "about:blank"},
               {"title", reason_phrase(kStatus)},
               {"status", kStatus},
               {"code", job.error->code},
               {"detail", job.error->detail}};
  if (!job.error->available.empty()) problem["available"] = offsets_json(job.error->available, by_topic);
  return problem;
}

}  // namespace

Json job_json(const JobStatus& job) {
  const bool by_topic = has_several_topics(job);
  // An atomic job has committed all of its range or nothing, which its status says.
  const bool commits_as_it_goes = !job.atomic || !job.committed.empty();
  return {{"jobId", job.id},
          {"status", to_string(job.state)},
          {"statusUrl", status_url(job)},
          {"pipeline", job.pipeline},
          {"topics", job.topics},
          {"sinks", job.sinks},
          {"pool", job.pool},
          {"reason", null_if_empty(job.reason)},
          {"attempt", job.attempt},
          {"atomic", job.atomic},
          {"startOffset", job.start_offset},
          {"endOffset", job.end_offset},
          {"submittedAt", null_if_empty(job.submitted_at)},
          {"startedAt", null_if_empty(job.started_at)},
          {"finishedAt", null_if_empty(job.finished_at)},
          {"range", job.range.empty() ? Json(nullptr) : offsets_json(job.range, by_topic)},
          {"snapshot", job.snapshot.empty() ? Json(nullptr) : Json::parse(job.snapshot, nullptr, false)},
          {"progress", job.progress},
          {"rowsIn", job.rows_in},
          {"rowsOut", job.rows_out},
          {"filtered", job.filtered},
          {"quarantined", job.quarantined},
          {"error", problem_json(job, by_topic)},
          {"committedOffsets", commits_as_it_goes ? offsets_json(job.committed, by_topic) : Json(nullptr)},
          {"advice", null_if_empty(job.advice)}};
}

std::string status_url(const JobStatus& job) { return "/batch/status/" + path_segment(job.id); }

bool is_final(JobState state) { return state == JobState::kSucceeded || state == JobState::kFailed || state == JobState::kCancelled; }

}  // namespace laketide::http
