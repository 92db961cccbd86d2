#include "http/address.h"

#include <charconv>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace laketide::http {
namespace {

using boost::asio::ip::tcp;

Address address_of(const tcp::endpoint& endpoint) {
  return {endpoint.address().to_string(), endpoint.port(), endpoint.address().is_loopback()};
}

}  // namespace

std::string Address::to_string() const {
  const bool is_v6 = ip.find(':') != std::string::npos;
  return (is_v6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port);
}

Result<Address> resolve_address(const std::string& text, const std::string& setting) {
  const auto unusable = [&](const std::string& why) {
    return Status::user("address_unusable", setting + " must be address:port, such as 127.0.0.1:8080: " + why + ": " + text, setting);
  };
  const size_t colon = text.rfind(':');
  uint16_t port = 0;
  const char* end = text.data() + text.size();
  if (colon == std::string::npos || std::from_chars(text.data() + colon + 1, end, port).ptr != end) return unusable("it has no port");
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);

  boost::system::error_code error;
  boost::asio::io_context context;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) return unusable("the name is not known");
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return address_of(entry.endpoint());
  }
  return address_of(found.begin()->endpoint());
}

}  // namespace laketide::http
