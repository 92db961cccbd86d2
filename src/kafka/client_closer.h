// Takes clients down where nobody waits for it.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/wait.h"

namespace laketide::kafka {

/// Destroying a client joins its threads: some milliseconds, up to a hundred if its broker is away, and for ever by a defect of librdkafka
/// before 2.6.1 (a partition that disappears while records of it are fetched). A lane's owner has no such time, so one thread of the process
/// does it, one client after the other. A client that takes longer than `patience` keeps that thread, and another one goes on behind it: what
/// waits to be closed fetches until its turn comes, so one that hangs must not keep the others. At exit the process waits two seconds for the
/// clients that do not hang, no longer. Lives until the process ends, as its threads may hang in the library. Thread-safe.
class ClientCloser {
 public:
  /// The process's one.
  static ClientCloser& instance();
  explicit ClientCloser(std::chrono::milliseconds patience) : patience_(patience) {}

  /// Runs `destroy` later, elsewhere. It must hold everything that the client's threads may still use.
  void close(std::function<void()> destroy);
  /// False if something was still open when the Wait was over. What hangs does not count.
  bool wait_until_closed(const Wait& wait);

 private:
  void start(void (ClientCloser::*work)());
  void run();
  void stand_by();

  const std::chrono::milliseconds patience_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> waiting_ LT_GUARDED_BY(mutex_);
  int thread_ LT_GUARDED_BY(mutex_) = 0;           // the number of the one that closes clients; those before it hang, or have
  bool is_standing_by_ LT_GUARDED_BY(mutex_) = false;  // somebody watches over it
  bool is_busy_ LT_GUARDED_BY(mutex_) = false;     // it destroys something, since …
  SteadyTime busy_since_ LT_GUARDED_BY(mutex_);
};

}  // namespace laketide::kafka
