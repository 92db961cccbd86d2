#include <cstdint>

#include "http/handlers.h"
#include "http/route.h"

namespace laketide::http {
namespace {

using Kind = Parameter::Kind;

constexpr bool kProbe = true, kWork = false, kNeedsEngine = true, kAlways = false;
constexpr int64_t kWaitMsMax = 300'000;

std::vector<Route> service_routes() {
  return {
      {"GET", "/", Scope::kRead, kWork, kAlways, "index", "What there is to call", "EmptyRequest", {}, {{200, "Index", "links"}}, show_index},
      {"GET", "/openapi.json", Scope::kRead, kWork, kAlways, "describe", "This description", "EmptyRequest", {},
       {{200, "", "an OpenAPI document"}}, show_description},
      {"GET", "/health", Scope::kNone, kProbe, kAlways, "health", "Liveness: 200 while workers make progress", "EmptyRequest", {},
       {{200, "State", "alive"}}, show_health},
      {"GET", "/ready", Scope::kNone, kProbe, kNeedsEngine, "ready", "Readiness: configuration loaded, intents restored, not stopping",
       "EmptyRequest", {}, {{200, "State", "ready"}}, show_readiness},
      {"GET", "/metrics", Scope::kRead, kProbe, kNeedsEngine, "metrics", "Prometheus text", "EmptyRequest", {},
       {{200, "", "text exposition format 0.0.4"}}, show_metrics},
      {"POST", "/stop", Scope::kAdmin, kWork, kAlways, "stop", "Stop the service: streams drain and commit, then the process ends",
       "EmptyRequest", {}, {{202, "State", "it has begun"}}, stop_service},
  };
}

std::vector<Route> stream_routes() {
  return {
      {"POST", "/stream/start", Scope::kOperate, kWork, kNeedsEngine, "startStream", "Start a stream", "StartRequest", {},
       {{200, "Started", "the intent is durable; the state says whether it runs yet"}}, start_stream},
      {"POST", "/stream/stop", Scope::kOperate, kWork, kNeedsEngine, "stopStreams", "Stop one stream, those of a topic, or all", "StopRequest", {},
       {{200, "Streams", "drained, with their final offsets"}, {202, "Streams", "still draining"}}, stop_streams},
      {"GET", "/stream", Scope::kRead, kWork, kNeedsEngine, "listStreams", "All streams", "EmptyRequest", {}, {{200, "Streams", "by name"}}, list_streams},
      {"GET", "/stream/{name}", Scope::kRead, kWork, kNeedsEngine, "showStream", "One stream, with its progress", "EmptyRequest", {},
       {{200, "Stream", "how it stands"}}, show_stream},
      {"GET", "/stream/{name}/epochs", Scope::kRead, kWork, kNeedsEngine, "listEpochs", "Receipts of the last committed epochs", "EmptyRequest",
       {{Kind::kNumber, "limit", "how many", 20, 1, 1000},
        {Kind::kNumber, "before", "only epochs before this one: `next` of the page before", -1, 0, INT64_MAX}},
       {{200, "Receipts", "newest first, a page"}}, list_epochs},
      {"POST", "/stream/{name}/pause", Scope::kOperate, kWork, kNeedsEngine, "pauseStream",
       "Commit what was read and read no more until it is resumed; remembered over restarts", "EmptyRequest", {},
       {{200, "Stream", "PAUSED, with its offsets"}, {202, "Stream", "still draining"}}, pause_stream},
      {"POST", "/stream/{name}/resume", Scope::kOperate, kWork, kNeedsEngine, "resumeStream", "Go on after a pause; one that runs stays as it is",
       "EmptyRequest", {}, {{200, "Stream", "the wish is durable; the state says whether it runs yet"}}, resume_stream},
      {"POST", "/stream/{name}/reset", Scope::kOperate, kWork, kNeedsEngine, "resetStream",
       "Let a stopped stream begin anew at its next start; epoch numbers go on, the generation is raised", "ResetRequest", {},
       {{200, "Reset", "what will be read again, and what that does to each sink"}}, reset_stream},
  };
}

std::vector<Route> batch_routes() {
  return {
      {"POST", "/batch/run", Scope::kOperate, kWork, kNeedsEngine, "runBatch", "Take a batch job, and perhaps wait for its end", "RunRequest",
       {{Kind::kDuration, "wait", "answer when the job is over, at the latest after this, 1ms to 5m; without it at once", 0, 1, kWaitMsMax},
        {Kind::kHeader, "Idempotency-Key", "kept 24 h: the same request again is answered with the job that the first one made"}},
       {{202, "Job", "taken, and not over yet; Location has its status URL"},
        {200, "Job", "with wait: SUCCEEDED or CANCELLED"},
        {500, "Job", "with wait: FAILED"}},
       run_batch},
      {"GET", "/batch", Scope::kRead, kWork, kNeedsEngine, "listJobs", "Batch jobs, newest first", "EmptyRequest",
       {{Kind::kNumber, "limit", "how many", 100, 1, 1000},
        {Kind::kName, "before", "only jobs older than the one of this id: `next` of the page before"},
        {Kind::kText, "status", "only those in this state", 0, 0, 0, {"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"}},
        {Kind::kName, "pipeline", "only those of this pipeline"}},
       {{200, "Jobs", "a page"}}, list_jobs},
      {"GET", "/batch/status/{jobId}", Scope::kRead, kWork, kNeedsEngine, "jobStatus", "One job; the answer's status says whether it failed", "EmptyRequest", {},
       {{200, "Job", "QUEUED, RUNNING, SUCCEEDED or CANCELLED"}, {500, "Job", "FAILED, with why in error"}}, show_job_status},
      {"GET", "/batch/{jobId}", Scope::kRead, kWork, kNeedsEngine, "showJob", "One job, whatever its state", "EmptyRequest", {},
       {{200, "Job", "how it stands"}}, show_job},
      {"GET", "/batch/{jobId}/receipt", Scope::kRead, kWork, kNeedsEngine, "jobReceipt", "What the job committed", "EmptyRequest", {},
       {{200, "JobReceipt", "one epoch for an atomic job; none yet: an empty list"}}, show_receipt},
      {"POST", "/batch/cancel/{jobId}", Scope::kOperate, kWork, kNeedsEngine, "cancelJob", "End a job; nothing of it, or nothing more of it, becomes visible",
       "EmptyRequest", {}, {{202, "Job", "it was QUEUED or RUNNING"}, {200, "Job", "it had ended before"}}, cancel_job},
  };
}

std::vector<Route> pool_routes() {
  return {
      {"GET", "/pools", Scope::kRead, kWork, kNeedsEngine, "listPools", "The shares of the engine", "EmptyRequest", {}, {{200, "Pools", "all"}}, list_pools},
      {"GET", "/pools/{name}", Scope::kRead, kWork, kNeedsEngine, "showPool", "One pool", "EmptyRequest", {}, {{200, "Pool", "how it stands"}}, show_pool},
      {"PUT", "/pools/{name}", Scope::kAdmin, kWork, kNeedsEngine, "changePool", "Change a pool until SIGHUP or restart", "PoolRequest", {},
       {{200, "Pool", "as it is now"}}, change_pool},
  };
}

std::vector<Route> pipeline_routes() {
  return {
      {"GET", "/pipelines", Scope::kRead, kWork, kNeedsEngine, "listPipelines", "All pipelines", "EmptyRequest",
       {{Kind::kNumber, "limit", "how many", 100, 1, 1000}, {Kind::kName, "after", "only names behind this one: `next` of the page before"}},
       {{200, "Pipelines", "by name, a page"}}, list_pipelines},
      {"GET", "/pipelines/{name}", Scope::kRead, kWork, kNeedsEngine, "showPipeline", "One pipeline's document", "EmptyRequest", {},
       {{200, "Pipeline", "as written"}}, show_pipeline},
      {"PUT", "/pipelines/{name}", Scope::kOperate, kWork, kNeedsEngine, "putPipeline",
       "Keep a document under its name. A stream that runs by it commits its open epoch and goes on, from its offsets, under the new one; "
       "a change that would lose the progress is refused (409 change_refused) with the way out",
       "PipelineRequest", {}, {{201, "Change", "there was none of this name"}, {200, "Change", "what became of progress and stream"}}, put_pipeline},
      {"DELETE", "/pipelines/{name}", Scope::kOperate, kWork, kNeedsEngine, "deletePipeline",
       "Forget a pipeline that no stream works by; its tables and their progress stay", "EmptyRequest", {}, {{200, "Deleted", "it is gone"}}, delete_pipeline},
      {"POST", "/pipelines/{name}/plan", Scope::kRead, kWork, kNeedsEngine, "planPipeline", "What PUT would do, without doing it, and the query's plan",
       "PipelineRequest", {}, {{200, "Change", "also when PUT would refuse it: then change is refused, with reason and way out"}}, plan_pipeline},
  };
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> table = [] {
    std::vector<Route> all;
    for (const std::vector<Route>& part : {service_routes(), stream_routes(), batch_routes(), pool_routes(), pipeline_routes()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return table;
}

}  // namespace laketide::http
