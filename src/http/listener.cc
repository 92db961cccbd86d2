#include "http/listener.h"

#include <chrono>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"

namespace laketide::http {
namespace {

using boost::asio::ip::tcp;
using ErrorCode = boost::system::error_code;

/// After a failed accept, mostly for want of descriptors: trying again at once would only burn the core.
constexpr std::chrono::milliseconds kAcceptBackOff{100};

class SocketListener final : public Listener {
 public:
  SocketListener(boost::asio::io_context& context, Hall& hall, const Door& door)
      : acceptor_(context), timer_(context), hall_(hall), door_(door) {}

  ErrorCode open(const tcp::endpoint& endpoint) {
    ErrorCode error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
    return error;
  }

  uint16_t port() const override {
    ErrorCode ignored;
    return acceptor_.local_endpoint(ignored).port();
  }
  void start() override { accept(); }
  void close() override {
    ErrorCode ignored;
    acceptor_.close(ignored);
    timer_.cancel();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](const ErrorCode& error, tcp::socket socket) {
      if (!acceptor_.is_open() || error == boost::asio::error::operation_aborted) return;
      if (error && error != boost::asio::error::connection_aborted) {
        log::warn("http cannot accept", {{"why", error.message()}});
        back_off();
        return;
      }
      if (!error) receive(std::move(socket));
      accept();
    });
  }

  void back_off() {
    timer_.expires_after(kAcceptBackOff);
    timer_.async_wait([this](const ErrorCode& error) {
      if (!error && acceptor_.is_open()) accept();
    });
  }

  void receive(tcp::socket socket) {
    ErrorCode ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    start_connection(std::move(socket), hall_, door_, admission(hall_.connections.load()));
  }

  Admission admission(int present) {
    const Limits& limits = hall_.limits;
    if (present < limits.connections) return Admission::kServed;
    if (present < limits.connections + limits.probe_connections || hall_.probe_places.make_room()) return Admission::kProbesOnly;
    if (present < limits.connections + limits.probe_connections + limits.refusals) return Admission::kRefused;
    return Admission::kClosed;
  }

  tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  Hall& hall_;
  const Door door_;
};

}  // namespace

Result<std::unique_ptr<Listener>> make_listener(boost::asio::io_context& context, Hall& hall, const Address& address,
                                                const std::string& setting, bool probes_only) {
  auto listener = std::make_unique<SocketListener>(context, hall, Door{probes_only, address.is_loopback});
  ErrorCode error;
  const auto ip = boost::asio::ip::make_address(address.ip, error);
  if (!error) error = listener->open(tcp::endpoint(ip, address.port));
  if (!error) return std::unique_ptr<Listener>(std::move(listener));
  const std::string why = error == boost::asio::error::address_in_use ? "another process listens on this address; stop it, or choose another"
                                                                      : "cannot listen on this address (" + error.message() + "); choose another";
  return Status::user("address_unusable", why + " with --set " + setting + "=127.0.0.1:PORT: " + address.to_string(), setting);
}

}  // namespace laketide::http
