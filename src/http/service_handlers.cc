#include <nlohmann/json.hpp>

#include "http/handlers.h"
#include "http/openapi.h"
#include "http/problem.h"
#include "http/service.h"
#include "http/stream_json.h"
#include "laketide/version.h"

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;

/// A probe looks at the status line only; the code says what it means, the detail why.
Response probe_problem(const std::string& code, const Status& why) {
  return problem(Status::external(code, std::string(why.code()) + ": " + std::string(why.detail())));
}

}  // namespace

Reply show_health(Service& service, const Call&) {
  // Before the engine is there, the process is alive if it can say so.
  const auto engine = service.engine();
  const Status health = engine ? engine->health() : Status();
  return {health.ok() ? json_response(200, {{"status", "ok"}}) : probe_problem("not_alive", health)};
}

Reply show_readiness(Service& service, const Call&) {
  const Status ready = service.is_stopping() ? Status::user("stopping", "the service is stopping") : service.engine()->ready();
  return {ready.ok() ? json_response(200, {{"status", "ready"}}) : probe_problem("not_ready", ready)};
}

Reply show_metrics(Service& service, const Call&) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = service.engine()->metrics();
  return {response};
}

Reply show_description(Service&, const Call&) {
  Response response;
  response.body = openapi();
  return {response};
}

Reply show_index(Service&, const Call&) {
  Json links = Json::array();
  for (const Route& route : routes()) {
    links.push_back({{"method", route.method}, {"path", route.path}, {"summary", route.summary}});
  }
  return {json_response(200, {{"name", "laketide"}, {"version", version()}, {"links", links}})};
}

Reply stop_service(Service& service, const Call&) {
  service.begin_stop();
  // The process may end as soon as it hears of it, and the answer should be out by then.
  Response response = json_response(202, {{"status", "stopping"}});
  response.after_sent = service.on_stop();
  return {response};
}

}  // namespace laketide::http
