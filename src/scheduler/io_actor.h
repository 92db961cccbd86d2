// Where work goes that may block.
#pragma once

#include <functional>
#include <memory>

namespace laketide {

/// Runs closures one after another, in the order posted, on an io thread; they may block, and hold no worker while they
/// do. Copies share the queue. Closures posted after `close` are dropped. The CPU time of closures on io threads is charged to the
/// account that the actor was made with. Thread-safe.
class IoActor {
 public:
  struct State;
  IoActor() = default;
  explicit IoActor(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void post(std::function<void()> work) const;
  /// Runs `work` as one of the closures, and returns when it has run or was dropped. Where the actor has nothing to do, the calling thread
  /// runs it, on its own CPU time: waking another and being woken by it costs more than most of what is asked.
  void run(const std::function<void()>& work) const;
  /// Drops what waits; what runs now runs to its end.
  void close() const;

 private:
  friend class IoThreads;
  std::shared_ptr<State> state_;
};

}  // namespace laketide
