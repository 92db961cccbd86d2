#include <algorithm>

#include <nlohmann/json.hpp>

#include "http/client.h"
#include "http/handlers.h"
#include "http/problem.h"
#include "http/service.h"
#include "http/stream_json.h"

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;

/// The document as it came, so that problems have their places; one without a name gets that of the path.
std::string document_of(const Call& call) {
  if (call.body->contains("name")) return call.text;
  Json document = call.body->empty() ? Json::object() : Json::parse(call.text);
  document["name"] = call.path.at("name");
  return document.dump();
}

}  // namespace

Reply list_pipelines(Service& service, const Call& call) {
  const auto limit = static_cast<size_t>(call.query.numbers.at("limit"));
  const auto after = call.query.texts.find("after");
  std::vector<PipelineInfo> all = service.engine()->pipelines();  // by name
  if (after != call.query.texts.end()) std::erase_if(all, [&](const PipelineInfo& one) { return one.name <= after->second; });
  Json list = Json::array();
  for (size_t i = 0; i < std::min(limit, all.size()); ++i) list.push_back(pipeline_json(all[i]));
  const Json next = all.size() > limit ? Json(all[limit - 1].name) : Json(nullptr);
  return {json_response(200, {{"pipelines", list}, {"next", next}})};
}

Reply show_pipeline(Service& service, const Call& call) {
  const Result<PipelineInfo> pipeline = service.engine()->pipeline(call.path.at("name"));
  return {pipeline.ok() ? json_response(200, pipeline_json(*pipeline)) : problem(pipeline.status())};
}

Reply put_pipeline(Service& service, const Call& call) {
  if (service.is_stopping()) return {problem(Status::user("stopping", "the service is stopping and begins no new work"))};
  const auto change = service.engine()->put_pipeline(call.path.at("name"), document_of(call));
  if (!change.ok()) return {problem(change.status())};
  Response response = json_response(change->is_new ? 201 : 200, change_json(*change));
  if (change->is_new) response.headers.emplace_back("Location", "/pipelines/" + path_segment(change->name));
  return {response};
}

Reply plan_pipeline(Service& service, const Call& call) {
  const auto change = service.engine()->plan_pipeline(call.path.at("name"), document_of(call));
  return {change.ok() ? json_response(200, change_json(*change)) : problem(change.status())};
}

Reply delete_pipeline(Service& service, const Call& call) {
  const std::string& name = call.path.at("name");
  if (const Status deleted = service.engine()->delete_pipeline(name); !deleted.ok()) return {problem(deleted)};
  return {json_response(200, {{"name", name}, {"deleted", true}, {"note", "its tables and their progress stay: a pipeline of this name goes on where it ended"}})};
}

}  // namespace laketide::http
