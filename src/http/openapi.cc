#include "http/openapi.h"

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

Json property_json(const Property& property) {
  Json json = type_json(property.type, property.nullable);
  if (!property.words.empty()) json["enum"] = property.words;
  if (!property.doc.empty()) json["description"] = property.doc;
  return json;
}

Json schema_json(const Schema& schema) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const Property& property : schema.properties) {
    properties[std::string(property.name)] = property_json(property);
    if (!property.optional) required.push_back(property.name);
  }
  Json json{{"type", "object"}};
  if (!schema.doc.empty()) json["description"] = schema.doc;
  json["properties"] = properties;
  if (!required.empty()) json["required"] = required;
  json["additionalProperties"] = false;
  return json;
}

Json value_json(const Parameter& parameter) {
  if (parameter.kind == Parameter::Kind::kNumber) {
    Json json{{"type", "integer"}, {"minimum", parameter.min}, {"maximum", parameter.max}};
    if (parameter.initial >= parameter.min) json["default"] = parameter.initial;
    return json;
  }
  Json json{{"type", "string"}};
  if (parameter.kind == Parameter::Kind::kDuration) json["examples"] = Json::array({"30s"});
  if (parameter.kind == Parameter::Kind::kText) json["minLength"] = 1;
  if (!parameter.words.empty()) json["enum"] = parameter.words;
  return json;
}

Json parameters_json(const Route& route) {
  Json parameters = Json::array();
  for (size_t at = 0; (at = route.path.find('{', at)) != std::string_view::npos; ++at) {
    const std::string_view name = route.path.substr(at + 1, route.path.find('}', at) - at - 1);
    parameters.push_back({{"name", name}, {"in", "path"}, {"required", true}, {"schema", {{"type", "string"}}}});
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

Json operation_json(const Route& route) {
  Json operation{{"operationId", route.operation}, {"summary", route.summary}};
  if (Json parameters = parameters_json(route); !parameters.empty()) operation["parameters"] = parameters;
  if (route.method == "POST" || route.method == "PUT") {
    operation["requestBody"] = {{"required", false}, {"content", {{"application/json", {{"schema", ref(route.request)}}}}}};
  }
  Json responses = Json::object();
  for (const Answer& answer : route.answers) responses[std::to_string(answer.status)] = response_json(answer);
  responses["default"] = {{"description", "a failure"}, {"content", {{"application/problem+json", {{"schema", ref("Problem")}}}}}};
  operation["responses"] = responses;
  operation["security"] = Json::array({Json::object()});
  if (route.scope != Scope::kNone) operation["security"].push_back({{"token", Json::array()}});
  operation["x-scope"] = to_string(route.scope);
  return operation;
}

std::string codes_text() {
  std::string text = "Stable codes of problems: ";
  for (const ProblemCode& code : problem_codes()) {
    text.append(text.ends_with(": ") ? "" : ", ").append(code.code).append(" (").append(std::to_string(code.status)).append(")");
  }
  return text + ". A code that is not here has status 422 if the request is at fault, 503 if something outside is, else 500.";
}

}  // namespace

std::string openapi() {
  Json paths = Json::object();
  for (const Route& route : routes()) paths[std::string(route.path)][lower(route.method)] = operation_json(route);
  Json components = Json::object();
  for (const Schema& schema : schemas()) components[std::string(schema.name)] = schema_json(schema);
  const Json document{{"openapi", "3.1.0"},
                      {"info", {{"title", "Laketide"}, {"version", version()}, {"description", codes_text()}}},
                      {"paths", paths},
                      {"components",
                       {{"schemas", components}, {"securitySchemes", {{"token", {{"type", "http"}, {"scheme", "bearer"}}}}}}}};
  return document.dump();
}

}  // namespace laketide::http
