// Failures as RFC 9457 problem documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "laketide/status.h"

namespace laketide::http {

/// A stable code, the HTTP status that goes with it, and what it means and asks for. Status 0: it has none of its own; the user's
/// fault is 422, an outside one 503, ours 500. Immutable.
struct ProblemCode {
  std::string_view code;
  int status;
  std::string_view meaning;
};

/// Codes that belong together, in the order of the page that lists them. Immutable.
struct ProblemSection {
  std::string_view title;
  std::vector<ProblemCode> codes;
};

/// Every code that a failure can have, also one that no HTTP answer shows.
const std::vector<ProblemSection>& problem_sections();
/// conf/errors.md.
std::string problem_page();

int http_status(const Status& status);
std::string_view reason_phrase(int http_status);

/// {type, title, status, code, detail[, field]}, with Retry-After for 429 and 503.
Response problem(const Status& status);

}  // namespace laketide::http
