#include "http/router.h"

#include <algorithm>
#include <charconv>
#include <exception>
#include <optional>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/quantity.h"
#include "http/problem.h"
#include "http/schema.h"
#include "http/target.h"

namespace laketide::http {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

bool is_variable(std::string_view segment) { return segment.starts_with('{'); }

/// The variables' values if the path fits the route's.
std::optional<std::map<std::string, std::string>> match(const Route& route, const std::vector<std::string>& given) {
  const auto expected = segments_of(route.path);
  if (expected.size() != given.size()) return std::nullopt;
  std::map<std::string, std::string> variables;
  for (size_t i = 0; i < given.size(); ++i) {
    if (is_variable(expected[i])) {
      variables.emplace(expected[i].substr(1, expected[i].size() - 2), given[i]);
    } else if (expected[i] != given[i]) {
      return std::nullopt;
    }
  }
  return variables;
}

/// The operations a path has. `/stream/start` is itself only, though it would fit `/stream/{name}` too.
std::vector<const Route*> routes_of(const std::vector<std::string>& segments, bool probes_only) {
  std::vector<const Route*> literal, variable;
  for (const Route& route : routes()) {
    const auto variables = match(route, segments);
    if (!variables || (probes_only && !route.is_probe)) continue;
    (variables->empty() ? literal : variable).push_back(&route);
  }
  return literal.empty() ? variable : literal;
}

Response method_not_allowed(const std::vector<const Route*>& candidates) {
  std::string allow;
  for (const Route* route : candidates) {
    allow.append(allow.empty() ? "" : ", ").append(route->method);
    if (route->method == "GET") allow += ", HEAD";
  }
  Response response = problem(Status::user("method_not_allowed", "this path knows only: " + allow));
  response.headers.emplace_back("Allow", allow);
  return response;
}

Response refusal(const Status& status) {
  Response response = problem(status);
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"laketide\"");
  return response;
}

Result<int64_t> number_value(const Parameter& parameter, const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= parameter.min && value <= parameter.max) return value;
  const std::string name(parameter.name);
  return Status::user("bad_value", "\"" + name + "\" must be a whole number from " + std::to_string(parameter.min) + " to " + std::to_string(parameter.max), name);
}

Result<int64_t> duration_value(const Parameter& parameter, const std::string& text) {
  using std::chrono::milliseconds;
  const auto value = parse_duration(text);
  const milliseconds least(parameter.min), most(parameter.max);
  if (value && *value >= least && *value <= most) return std::chrono::duration_cast<milliseconds>(*value).count();
  const std::string name(parameter.name);
  return Status::user("bad_value", "\"" + name + "\" must be a duration from " + duration_text(least) + " to " + duration_text(most) + ", such as " + name + "=30s", name);
}

/// Kafka's rule for topics, ours for everything that has a name.
bool is_name(std::string_view text) {
  constexpr size_t kNameBytesMax = 249;
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return text.size() <= kNameBytesMax && text.find_first_not_of(kLetters) == std::string_view::npos;
}

Result<std::string> text_value(const Parameter& parameter, const std::string& text) {
  const auto& words = parameter.words;
  const std::string name(parameter.name);
  if (text.empty()) return Status::user("bad_value", "\"" + name + "\" must not be empty; leave it out for all", name);
  if (parameter.kind == Parameter::Kind::kName) {
    if (is_name(text)) return text;
    return Status::user("bad_value", "\"" + name + "\" must be a name of letters, digits, '.', '_' and '-', at most 249", name);
  }
  if (std::find(words.begin(), words.end(), text) != words.end()) return text;
  return Status::user("bad_value", "\"" + name + "\" must be one of " + joined(words), name);
}

Status read_parameter(const Parameter& parameter, const std::string& text, Query& into) {
  const std::string name(parameter.name);
  if (parameter.kind == Parameter::Kind::kText || parameter.kind == Parameter::Kind::kName) {
    LT_ASSIGN_OR_RETURN(into.texts[name], text_value(parameter, text));
    return {};
  }
  LT_ASSIGN_OR_RETURN(into.numbers[name], parameter.kind == Parameter::Kind::kNumber ? number_value(parameter, text) : duration_value(parameter, text));
  return {};
}

