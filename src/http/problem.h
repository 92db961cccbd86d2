// Failures as RFC 9457 problem documents.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "laketide/status.h"

namespace laketide::http {

/// A stable code and the HTTP status that goes with it. Immutable.
struct ProblemCode {
  std::string_view code;
  int status;
};

/// Every code that has a status of its own. Others: 422 for the user's fault, 503 for an outside one, 500 for ours.
const std::vector<ProblemCode>& problem_codes();

int http_status(const Status& status);
std::string_view reason_phrase(int http_status);

/// {type, title, status, code, detail[, field]}, with Retry-After for 429 and 503.
Response problem(const Status& status);

}  // namespace laketide::http
