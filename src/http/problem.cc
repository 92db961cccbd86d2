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

const ProblemCode* find_code(std::string_view code) {
  for (const ProblemSection& section : problem_sections()) {
    const auto found = std::ranges::find(section.codes, code, &ProblemCode::code);
    if (found != section.codes.end()) return &*found;
  }
  return nullptr;
}

}  // namespace

int http_status(const Status& status) {
  if (status.ok()) return 200;
  if (const ProblemCode* known = find_code(status.code()); known != nullptr && known->status != 0) return known->status;
  switch (status.fault()) {
    case Fault::kUser: return 422;
    case Fault::kExternal: return 503;
    default: return 500;
  }
}

std::string problem_page() {
  std::string page =
      "# Errors by code\n\nEvery failure has a stable `code`: in the problem document of an HTTP answer, in `error` of a stream or job, in the log, in the\n"
      "quarantine. This page lists them all, with the HTTP status where there is a fixed one. Without one it is 422 where the request, the data\n"
      "or the configuration is at fault, 503 where something outside is away, 500 where we are. A row that PostgreSQL refused has the name of\n"
      "PostgreSQL's own condition (its manual, appendix A).\n\nThis page is made from src/http/problem_codes.cc; a test compares the two.\n";
  for (const ProblemSection& section : problem_sections()) {
    page.append("\n## ").append(section.title).append("\n\n| Code | Status | What it means, and what to do |\n|---|---|---|\n");
    for (const ProblemCode& code : section.codes) {
      page.append("| `").append(code.code).append("` | ").append(code.status == 0 ? "" : std::to_string(code.status)).append(" | ").append(code.meaning).append(" |\n");
    }
  }
  return page;
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
