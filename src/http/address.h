// "127.0.0.1:8080" as an endpoint.
#pragma once

#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "laketide/status.h"

namespace laketide::http {

/// Resolves address:port or [address]:port; an IPv4 address is preferred. `setting` is named in failures.
Result<boost::asio::ip::tcp::endpoint> resolve_address(const std::string& text, const std::string& setting);

}  // namespace laketide::http
