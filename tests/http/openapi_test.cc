// What is described is what is served, and the other way round.
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "http/route.h"
#include "http/schema.h"
#include "support/api_server.h"

namespace laketide::http {
namespace {

using nlohmann::json;

json description(const ApiServer& api) { return json::parse(api.get("/openapi.json").body); }

TEST(OpenApi, HasExactlyTheRoutes) {
  const ApiServer api;
  const json document = description(api);
  std::set<std::string> described, served;
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) described.insert(method + " " + path);
  }
  for (const Route& route : routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(std::tolower(c));
    served.insert(method + " " + std::string(route.path));
  }
  EXPECT_EQ(described, served);
}

TEST(OpenApi, EveryDescribedOperationIsServed) {
  const ApiServer api;
  StreamStatus stream;
  stream.pipeline = "one";
  api.engine->set_stream(stream);
  JobStatus job;
  job.id = "one";
  api.engine->batch.set(job);
  const json document = description(api);
  for (const auto& [path, operations] : document["paths"].items()) {
    std::string target = path;
    if (const size_t at = target.find('{'); at != std::string::npos) {
      target.replace(at, target.find('}') - at + 1, path.starts_with("/pools") ? "batch-pool" : "one");
    }
    for (const auto& [method, operation] : operations.items()) {
      if (method == "delete") continue;  // what the others need
      const bool has_topic = path == "/stream/start" || path == "/batch/run";
      const std::string body = has_topic ? R"({"topic":"t"})" : path.starts_with("/pools/") && method == "put" ? R"({"weight":2})"
                               : path.ends_with("/reset") ? R"({"start":"earliest"})" : "";
      if (path == "/stop") continue;  // the last one
      stream.state = path.ends_with("/reset") ? StreamState::kStopped : StreamState::kRunning;
      api.engine->set_stream(stream);
      const RawResponse response = api.call(method == "get" ? "GET" : method == "put" ? "PUT" : "POST", target, body);
      const std::string status = path.starts_with("/pipelines/") && method == "put" ? "200" : std::to_string(response.status);  // "one" is a file's
      EXPECT_TRUE(operation["responses"].contains(status)) << method << " " << path << " " << response.status;
    }
    EXPECT_EQ(api.call("PATCH", target).status, 405) << path;
  }
}

TEST(OpenApi, IdsAreUniqueAndReferencesLeadSomewhere) {
  const ApiServer api;
  const json document = description(api);
  std::set<std::string> ids;
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) EXPECT_TRUE(ids.insert(operation["operationId"]).second);
  }
  const std::string text = document.dump();
  const std::string prefix = "\"$ref\":\"#/components/schemas/";
  for (size_t at = 0; (at = text.find(prefix, at)) != std::string::npos; at += prefix.size()) {
    const std::string name = text.substr(at + prefix.size(), text.find('"', at + prefix.size()) - at - prefix.size());
    EXPECT_TRUE(document["components"]["schemas"].contains(name)) << name;
  }
}

/// Checks a value against the part of JSON Schema that the description uses.
void expect_fits(const json& value, const json& shape, const json& schemas, const std::string& where) {
  if (shape.contains("$ref")) {
    const std::string ref = shape["$ref"];
    return expect_fits(value, schemas[ref.substr(ref.rfind('/') + 1)], schemas, where);
  }
  if (shape.contains("oneOf")) {
    if (!value.is_null()) expect_fits(value, shape["oneOf"][0], schemas, where);
    return;
  }
  const json types = shape["type"].is_array() ? shape["type"] : json::array({shape["type"]});
  const std::string type = value.is_null() ? "null" : value.is_object() ? "object" : value.is_array() ? "array" : value.is_string() ? "string"
                         : value.is_boolean() ? "boolean" : value.is_number_integer() ? "integer" : "number";
  const auto allowed = [&](const char* name) { return std::find(types.begin(), types.end(), name) != types.end(); };
  EXPECT_TRUE(allowed(type.c_str()) || (type == "integer" && allowed("number"))) << where << " is " << type << ", not " << types;
  if (type == "array") {
    for (const json& item : value) expect_fits(item, shape["items"], schemas, where + "[]");
  }
  if (type != "object" || !shape.contains("properties")) return;
  for (const auto& [name, member] : value.items()) {
    ASSERT_TRUE(shape["properties"].contains(name)) << where << "." << name << " is not described";
    expect_fits(member, shape["properties"][name], schemas, where + "." + name);
  }
  for (const json& name : shape.value("required", json::array())) EXPECT_TRUE(value.contains(name)) << where << "." << name << " is missing";
}

