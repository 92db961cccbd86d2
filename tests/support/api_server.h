// A server over a fake engine, on a free port.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "http/server.h"
#include "support/fake_engine.h"
#include "support/raw_client.h"

namespace laketide {

/// Confined to its task.
class ApiServer {
 public:
  explicit ApiServer(http::ServerOptions options = {}, bool attached = true) : engine(std::make_shared<FakeEngine>()) {
    if (options.listen == http::ServerOptions().listen) options.listen = "127.0.0.1:0";
    auto made = http::make_server(options);
    if (!made.ok()) throw std::runtime_error(made.status().to_string());
    server = std::move(*made);
    if (attached) server->attach(engine);
  }

  /// One request on a connection of its own.
  RawResponse call(const std::string& method, const std::string& target, const std::string& body = "", const std::string& fields = "") const {
    RawClient client(server->port());
    client.send(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.receive(method == "HEAD");
  }
  RawResponse get(const std::string& target) const { return call("GET", target); }
  RawResponse post(const std::string& target, const std::string& body = "") const { return call("POST", target, body); }
  RawResponse raw(const std::string& bytes) const { return RawClient(server->port()).call(bytes); }

  std::shared_ptr<FakeEngine> engine;
  std::unique_ptr<http::Server> server;
};

}  // namespace laketide
