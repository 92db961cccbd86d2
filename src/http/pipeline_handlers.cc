#include <nlohmann/json.hpp>

#include "http/handlers.h"
#include "http/problem.h"
#include "http/service.h"
#include "http/stream_json.h"

namespace laketide::http {

Reply list_pipelines(Service& service, const Call&) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const PipelineInfo& pipeline : service.engine()->pipelines()) list.push_back(pipeline_json(pipeline));
  return {json_response(200, {{"pipelines", list}})};
}

Reply show_pipeline(Service& service, const Call& call) {
  const Result<PipelineInfo> pipeline = service.engine()->pipeline(call.path.at("name"));
  return {pipeline.ok() ? json_response(200, pipeline_json(*pipeline)) : problem(pipeline.status())};
}

}  // namespace laketide::http
