// The service manager that started this process: told when it is ready, that it is alive, that it stops.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "laketide/engine.h"

namespace laketide::cli {

/// How to reach it. Immutable.
struct SupervisorOptions {
  std::string socket;                     // a path, or '@' and an abstract name; empty: nobody wants to know
  std::chrono::microseconds watchdog{0};  // it ends the process if it hears no sign of life for so long; 0: it does not watch
};

/// What NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID say: sd_notify(3), sd_watchdog_enabled(3).
SupervisorOptions supervisor_of_environment();

/// One datagram for each thing that changes. A sign of life is sent only while the workers make progress: whoever waits for a stuck
/// worker in vain is heard of by the manager's watchdog. What cannot be sent is logged once and changes nothing else. Of `serve`, for
/// as long as the process lives. Confined to its task.
class Supervisor {
 public:
  explicit Supervisor(SupervisorOptions options);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  /// READY=1 once, when the engine is; from then on WATCHDOG=1 while it is alive. Returns how soon to call again.
  std::chrono::milliseconds look(const Engine& engine);
  /// Around a reload: RELOADING=1, then READY=1; `outcome` says whether what was read holds.
  void reloading();
  void reloaded(const Status& outcome);
  /// STOPPING=1; after it nothing is sent, and the manager's time-out for stopping counts.
  void stopping();

 private:
  void send(const std::string& message);

  const SupervisorOptions options_;
  int socket_ = -1;
  bool is_ready_ = false;
  bool was_alive_ = true;
  bool complained_ = false;
};

}  // namespace laketide::cli
