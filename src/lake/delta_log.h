// Follows the log of one table, and adds commits to it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/wait.h"
#include "lake/actions.h"
#include "lake/table_state.h"
#include "laketide/status.h"
#include "storage/store.h"

namespace laketide::lake {

/// Changes that want to become a version. Keep it over retries: `txn_id` is how its outcome is found. Caller synchronises.
struct Transaction {
  std::string txn_id;  // UUID, one per transaction, the same for all its attempts
  std::string operation = "STREAMING UPDATE";
  TextMap operation_parameters, operation_metrics;
  std::string user_metadata;
  std::vector<SetTransaction> progress;
  std::vector<AddFile> adds;
  std::vector<RemoveFile> removes;
  /// Of the state that the files were chosen by; none: a blind append, which fits behind any version.
  std::optional<int64_t> read_version;
  /// What the table shall be if this commit creates it.
  std::optional<Protocol> new_protocol;
  std::optional<Metadata> new_metadata;
};

/// What a commit that stands in the log did. Immutable.
struct StandingCommit {
  std::map<std::string, int64_t> progress;  // by appId
  std::set<std::string> added;              // paths, as add actions spell them
  std::optional<int64_t> progress_of(const std::string& app_id) const {
    const auto found = progress.find(app_id);
    return found == progress.end() ? std::nullopt : std::optional(found->second);
  }
};

/// `version`: of the commit that holds the transaction, or of the state in which the check said kSkip.
struct CommitOutcome {
  int64_t version = -1;
  bool skipped = false;
};

/// One table's log. A version is ours only when it is visible with our txnId: an unknown outcome is read back, and a
/// version that another writer took is applied, checked, and followed by an attempt at the next one (facts: Spark's
/// ConflictChecker for blind appends). Calls may block. Caller synchronises.
class DeltaLog {
 public:
  enum class Verdict { kCommit, kSkip };
  /// Looks at the newest state before each attempt, and may change the transaction that is committed to what fits behind it; a failure
  /// ends the commit.
  using Check = std::function<Result<Verdict>(const TableState&)>;

  DeltaLog(std::shared_ptr<storage::Store> store, std::string table_path, const Clock& clock);

  /// Reads the newest state; afterwards only what is new.
  Status refresh(const Wait& wait);
  const TableState& state() const { return state_; }
  const std::string& table_path() const { return table_path_; }

  Result<CommitOutcome> commit(const Transaction& transaction, const Check& check, const Wait& wait);

  /// Removes what writers that died left beside the log: temporary files of versions that exist by now, which can come to
  /// nothing whoever made them.
  Status remove_leftovers();

  /// commitInfo of `version`; none if that commit has none, or is not there any more.
  Result<std::optional<CommitInfo>> commit_info(int64_t version);
  /// The commit `version`, with its files; none if it is not there any more.
  Result<std::optional<StandingCommit>> read_commit(int64_t version);
  /// The newest commit not above `from` in which `app_id` was set to `value`; none if the log does not go back so far.
  Result<std::optional<int64_t>> find_commit(const std::string& app_id, int64_t value, int64_t from, const Wait& wait);

 private:
  Status load(const Wait& wait);
  Status follow(const Wait& wait, const std::string& txn_id, std::optional<int64_t>& found);
  Result<std::optional<CommitOutcome>> attempt(const Transaction& transaction, const Wait& wait);
  Result<std::string> render(const Transaction& transaction, std::vector<Action>& actions) const;
  void write_checkpoint_if_due(const Wait& wait);
  void pause_after(int lost, const Wait& wait);

  std::shared_ptr<storage::Store> store_;
  std::string table_path_;
  const Clock& clock_;
  TableState state_;
  int64_t checkpoint_version_ = 0;  // newest known
  int64_t checkpoint_actions_ = 0;
  std::minstd_rand random_{std::random_device{}()};
};

}  // namespace laketide::lake
