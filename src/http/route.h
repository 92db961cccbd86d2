// One operation of the API.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "http/access.h"
#include "http/message.h"

namespace laketide::http {

class Service;
struct Route;

/// A request that was let in: what its handler gets. Immutable.
struct Call {
  const Route* route = nullptr;
  std::map<std::string, std::string> path;   // {name} of the route's path
  std::map<std::string, int64_t> query;      // every parameter of the route, defaults filled in
  std::string text;                          // the body as it came
  const nlohmann::json* body = nullptr;      // the same, checked against the route's schema
};

/// A whole number in the query. Immutable.
struct Parameter {
  std::string_view name;
  int64_t initial;
  int64_t min;
  int64_t max;
  std::string_view doc;
};

/// A status it answers beside the problems, and the schema of that body; none: text. Immutable.
struct Answer {
  int status;
  std::string_view schema;
  std::string_view doc;
};

/// One line of the table that dispatch, 405, the index and /openapi.json are made of. Probes have a thread and
/// connections of their own. Immutable.
struct Route {
  std::string_view method;
  std::string_view path;       // "/stream/{name}"
  Scope scope;
  bool is_probe;
  bool needs_engine;           // else it also answers before the engine is there
  std::string_view operation;  // its id in the description
  std::string_view summary;
  std::string_view request;    // schema of the body
  std::vector<Parameter> query;
  std::vector<Answer> answers;
  Reply (*handler)(Service&, const Call&);
};

const std::vector<Route>& routes();

}  // namespace laketide::http