Status read_query(const Target& target, const Route& route, Query& into) {
  using Kind = Parameter::Kind;
  for (const Parameter& parameter : route.parameters) {
    if (parameter.kind == Kind::kNumber || parameter.kind == Kind::kDuration) into.numbers[std::string(parameter.name)] = parameter.initial;
  }
  for (const auto& [name, text] : target.query) {
    const auto is_named = [&key = name](const Parameter& parameter) { return parameter.name == key && parameter.kind != Kind::kHeader; };
    const auto parameter = std::find_if(route.parameters.begin(), route.parameters.end(), is_named);
    if (parameter == route.parameters.end()) return Status::user("unknown_parameter", "unknown query parameter: " + name, name);
    LT_RETURN_IF_ERROR(read_parameter(*parameter, text, into));
  }
  return {};
}

/// The border that no exception crosses: a broken call is a 500, and the server goes on.
template <typename Function>
Reply guarded(std::string_view operation, Function function) {
  std::string what = "an exception of an unknown type";
  try {
    return function();
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
  }
  log::error("http call failed", {{"operation", operation}, {"what", what}});
  return {problem(Status::internal("internal", "this call failed inside; the log says more"))};
}

}  // namespace

void Router::set_access(Access access) {
  const std::lock_guard lock(mutex_);
  access_ = std::make_shared<const Access>(std::move(access));
}

std::shared_ptr<const Access> Router::access() const {
  const std::lock_guard lock(mutex_);
  return access_;
}

std::variant<Admitted, Response> Router::admit(const Head& head) const {
  const auto access = this->access();  // the same tokens for the whole of a request
  if (const Status origin = check_origin(head, access->has_tokens()); !origin.ok()) return refusal(origin);
  const Result<Target> target = parse_target(head.target, head.host);
  if (!target.ok()) return refusal(target.status());
  const std::vector<const Route*> candidates = routes_of(target->segments, head.probes_only || head.crowded);
  const bool is_open = !candidates.empty() && candidates[0]->scope == Scope::kNone;
  const bool is_exposed = head.probes_only && !head.is_loopback && !access->has_tokens() && !allow_unauthenticated_;
  if (is_exposed && !is_open) {
    return refusal(Status::user("forbidden", "on this address only /health and /ready are open; set server.token_file for the rest"));
  }
  // Without a token not even the paths are told.
  if (const Status known = access->check(head.authorization, is_open ? Scope::kNone : Scope::kRead); !known.ok()) return refusal(known);
  if (candidates.empty()) {
    if (head.crowded) return refusal(Status::user("busy", "too many connections; only /health, /ready and /metrics are served just now"));
    return refusal(Status::user("not_found", head.probes_only ? "only /health, /ready and /metrics are served here" : "no such path; GET / lists them all"));
  }
  const std::string_view method = head.method == "HEAD" ? "GET" : std::string_view(head.method);
  const auto has_method = [method](const Route* route) { return route->method == method; };
  const auto chosen = std::find_if(candidates.begin(), candidates.end(), has_method);
  if (chosen == candidates.end()) return method_not_allowed(candidates);

  Admitted admitted{*chosen, *match(**chosen, target->segments), {}, head.idempotency_key};
  if (const Status scope = access->check(head.authorization, admitted.route->scope); !scope.ok()) return refusal(scope);
  if (const Status query = read_query(*target, *admitted.route, admitted.query); !query.ok()) return refusal(query);
  return admitted;
}

Reply Router::perform(const Admitted& admitted, const std::string& text) const {
  const Route& route = *admitted.route;
  return guarded(route.operation, [&]() -> Reply {
    const Result<nlohmann::json> body = parse_body(text);
    if (!body.ok()) return {problem(body.status())};
    if (const Status fits = check_body(*body, schema(route.request)); !fits.ok()) return {problem(fits)};
    if (route.needs_engine && !service_.engine()) {
      return {problem(Status::external("starting", "the service is starting; ask again in a moment"))};
    }
    return route.handler(service_, Call{&route, admitted.path, admitted.query, admitted.idempotency_key, text, &*body});
  });
}

Reply perform_again(const Reply& reply) {
  return guarded("again", [&] { return reply.again(); });
}

}  // namespace laketide::http
