// The static tables of a run: loaded, refreshed, and kept on disk at the versions that a replay may need.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/wait.h"
#include "execution/run_memory.h"
#include "flow/static_tables.h"
#include "flow/table_loader.h"
#include "laketide/status.h"
#include "scheduler/scheduler.h"
#include "state/table_files.h"

namespace laketide {

/// One entry of `tables:` made into objects. Caller synchronises.
struct StaticTableSpec {
  std::string name;
  std::shared_ptr<TableLoader> loader;
  std::optional<std::chrono::milliseconds> refresh;  // none: loaded once
  std::shared_ptr<state::TableFiles> files;
};

/// What others may know of a table. Immutable.
struct TableView {
  std::string name;
  int64_t version = 0;  // of the content that the next epoch sees; 0: none yet
  int64_t rows = 0;
  Status problem;       // why it is older than it should be
};

/// Columns of tables, by name.
using TableSchemas = std::vector<std::pair<std::string, Schema>>;

/// A version is on disk before an epoch can see it, and until every sink has the epochs that did. Content that has not changed gets no new
/// version. A refresh that fails leaves what there is. Owned by the run's spec. Thread-safe.
class TableKeeper : public std::enable_shared_from_this<TableKeeper> {
 public:
  TableKeeper(std::string pipeline, std::vector<StaticTableSpec> tables, Scheduler& scheduler, Account account);

  /// No lane is at work, and the query is bound after it. Puts the versions in `wanted` on the board; of other tables the newest, loaded now if they were not before; and those are what
  /// `opened` and `schemas` tell of from here on. From the first call on those that have a period are loaded again and again. Fails `kUser` table_version_lost for a version that is not on disk; if a table cannot be
  /// loaded and none of its contents is on disk, as the loader does.
  Status open(const TableVersions& wanted, const std::shared_ptr<RunMemory>& memory, const Wait& wait);
  /// The newest of every table; whether that changes what `schemas` says.
  Result<bool> renew(const std::shared_ptr<RunMemory>& memory, const Wait& wait);
  TableSchemas schemas() const;

  StaticTables& board() { return board_; }
  /// What the next epoch is to see.
  TableVersions newest() const;
  /// Every sink has the epochs that saw less.
  Status forget_below(const TableVersions& oldest);
  std::vector<TableView> views() const;
  /// Ends refreshing, and gives the contents' memory back once no lane has them.
  void close();

 private:
  struct Known {
    Schema schema;
    uint64_t checksum = 0;
    int64_t rows = 0;
  };
  struct Kept {
    int64_t newest = 0;  // 0: never loaded
    std::string mark;    // of `newest`, if it was loaded by this process
    int64_t forgotten = 0;  // versions below are gone from disk
    std::map<int64_t, Known> versions;  // on the board
    int64_t opened = 0;
    Status problem;
  };

  Status open_one(const StaticTableSpec& table, std::optional<int64_t> wanted, const Wait& wait);
  Status load(const StaticTableSpec& table, const Wait& wait);
  Status load_or_keep(const StaticTableSpec& table, const Wait& wait);
  Result<bool> restore(const StaticTableSpec& table, int64_t version);
  Status add(const StaticTableSpec& table, TableContent content, uint64_t checksum);
  void keep_fresh();
  void refresh(size_t index, const IoActor& actor);
  void refresh_later(size_t index, const IoActor& actor);
  void note(const std::string& table, const Status& problem);
  std::shared_ptr<RunMemory> memory() const;

  const std::string pipeline_;
  const std::vector<StaticTableSpec> tables_;
  Scheduler& scheduler_;
  const Account account_;
  StopSource stop_;
  Mutex work_;  // one load or opening at a time
  mutable Mutex mutex_;
  std::shared_ptr<RunMemory> memory_ LT_GUARDED_BY(mutex_);
  std::map<std::string, Kept> kept_ LT_GUARDED_BY(mutex_);
  bool fresh_ LT_GUARDED_BY(mutex_) = false;  // refreshing has begun
  StaticTables board_;
};

}  // namespace laketide