TEST(OpenApi, AnswersFitTheirSchemas) {
  const ApiServer api;
  StreamStatus stream;
  stream.pipeline = "one";
  stream.reason = "why";
  stream.partitions = {{"s", "t", 0, 1, 2, 3, 2}};
  api.engine->set_stream(stream);
  JobStatus job;
  job.id = "one";
  job.state = JobState::kFailed;
  job.topics = {"t", "u"};
  job.range = job.committed = {{"t", 0, 1, 2}, {"u", 0, 3, 4}};
  job.error = JobError{"offsets_gone", "why", job.range};
  api.engine->batch.set(job);
  const json document = description(api);
  const json& schemas = document["components"]["schemas"];
  const auto check = [&](const RawResponse& response, const char* method, const char* path) {
    const json& operation = document["paths"][path][method]["responses"];
    const std::string status = std::to_string(response.status);
    json answer = operation[operation.contains(status) ? status : "default"];
    if (answer.contains("$ref")) {
      const std::string ref = answer["$ref"];
      answer = document["components"]["responses"].at(ref.substr(ref.rfind('/') + 1));
    }
    const json content = answer["content"];
    expect_fits(json::parse(response.body), content.begin().value()["schema"], schemas, path);
  };
  check(api.get("/"), "get", "/");
  check(api.get("/health"), "get", "/health");
  check(api.get("/ready"), "get", "/ready");
  check(api.get("/stream"), "get", "/stream");
  check(api.get("/stream/one"), "get", "/stream/{name}");
  check(api.get("/stream/two"), "get", "/stream/{name}");
  check(api.get("/stream/one/epochs"), "get", "/stream/{name}/epochs");
  check(api.get("/pipelines"), "get", "/pipelines");
  check(api.get("/pipelines/one"), "get", "/pipelines/{name}");
  check(api.call("PUT", "/pipelines/two", "{}"), "put", "/pipelines/{name}");
  check(api.call("PUT", "/pipelines/one", "{}"), "put", "/pipelines/{name}");
  check(api.post("/pipelines/two/plan"), "post", "/pipelines/{name}/plan");
  check(api.call("DELETE", "/pipelines/two"), "delete", "/pipelines/{name}");
  check(api.post("/stream/one/reset", R"({"start":"earliest"})"), "post", "/stream/{name}/reset");
  check(api.post("/stream/one/pause"), "post", "/stream/{name}/pause");
  check(api.post("/stream/one/resume"), "post", "/stream/{name}/resume");
  check(api.post("/stream/start", R"({"topic":"t"})"), "post", "/stream/start");
  check(api.post("/stream/start", R"({"topic":1})"), "post", "/stream/start");
  check(api.post("/stream/stop"), "post", "/stream/stop");
  check(api.post("/batch/run", R"({"topic":"t"})"), "post", "/batch/run");
  check(api.post("/batch/run", R"({"topic":1})"), "post", "/batch/run");
  check(api.get("/batch"), "get", "/batch");
  check(api.get("/batch?limit=1"), "get", "/batch");
  check(api.get("/batch/one"), "get", "/batch/{jobId}");
  check(api.get("/batch/status/one"), "get", "/batch/status/{jobId}");
  check(api.get("/batch/status/two"), "get", "/batch/status/{jobId}");
  check(api.get("/batch/one/receipt"), "get", "/batch/{jobId}/receipt");
  check(api.post("/batch/cancel/one"), "post", "/batch/cancel/{jobId}");
  check(api.post("/batch/cancel/job-1"), "post", "/batch/cancel/{jobId}");
  check(api.get("/pools"), "get", "/pools");
  check(api.get("/pools/batch-pool"), "get", "/pools/{name}");
  check(api.call("PUT", "/pools/batch-pool", R"({"maxShare":null})"), "put", "/pools/{name}");
  check(api.post("/stop"), "post", "/stop");
}

TEST(OpenApi, DescribesWhatStandsInTheQueryAndInTheHead) {
  const ApiServer api;
  const json paths = description(api)["paths"];
  const auto parameter = [](const json& operation, const std::string& name) {
    for (const json& one : operation["parameters"]) {
      if (one["name"] == name) return one;
    }
    return json();
  };
  const json& run = paths["/batch/run"]["post"];
  EXPECT_EQ(parameter(run, "wait")["schema"]["type"], "string");
  EXPECT_EQ(parameter(run, "Idempotency-Key")["in"], "header");
  EXPECT_EQ(run["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/RunRequest");
  const json& list = paths["/batch"]["get"];
  EXPECT_EQ(parameter(list, "status")["schema"]["enum"], (json{"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"}));
  EXPECT_EQ(parameter(list, "limit")["schema"], (json{{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 100}}));
  EXPECT_EQ(parameter(paths["/batch/{jobId}/receipt"]["get"], "jobId")["in"], "path");
  EXPECT_EQ(paths["/pools/{name}"]["put"]["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/PoolRequest");
}

}  // namespace
}  // namespace laketide::http
