// "127.0.0.1:8080" resolved.
#pragma once

#include <cstdint>
#include <string>

#include "laketide/status.h"

namespace laketide::http {

/// Where to listen. Immutable.
struct Address {
  std::string ip;  // numeric
  uint16_t port = 0;
  bool is_loopback = false;
  /// "127.0.0.1:8080", "[::1]:8080".
  std::string to_string() const;
};

/// Resolves address:port or [address]:port; an IPv4 address is preferred. `setting` is named in failures.
Result<Address> resolve_address(const std::string& text, const std::string& setting);

}  // namespace laketide::http
