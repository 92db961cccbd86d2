#include <algorithm>

#include <nlohmann/json.hpp>

#include "http/handlers.h"
#include "http/problem.h"
#include "http/service.h"
#include "http/stream_json.h"

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;

Json pool_json(const PoolInfo& pool) {
  return {{"name", pool.name},
          {"weight", pool.weight},
          {"minShare", pool.min_share},
          {"maxShare", pool.max_share ? Json(*pool.max_share) : Json(nullptr)},
          {"policy", pool.policy},
          {"share", pool.share},
          {"shareMinute", pool.share_minute},
          {"entitlement", pool.entitlement},
          {"cpuSeconds", pool.cpu_seconds},
          {"runs", pool.runs},
          {"tasks", pool.tasks},
          {"waiting", pool.waiting},
          {"longestWaitMs", pool.longest_wait_ms},
          {"memoryBytes", pool.memory_bytes},
          {"memoryBytesMax", pool.memory_bytes_max},
          {"warning", pool.warning.empty() ? Json(nullptr) : Json(pool.warning)}};
}

PoolChange pool_change(const nlohmann::json& body) {
  PoolChange change;
  if (body.contains("weight")) change.weight = body["weight"].get<double>();
  if (body.contains("minShare")) change.min_share = body["minShare"].get<double>();
  if (body.contains("maxShare")) change.max_share = body["maxShare"].is_null() ? std::optional<double>() : body["maxShare"].get<double>();
  return change;
}

}  // namespace

Reply list_pools(Service& service, const Call&) {
  Json list = Json::array();
  for (const PoolInfo& pool : service.engine()->pools()) list.push_back(pool_json(pool));
  return {json_response(200, {{"pools", list}})};
}

Reply show_pool(Service& service, const Call& call) {
  const std::string& name = call.path.at("name");
  const auto pools = service.engine()->pools();
  const auto found = std::find_if(pools.begin(), pools.end(), [&](const PoolInfo& pool) { return pool.name == name; });
  if (found == pools.end()) return {problem(Status::user("unknown_pool", "no such pool; GET /pools lists them: " + name, "name"))};
  return {json_response(200, pool_json(*found))};
}

Reply change_pool(Service& service, const Call& call) {
  if (call.body->empty()) {
    return {problem(Status::user("missing_field", "say what to change: {\"weight\": 2, \"minShare\": 0.5, \"maxShare\": null}, or some of them", "weight"))};
  }
  const Result<PoolInfo> pool = service.engine()->set_pool(call.path.at("name"), pool_change(*call.body));
  if (!pool.ok()) return {problem(pool.status())};
  Json body = pool_json(*pool);
  body["note"] = "this holds until SIGHUP or restart; the service file keeps what it says";
  return {json_response(200, body)};
}

}  // namespace laketide::http
