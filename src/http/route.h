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

/// What the query says, checked against the route's parameters. Immutable.
struct Query {
  std::map<std::string, int64_t> numbers;    // every number, defaults filled in; durations in milliseconds
  std::map<std::string, std::string> texts;  // those that were given
};

/// A request that was let in: what its handler gets. Immutable.
struct Call {
  const Route* route = nullptr;
  std::map<std::string, std::string> path;   // {name} of the route's path
  Query query;
  std::string idempotency_key;               // of the head; empty: none
  std::string text;                          // the body as it came
  const nlohmann::json* body = nullptr;      // the same, checked against the route's schema
};

/// What a request may say beside its path and body. Immutable.
struct Parameter {
  enum class Kind {
    kNumber,    // a whole number from min to max
    kDuration,  // "30s", from min to max milliseconds
    kText,      // one of `words`
    kName,      // of a pipeline, or a job's id
    kHeader     // no part of the query: a field of the head, here to be described
  };
  Kind kind;
  std::string_view name;
  std::string_view doc;
  int64_t initial = 0;
  int64_t min = 0;
  int64_t max = 0;
  std::vector<std::string_view> words = {};
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
  std::vector<Parameter> parameters;
  std::vector<Answer> answers;
  Reply (*handler)(Service&, const Call&);
};

const std::vector<Route>& routes();

}  // namespace laketide::http
