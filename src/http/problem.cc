#include "http/problem.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace laketide::http {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase kPhrases[] = {{200, "OK"},
                               {201, "Created"},
                               {202, "Accepted"},
                               {400, "Bad Request"},
                               {401, "Unauthorized"},
                               {403, "Forbidden"},
                               {404, "Not Found"},
                               {405, "Method Not Allowed"},
                               {408, "Request Timeout"},
                               {409, "Conflict"},
                               {411, "Length Required"},
                               {413, "Content Too Large"},
                               {414, "URI Too Long"},
                               {417, "Expectation Failed"},
                               {422, "Unprocessable Content"},
                               {429, "Too Many Requests"},
                               {431, "Request Header Fields Too Large"},
                               {500, "Internal Server Error"},
                               {503, "Service Unavailable"},
                               {505, "HTTP Version Not Supported"}};

}  // namespace

const std::vector<ProblemCode>& problem_codes() {
  static const std::vector<ProblemCode> codes = {
      // the request itself
      {"bad_request", 400}, {"bad_json", 400}, {"bad_value", 400}, {"missing_field", 400}, {"unknown_field", 400},
      {"unknown_parameter", 400}, {"wrong_type", 400}, {"conflicting_fields", 400},
      {"unauthorized", 401}, {"forbidden", 403}, {"foreign_origin", 403}, {"foreign_host", 403},
      {"not_found", 404}, {"method_not_allowed", 405}, {"request_timeout", 408}, {"length_required", 411},
      {"body_too_large", 413}, {"target_too_long", 414}, {"expectation_failed", 417}, {"head_too_large", 431},
      {"version_not_supported", 505},
      // what it asks for
      {"unknown_pipeline", 404}, {"not_started", 404}, {"unknown_job", 404}, {"unknown_pool", 404},
      {"ambiguous_topic", 409}, {"draining", 409}, {"other_spec", 409}, {"pipeline_read_only", 409},
      {"committing", 409}, {"range_already_in_table", 409},
      {"bad_document", 422}, {"unsupported", 422}, {"postgres_url", 422}, {"bad_offsets", 422}, {"schema_needed", 422},
      {"offsets_reversed", 422}, {"max_needs_upsert", 422}, {"idempotency_key_reused", 422}, {"queue_full", 429},
      // the service
      {"internal", 500}, {"starting", 503}, {"stopping", 503}, {"busy", 503}, {"not_ready", 503}, {"not_alive", 503},
      {"cancelled", 503}};
  return codes;
}

int http_status(const Status& status) {
  if (status.ok()) return 200;
  const auto& codes = problem_codes();
  const auto known = std::find_if(codes.begin(), codes.end(), [&](const ProblemCode& entry) { return entry.code == status.code(); });
  if (known != codes.end()) return known->status;
  switch (status.fault()) {
    case Fault::kUser: return 422;
    case Fault::kExternal: return 503;
    default: return 500;
  }
}

std::string_view reason_phrase(int http_status) {
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == http_status) return phrase.text;
  }
  return "Unknown";
}

Response problem(const Status& status) {
  Response response;
  response.status = http_status(status);
  response.content_type = "application/problem+json";
  nlohmann::ordered_json document{{"type", "about:blank"},
                                  {"title", reason_phrase(response.status)},
                                  {"status", response.status},
                                  {"code", status.code()},
                                  {"detail", status.detail()}};
  if (!status.field().empty()) document["field"] = status.field();
  response.body = document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  if (response.status == 429 || response.status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace laketide::http
