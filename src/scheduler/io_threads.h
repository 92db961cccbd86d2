// The io threads, on which actors run what may block, and the timer that posts to actors later.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/wait.h"
#include "scheduler/account.h"
#include "scheduler/io_actor.h"

namespace laketide {

/// Threads made when an actor has work and none is idle, up to a bound; an actor that is stuck holds one of them. One more
/// thread keeps the timers. The CPU time of each closure is measured and charged to its actor's account. Destroying it waits for the closures that run and drops the rest. Thread-safe.
class IoThreads {
 public:
  struct Core;
  explicit IoThreads(int threads_max);
  ~IoThreads();
  IoActor actor(std::string name, Account account);
  void after(std::chrono::milliseconds delay, IoActor actor, std::function<void()> work);
  /// CPU time of closures whose actor has no account.
  std::chrono::nanoseconds upkeep_cpu() const;

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace laketide
