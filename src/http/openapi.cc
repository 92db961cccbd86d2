#include "http/openapi.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include <nlohmann/json.hpp>

#include "http/ascii.h"
#include "http/problem.h"
#include "http/route.h"
#include "http/schema.h"
#include "laketide/version.h"

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;

bool is_json_type(std::string_view type) {
  return type == "string" || type == "integer" || type == "number" || type == "boolean" || type == "object" || type == "array";
}

Json ref(std::string_view name) { return {{"$ref", "#/components/schemas/" + std::string(name)}}; }

Json type_json(std::string_view type, bool nullable) {
  if (type == "any") return Json::object();
  if (type.starts_with('[')) {
    const std::string_view item = type.substr(1, type.size() - 2);
    return {{"type", "array"}, {"items", type_json(item, false)}};
  }
  if (is_json_type(type)) return nullable ? Json{{"type", Json::array({type, "null"})}} : Json{{"type", type}};
  if (!nullable) return ref(type);
  return {{"oneOf", Json::array({ref(type), Json{{"type", "null"}}})}};
}

constexpr std::string_view kNamePattern = "^[A-Za-z0-9._-]{1,249}$";

/// What a rule of a request's member adds to its type.
Json rule_json(std::string_view rule, std::string_view type) {
  if (rule == "name") return {{"pattern", kNamePattern}, {"maxLength", 249}};
  if (rule == "word") return {{"pattern", "^[a-z_]{1,32}$"}};
  if (rule == "key") return {{"minLength", 1}, {"maxLength", 63}};
  if (rule == "duration") return {{"pattern", "^[1-9][0-9]{0,3}(ms|s|m|h)$"}, {"examples", Json::array({"10m"})}};
  if (rule == "offsets") return {{"type", Json::array({"string", "object", "integer"})}, {"minimum", INT64_MIN}, {"maximum", INT64_MAX}, {"minLength", 1}, {"examples", Json::array({"earliest", {{"0", 100}}})}};
  if (rule == "above zero") return {{"exclusiveMinimum", 0}};
  if (rule == "zero or more") return {{"minimum", 0}};
  return type == "string" ? Json{{"minLength", 1}} : Json::object();
}

Json property_json(const Property& property) {
  Json json = type_json(property.type, property.nullable);
  if (!property.words.empty()) json["enum"] = property.words;
  if (!property.doc.empty()) json["description"] = property.doc;
  return json;
}

/// Pairs that exclude each other in a request, and a request that must say something.
void exclude(const Schema& schema, Json& json) {
  constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {"startOffset", "startingOffsets"}, {"endOffset", "endingOffsets"}, {"source", "sources"}, {"pipeline", "topic"}};
  const auto has = [&](std::string_view name) {
    return std::ranges::any_of(schema.properties, [&](const Property& property) { return property.name == name; });
  };
  Json all = Json::array();
  for (const auto& [one, other] : kPairs) {
    if (has(one) && has(other)) all.push_back({{"not", {{"required", Json::array({one, other})}}}});
  }
  if (!all.empty()) json["allOf"] = all;
  if (schema.name == "PoolRequest") json["minProperties"] = 1;
}

/// `takes`: it goes in, so that what is not allowed is said.
Json schema_json(const Schema& schema, bool takes) {
  if (!schema.forms.empty()) {
    Json forms = Json::array();
    for (const std::string_view form : schema.forms) forms.push_back(ref(form));
    return {{"description", schema.doc}, {"oneOf", forms}};
  }
  Json properties = Json::object();
  Json required = Json::array();
  for (const Property& property : schema.properties) {
    Json& json = properties[std::string(property.name)] = property_json(property);
    if (takes && property.words.empty()) json.update(rule_json(property.rule, property.type));
    if (!property.optional) required.push_back(property.name);
  }
  Json json{{"type", "object"}};
  if (!schema.doc.empty()) json["description"] = schema.doc;
  json["properties"] = properties;
  if (!required.empty()) json["required"] = required;
  json["additionalProperties"] = false;
  if (takes) exclude(schema, json);
  return json;
}

