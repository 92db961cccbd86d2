// Removes files that a sink's own commits took out of the table, once nobody can need them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "base/clock.h"
#include "base/wait.h"
#include "lake/live_files.h"
#include "laketide/status.h"
#include "sinks/delta/progress_names.h"
#include "storage/store.h"

namespace laketide {

/// Whose commits, and how long their files stay. Immutable.
struct TombstoneOptions {
  std::shared_ptr<storage::Store> store;
  std::string table_path;
  ProgressNames names;  // by which commits and files are known to be this sink's
  std::chrono::milliseconds retain{0};
  const Clock* clock = nullptr;
};

/// Walks the log, a piece with each call. A file that a commit of this sink removed is deleted once that commit is older than `retain`:
/// then every version that needs it is, too. The log is the only memory of what is ours. Somebody else's commit may add such a file
/// again (RESTORE), so all commits are looked at before anything is deleted, and again as they come; and what the newest version has
/// is never deleted. Files outside of the table are left alone. Caller synchronises.
class Tombstones {
 public:
  using Load = std::function<Result<const lake::FullState*>()>;

  explicit Tombstones(TombstoneOptions options) : options_(std::move(options)) {}

  /// Begins at the oldest commit again: another table may stand there.
  void reset();
  /// `newest`: the table's version; `load` yields it with its files, and is asked only when a file is due.
  Status sweep(int64_t newest, const Load& load, const Wait& wait);

 private:
  Status see(int64_t newest, const Wait& wait);
  Status note_revived(const std::string& text);
  Status remove_due(const Load& load, const Wait& wait);
  Result<bool> remove_of(const std::string& text, const Load& load, int& left);
  bool is_ours(const std::string& text) const { return text.find("\"appId\":\"" + options_.names.epoch() + "\"") != std::string::npos; }

  const TombstoneOptions options_;
  int64_t oldest_ = -1;   // commit that was there at the start
  int64_t seen_ = 0;      // commits below it were looked at for files that came back
  int64_t swept_ = 0;     // commits below it are done with
  std::set<std::string> revived_;  // as the log spells them
};

}  // namespace laketide
