// The static tables of a run: whole contents, each at a version, and what joins have made of them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "flow/batch.h"
#include "laketide/status.h"

namespace laketide {

/// Which content an epoch sees, by table. A version is the instant when it was loaded, in microseconds since 1970: larger is newer, and
/// no two contents have the same, whatever was lost between them.
using TableVersions = std::map<std::string, int64_t>;

/// Everything a table had when it was loaded. Immutable.
struct TableContent {
  int64_t version = 0;
  Schema schema;
  std::vector<Batch> rows;
  std::string mark;  // the loader's own word for where it comes from; equal marks, equal contents; empty: it has none
};

/// What a join makes of a content, once for all lanes. Immutable.
class TableIndex {
 public:
  virtual ~TableIndex() = default;
};

/// Between those who load tables and the lanes that look rows up in them. A version is here from `publish` until `forget_below`; whoever
/// took an index keeps it longer. Thread-safe.
class StaticTables {
 public:
  using Build = std::function<Result<std::shared_ptr<const TableIndex>>(const TableContent&)>;

  /// Makes every index of the table that was declared; takes time, and memory. If one cannot be made the version is not there.
  Status publish(const std::string& table, std::shared_ptr<const TableContent> content);
  /// `build` makes the index `name` of each version, those that are there first; two declarations of one name are the same.
  Status declare(const std::string& table, const std::string& name, Build build);
  /// Fails `kInternal` if it is not there.
  Result<std::shared_ptr<const TableIndex>> index(const std::string& table, const std::string& name, int64_t version) const;
  /// Forgets every index and how it is made, not the contents: before a query is bound anew, when no lane is at work.
  void forget_indexes();
  /// Of the tables that are named, forgets what is older.
  void forget_below(const TableVersions& oldest);

 private:
  using Indexes = std::map<std::string, std::shared_ptr<const TableIndex>>;
  struct Version {
    std::shared_ptr<const TableContent> content;
    Indexes indexes;
  };
  struct Table {
    std::map<std::string, Build> builds;
    std::map<int64_t, Version> versions;
  };

  Mutex change_;  // one change at a time; indexes are built under it, while lanes go on
  mutable Mutex mutex_;
  std::map<std::string, Table> tables_ LT_GUARDED_BY(mutex_);
};

}  // namespace laketide
