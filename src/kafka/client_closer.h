// Takes clients down where nobody waits for it.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "base/mutex.h"
#include "base/wait.h"

namespace laketide::kafka {

/// Destroying a client joins its threads: some milliseconds, up to a hundred if its broker is away, and for ever by a defect of librdkafka
/// before 2.6.1 (a partition that disappears). A lane's owner has no such time, so one thread of the process does it, one client after the
/// other. At exit the process waits two seconds for it, no longer. Thread-safe.
class ClientCloser {
 public:
  /// The process's one; it lives until exit.
  static ClientCloser& instance();
  /// Runs `destroy` later, elsewhere. It must hold everything that the client's threads may still use.
  void close(std::function<void()> destroy);
  /// False if something was still open when the Wait was over.
  bool wait_until_closed(const Wait& wait);

 private:
  ClientCloser() = default;
  void run();

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> waiting_ LT_GUARDED_BY(mutex_);
  bool is_running_ LT_GUARDED_BY(mutex_) = false;  // the thread is there
  bool is_busy_ LT_GUARDED_BY(mutex_) = false;     // and destroys something
};

}  // namespace laketide::kafka
