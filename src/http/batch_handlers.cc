#include <algorithm>
#include <chrono>
#include <utility>

#include <nlohmann/json.hpp>

#include "http/handlers.h"
#include "http/job_json.h"
#include "http/job_request.h"
#include "http/problem.h"
#include "http/service.h"
#include "http/stream_json.h"

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLookMin{10}, kLookMax{250};

/// A job that was submitted, with the way to it.
Response job_response(int status, const JobStatus& job) {
  Response response = json_response(status, job_json(job));
  response.headers.emplace_back("Location", status_url(job));
  return response;
}

/// How a wait ends: a failure is the service's word for "no", everything else that is over is 200.
int status_after_wait(JobState state) {
  if (!is_final(state)) return 202;
  return state == JobState::kFailed ? 500 : 200;
}

/// A wait for the end of one job. Confined to its task.
struct JobWait {
  const Service* service;
  std::shared_ptr<Engine> engine;
  JobStatus job;
  Clock::time_point began, deadline;
};

/// Looks again and again until the job is over, it is time to say that it is not, or the service stops. Holds no thread in between.
Reply await_job(JobWait wait) {
  // A look that fails says nothing about the job: it goes on, and its state is the last one seen.
  if (auto now = wait.engine->job(wait.job.id); now.ok()) wait.job = std::move(*now);
  const auto time = Clock::now();
  if (is_final(wait.job.state) || time >= wait.deadline || wait.service->is_stopping()) return {job_response(status_after_wait(wait.job.state), wait.job)};
  // The longer it has taken, the less a moment counts: 256 clients that wait must not keep the engine busy with looks.
  const auto pause = std::clamp(std::chrono::duration_cast<milliseconds>((time - wait.began) / 8), kLookMin, kLookMax);
  Reply reply;
  reply.after = std::clamp(std::chrono::ceil<milliseconds>(wait.deadline - time), milliseconds(1), pause);
  reply.again = [wait = std::move(wait)] { return await_job(wait); };
  return reply;
}

std::string text_parameter(const Call& call, const char* name) {
  const auto found = call.query.texts.find(name);
  return found == call.query.texts.end() ? std::string() : found->second;
}

}  // namespace

Reply run_batch(Service& service, const Call& call) {
  if (service.is_stopping()) return {problem(Status::user("stopping", "the service is stopping and begins no new work"))};
  const Result<JobRequest> request = job_request(call);
  if (!request.ok()) return {problem(request.status())};
  const auto engine = service.engine();
  const Result<JobStatus> job = engine->submit_job(*request);
  if (!job.ok()) return {problem(job.status())};
  const milliseconds wait(call.query.numbers.at("wait"));
  if (wait.count() == 0) return {job_response(202, *job)};
  const auto now = Clock::now();
  return await_job({&service, engine, *job, now, now + wait});
}

Reply list_jobs(Service& service, const Call& call) {
  const auto limit = static_cast<size_t>(call.query.numbers.at("limit"));
  JobFilter filter;
  filter.state = job_state(text_parameter(call, "status"));
  filter.pipeline = text_parameter(call, "pipeline");
  filter.before = text_parameter(call, "before");
  filter.count_max = static_cast<int>(limit) + 1;  // one more tells whether there is a next page
  const auto jobs = service.engine()->jobs(filter);
  if (!jobs.ok()) return {problem(jobs.status())};
  Json list = Json::array();
  for (size_t i = 0; i < std::min(limit, jobs->size()); ++i) list.push_back(job_json((*jobs)[i]));
  const Json next = jobs->size() > limit ? Json((*jobs)[limit - 1].id) : Json(nullptr);
  return {json_response(200, {{"jobs", std::move(list)}, {"next", next}})};
}

Reply show_job(Service& service, const Call& call) {
  const Result<JobStatus> job = service.engine()->job(call.path.at("jobId"));
  return {job.ok() ? json_response(200, job_json(*job)) : problem(job.status())};
}

Reply show_job_status(Service& service, const Call& call) {
  const Result<JobStatus> job = service.engine()->job(call.path.at("jobId"));
  if (!job.ok()) return {problem(job.status())};
  return {json_response(job->state == JobState::kFailed ? 500 : 200, job_json(*job))};
}

Reply show_receipt(Service& service, const Call& call) {
  const auto engine = service.engine();
  const Result<JobStatus> job = engine->job(call.path.at("jobId"));
  if (!job.ok()) return {problem(job.status())};
  const auto receipts = engine->job_receipt(job->id);
  if (!receipts.ok()) return {problem(receipts.status())};
  Json list = Json::array();
  for (const EpochReceipt& receipt : *receipts) list.push_back(receipt_json(receipt));
  return {json_response(200, {{"jobId", job->id}, {"pipeline", job->pipeline}, {"epochs", list}})};
}

Reply cancel_job(Service& service, const Call& call) {
  const auto engine = service.engine();
  const Result<JobStatus> before = engine->job(call.path.at("jobId"));
  if (!before.ok()) return {problem(before.status())};
  if (is_final(before->state)) return {json_response(200, job_json(*before))};
  const Result<JobStatus> after = engine->cancel_job(before->id);
  if (!after.ok()) return {problem(after.status())};
  // It may have come to its own end in between.
  const bool had_ended = is_final(after->state) && after->state != JobState::kCancelled;
  return {json_response(had_ended ? 200 : 202, job_json(*after))};
}

}  // namespace laketide::http