Json value_json(const Parameter& parameter) {
  if (parameter.kind == Parameter::Kind::kNumber) {
    Json json{{"type", "integer"}, {"minimum", parameter.min}, {"maximum", parameter.max}};
    if (parameter.initial >= parameter.min) json["default"] = parameter.initial;
    return json;
  }
  Json json{{"type", "string"}};
  if (parameter.kind == Parameter::Kind::kDuration) json.update({{"pattern", "^([1-9][0-9]{0,4}ms|[1-9][0-9]?s|[1-4]m)$"}, {"examples", Json::array({"30s"})}});
  if (parameter.kind == Parameter::Kind::kName) json["pattern"] = kNamePattern;
  if (parameter.kind == Parameter::Kind::kHeader) json.update({{"pattern", "^[!-~]{1,255}$"}, {"examples", Json::array({"2026-01-31-0001"})}});
  if (!parameter.words.empty()) json["enum"] = parameter.words;
  return json;
}

Json parameters_json(const Route& route) {
  Json parameters = Json::array();
  for (size_t at = 0; (at = route.path.find('{', at)) != std::string_view::npos; ++at) {
    const std::string_view name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    const std::string_view example = name == "jobId" ? "job-0123456789abcdef" : route.path.starts_with("/pools") ? "batch-pool" : "sensor";
    parameters.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}, {"pattern", kNamePattern}}}, {"example", example}});
  }
  for (const Parameter& parameter : route.parameters) {
    const bool is_header = parameter.kind == Parameter::Kind::kHeader;
    parameters.push_back({{"name", parameter.name}, {"in", is_header ? "header" : "query"}, {"description", parameter.doc}, {"schema", value_json(parameter)}});
  }
  return parameters;
}

Json response_json(const Answer& answer) {
  const bool is_text = answer.doc.starts_with("text");
  const Json body = answer.schema.empty() ? Json{{"type", is_text ? "string" : "object"}} : ref(answer.schema);
  Json content{{is_text ? "text/plain" : "application/json", {{"schema", body}}}};
  // A status that says two things: the operation's own word, or that the service broke.
  if (answer.status >= 400) content["application/problem+json"] = {{"schema", ref("Problem")}};
  return {{"description", answer.doc}, {"content", content}};
}

bool has_body(const Route& route) { return route.method == "POST" || route.method == "PUT"; }
bool changes_something(const Route& route) { return route.method != "GET" && route.scope >= Scope::kOperate; }

/// A status that says no, and which operations can say it. Immutable.
struct RefusalStatus {
  int status;
  std::string_view doc;
  bool (*is_possible)(const Route&);
};

constexpr RefusalStatus kRefusals[] = {
    {400, "the request is malformed, or a field or parameter is unknown or has a bad value", [](const Route&) { return true; }},
    {401, "no token, or an unknown one", [](const Route& route) { return route.scope != Scope::kNone; }},
    {403, "the token's scope is too small, or the page of another site sent it", [](const Route&) { return true; }},
    {404, "what the path or the body names is not there",
     [](const Route& route) { return route.path.find('{') != std::string_view::npos || route.path == "/stream/start" || route.path == "/stream/stop" || route.path.starts_with("/batch"); }},
    {408, "head or body came too slowly", [](const Route& route) { return has_body(route); }},
    {409, "how things stand forbids it; the detail says the way out", changes_something},
    {411, "Transfer-Encoding instead of Content-Length", [](const Route& route) { return has_body(route); }},
    {413, "the body has more than 1 MiB", [](const Route& route) { return has_body(route); }},
    {422, "understood, and cannot be: the detail says why",
     [](const Route& route) { return has_body(route) && route.request != "EmptyRequest"; }},
    {429, "too many jobs wait", [](const Route& route) { return route.path == "/batch/run"; }},
    {503, "the service is starting, stopping or too busy", [](const Route& route) { return route.needs_engine; }},
};

