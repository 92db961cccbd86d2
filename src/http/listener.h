// A listening socket and the decision how each new connection is received.
#pragma once

#include <memory>

#include "http/address.h"
#include "http/connection.h"

namespace boost::asio {
class io_context;
}

namespace laketide::http {

/// Owned by the server. Made by one thread, then confined to the io_context's. Caller synchronises.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual uint16_t port() const = 0;
  /// Begins to accept; connections come on the io_context.
  virtual void start() = 0;
  /// Accepts no more. To be called on the io_context's thread.
  virtual void close() = 0;
};

/// Binds and listens; fails if the address is taken or not ours.
Result<std::unique_ptr<Listener>> make_listener(boost::asio::io_context& context, Hall& hall, const Address& address,
                                                const std::string& setting, bool probes_only);

}  // namespace laketide::http
