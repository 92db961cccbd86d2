// The HTTP server: binds first, serves the engine when there is one, hears the wish to stop.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http/limits.h"
#include "laketide/engine.h"

namespace laketide::http {

/// Immutable.
struct ServerOptions {
  std::string listen = "127.0.0.1:8080";  // port 0: any free one
  std::string probe_listen;               // empty: none
  std::string token_file;                 // empty: no tokens
  bool allow_unauthenticated = false;
  bool handle_signals = false;            // SIGTERM and SIGINT are a wish to stop, SIGHUP one to read the files again
  std::function<void()> on_impatience;    // called at a second signal
  Limits limits;
};

/// Owns its sockets and threads: one for all sockets, a few for calls into the engine, one for probes. From the moment it
/// is made /health answers; everything that needs the engine is 503 `starting` until that is attached. Destroying it
/// lets answers that are under way finish for a moment, then closes. Thread-safe.
class Server {
 public:
  virtual ~Server() = default;
  virtual uint16_t port() const = 0;
  virtual uint16_t probe_port() const = 0;  // 0: none
  virtual void attach(std::shared_ptr<Engine> engine) = 0;
  /// Waits until somebody wishes the service to stop (POST /stop, a signal) or to read its files again, or `wait` has passed; true
  /// if it is to stop. The engine has been told then; calls that would begin work are refused.
  virtual bool wait_for_stop(std::chrono::milliseconds wait) = 0;
  /// True once for each wish, or several at once, to read the files again.
  virtual bool take_reload_wish() = 0;
  /// Reads the token file again; without one nothing happens. If that fails, the tokens stay as they are.
  virtual Status reload_tokens() = 0;
};

/// Fails, and says what to do, if an address is taken or is none (`address_unusable`), the token file is bad, or an
/// address other than loopback would be open to everybody (`exposed`).
Result<std::unique_ptr<Server>> make_server(const ServerOptions& options);

/// The part of that which needs no socket: whether these options would be accepted, for `laketide check`.
Status check_options(const ServerOptions& options);

/// "1.81.0", for `laketide version`.
std::string boost_version();

}  // namespace laketide::http
