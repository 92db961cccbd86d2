// One commit at a time per table in this process.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "base/wait.h"
#include "laketide/status.h"

namespace laketide::lake {

/// Holds a table's turn to commit until destroyed. Several of our own sinks on one table would otherwise race each other
/// through the log, and lose to themselves. Confined to its task.
class CommitTurn {
 public:
  /// Waits for the turn of the table at `table_path` (canonical, so that two spellings meet).
  static Result<CommitTurn> take(const std::string& table_path, const Wait& wait);
  CommitTurn(CommitTurn&&) noexcept = default;
  CommitTurn& operator=(CommitTurn&&) noexcept = default;

 private:
  explicit CommitTurn(std::shared_ptr<std::timed_mutex> mutex) : mutex_(std::move(mutex)) {}
  std::shared_ptr<std::timed_mutex> mutex_;
  std::unique_lock<std::timed_mutex> lock_;
};

}  // namespace laketide::lake
