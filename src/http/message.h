// Requests and responses as the API sees them: no sockets, no Beast.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace laketide::http {

/// What of a request's head decides whether it is let in. Immutable.
struct Head {
  std::string method;
  std::string target;
  std::string host;
  std::string origin;
  std::string fetch_site;     // Sec-Fetch-Site
  std::string authorization;
  std::string idempotency_key;
  bool probes_only = false;   // came to the probes' listener
  bool crowded = false;       // came while all connections but those kept for probes were taken
  bool is_loopback = true;    // the listener's address is
};

/// An answer. Immutable.
struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::function<void()> after_sent = {};  // called once the client has it, or cannot get it any more
};

/// A response; or, if `again` is set, nothing yet: call that after `after`, which is not 0. So a call can wait without holding a thread.
struct Reply {
  Response response;
  std::chrono::milliseconds after{0};
  std::function<Reply()> again = {};
};

}  // namespace laketide::http
