// Whose CPU time it is.
#pragma once

#include <chrono>
#include <memory>
#include <string>

namespace laketide {

/// A pool of the configuration, and the run within it. Immutable.
struct TaskOwner {
  std::string pool;
  std::string run;
};

/// One run in one pool: what its tasks, its io actors and its client libraries use is charged here, and decides when its pool and
/// it have their next turn. Made by Scheduler::open_account; cheap to copy; closed with the last copy. A default-made one belongs to
/// nobody, and what it is charged is not counted. May outlive the scheduler. Thread-safe.
class Account {
 public:
  struct State;
  Account() = default;
  explicit Account(std::shared_ptr<State> state) : state_(std::move(state)) {}

  /// CPU time that was used outside the workers and the io actors of this account: by threads of a client library.
  void charge(std::chrono::nanoseconds cpu) const;
  /// All that was charged since it was opened. A quantum counts when it ends.
  std::chrono::nanoseconds used() const;
  /// Empty for a default-made one.
  const std::string& pool() const;
  explicit operator bool() const { return state_ != nullptr; }

 private:
  friend class Workers;
  std::shared_ptr<State> state_;
};

}  // namespace laketide
