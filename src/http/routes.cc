#include "http/handlers.h"
#include "http/route.h"

namespace laketide::http {

const std::vector<Route>& routes() {
  constexpr bool kProbe = true, kWork = false, kNeedsEngine = true, kAlways = false;
  static const std::vector<Route> table = {
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
      {"POST", "/stream/start", Scope::kOperate, kWork, kNeedsEngine, "startStream", "Start a stream", "StartRequest", {},
       {{200, "Started", "the intent is durable; the state says whether it runs yet"}}, start_stream},
      {"POST", "/stream/stop", Scope::kOperate, kWork, kNeedsEngine, "stopStreams", "Stop one stream, those of a topic, or all", "StopRequest", {},
       {{200, "Streams", "drained, with their final offsets"}, {202, "Streams", "still draining"}}, stop_streams},
      {"GET", "/stream", Scope::kRead, kWork, kNeedsEngine, "listStreams", "All streams", "EmptyRequest", {}, {{200, "Streams", "by name"}}, list_streams},
      {"GET", "/stream/{name}", Scope::kRead, kWork, kNeedsEngine, "showStream", "One stream, with its progress", "EmptyRequest", {},
       {{200, "Stream", "how it stands"}}, show_stream},
      {"GET", "/stream/{name}/epochs", Scope::kRead, kWork, kNeedsEngine, "listEpochs", "Receipts of the last committed epochs", "EmptyRequest",
       {{"limit", 20, 1, 1000, "how many"}}, {{200, "Receipts", "newest first"}}, list_epochs},
      {"GET", "/pipelines", Scope::kRead, kWork, kNeedsEngine, "listPipelines", "All pipelines", "EmptyRequest", {},
       {{200, "Pipelines", "by name"}}, list_pipelines},
      {"GET", "/pipelines/{name}", Scope::kRead, kWork, kNeedsEngine, "showPipeline", "One pipeline's document", "EmptyRequest", {},
       {{200, "Pipeline", "as written"}}, show_pipeline},
  };
  return table;
}

}  // namespace laketide::http
