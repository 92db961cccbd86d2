#include "lake/commit_arbiter.h"

#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>

namespace laketide::lake {

namespace {

std::shared_ptr<std::timed_mutex> mutex_of(const std::string& table_path) {
  static std::mutex guard;
  static auto* mutexes = new std::map<std::string, std::weak_ptr<std::timed_mutex>>;
  std::error_code ignored;
  const auto canonical = std::filesystem::weakly_canonical(table_path, ignored);
  std::lock_guard lock(guard);
  std::erase_if(*mutexes, [](const auto& entry) { return entry.second.expired(); });
  auto& kept = (*mutexes)[ignored ? table_path : canonical.string()];
  auto mutex = kept.lock();
  if (!mutex) kept = mutex = std::make_shared<std::timed_mutex>();
  return mutex;
}

}  // namespace

Result<CommitTurn> CommitTurn::take(const std::string& table_path, const Wait& wait) {
  CommitTurn turn(mutex_of(table_path));
  turn.lock_ = std::unique_lock(*turn.mutex_, std::defer_lock);
  while (!turn.lock_.try_lock_for(wait.left(std::chrono::milliseconds(50)))) {
    if (wait.over()) return Status::cancelled("another commit to the same table took too long: " + table_path);
  }
  return turn;
}

}  // namespace laketide::lake