Json problem_response(const std::string& doc, int status) {
  Json response{{"description", doc}, {"content", {{"application/problem+json", {{"schema", ref("Problem")}}}}}};
  if (status == 429 || status == 503) response["headers"]["Retry-After"] = {{"description", "seconds"}, {"schema", {{"type", "integer"}}}};
  if (status == 401) response["headers"]["WWW-Authenticate"] = {{"schema", {{"type", "string"}}}};
  return response;
}

Json problem_responses() {
  Json responses = Json::object();
  for (const RefusalStatus& refusal : kRefusals) responses[std::to_string(refusal.status)] = problem_response(std::string(refusal.doc), refusal.status);
  responses["default"] = problem_response("a failure", 0);
  return responses;
}

/// A body is never a must: one that is not there reads as {}.
Json request_body_json(const Schema& body) {
  Json examples = Json::object();
  if (!body.example.empty()) examples[std::string(body.name)] = {{"value", Json::parse(body.example)}};
  for (const std::string_view form : body.forms) examples[std::string(form)] = {{"value", Json::parse(schema(form).example)}};
  const bool is_needed = !body.forms.empty() || body.name == "PoolRequest" || std::ranges::any_of(body.properties, [](const Property& property) { return !property.optional; });
  Json content{{"schema", ref(body.name)}};
  if (!examples.empty()) content["examples"] = examples;
  return {{"required", is_needed}, {"content", {{"application/json", content}}}};
}

Json operation_json(const Route& route) {
  Json operation{{"operationId", route.operation}, {"summary", route.summary}};
  if (Json parameters = parameters_json(route); !parameters.empty()) operation["parameters"] = parameters;
  if (has_body(route)) {
    operation["requestBody"] = request_body_json(schema(route.request));
  }
  Json responses = Json::object();
  for (const Answer& answer : route.answers) responses[std::to_string(answer.status)] = response_json(answer);
  for (const RefusalStatus& refusal : kRefusals) {
    const std::string status = std::to_string(refusal.status);
    if (!responses.contains(status) && refusal.is_possible(route)) responses[status] = {{"$ref", "#/components/responses/" + status}};
  }
  responses["default"] = {{"$ref", "#/components/responses/default"}};
  operation["responses"] = responses;
  operation["security"] = Json::array({Json::object()});
  if (route.scope != Scope::kNone) operation["security"].push_back({{"token", Json::array()}});
  operation["x-scope"] = to_string(route.scope);
  return operation;
}

std::string codes_text() {
  std::string text = "Stable codes of problems: ";
  for (const ProblemSection& section : problem_sections()) {
    for (const ProblemCode& code : section.codes) {
      if (code.status == 0) continue;
      text.append(text.ends_with(": ") ? "" : ", ").append(code.code).append(" (").append(std::to_string(code.status)).append(")");
    }
  }
  return text + ". A code that is not here has status 422 if the request is at fault, 503 if something outside is, else 500.";
}

/// A request's schema, or one of its forms.
bool goes_in(std::string_view name) {
  return std::ranges::any_of(schemas(), [&](const Schema& one) {
    const bool is_form = std::ranges::find(one.forms, name) != one.forms.end();
    return is_form || (one.name == name && std::ranges::any_of(routes(), [&](const Route& route) { return route.request == name; }));
  });
}

}  // namespace

std::string openapi() {
  Json paths = Json::object();
  for (const Route& route : routes()) paths[std::string(route.path)][lower(route.method)] = operation_json(route);
  Json components = Json::object();
  for (const Schema& one : schemas()) components[std::string(one.name)] = schema_json(one, goes_in(one.name));
  const Json document{{"openapi", "3.1.0"},
                      {"info", {{"title", "Laketide"}, {"version", version()}, {"description", codes_text()}}},
                      {"paths", paths},
                      {"components",
                       {{"schemas", components}, {"responses", problem_responses()}, {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  return document.dump();
}

}  // namespace laketide::http
