// A small blocking client of our own API, for the command line.
#pragma once

#include <chrono>
#include <string>

#include "laketide/status.h"

namespace laketide::http {

/// Immutable.
struct ClientResponse {
  int status = 0;
  std::string content_type;
  std::string body;
};

/// Sends one request to a server and reads the whole answer; one connection a request. Immutable.
class Client {
 public:
  /// `url`: http://host[:port]; `token`: empty for none. Fails on another scheme or a path.
  static Result<Client> make(const std::string& url, const std::string& token);

  /// Fails as external (`unreachable`) if there is no answer within `wait`; any HTTP status is an answer.
  Result<ClientResponse> request(const std::string& method, const std::string& target, const std::string& body,
                                 std::chrono::milliseconds wait) const;

  const std::string& url() const { return url_; }

 private:
  std::string url_, host_, port_, token_;
};

/// A path segment, with everything but letters, digits and - . _ ~ percent-encoded.
std::string path_segment(const std::string& text);

}  // namespace laketide::http
