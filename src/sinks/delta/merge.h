// An epoch's rows merged into a table, by rewriting the files that hold their keys.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/wait.h"
#include "lake/data_writer.h"
#include "lake/key_bounds.h"
#include "lake/live_files.h"
#include "sinks/delta/upsert_rows.h"
#include "sinks/delta/winners.h"

namespace laketide {

struct MergeOptions {
  std::shared_ptr<storage::Store> store;
  std::string table_path;
  Schema table;
  UpsertKey key;
  arrow::MemoryPool* memory = nullptr;
  int64_t target_file_bytes = 128 << 20;
  std::function<std::unique_ptr<lake::DataWriter>()> make_writer;
};

/// What a merge makes of one version of the table: `removed` gives way to `files`, which are complete and not yet synced.
/// Confined to its task.
struct MergeOutcome {
  std::vector<lake::DataFile> files;
  std::vector<lake::AddFile> removed;
  int64_t inserted = 0, updated = 0, deleted = 0;  // rows
  int64_t copied = 0;                              // rows that stay as they are in a file that is replaced
  int64_t changed() const { return inserted + updated + deleted; }
};

/// One epoch's rows against a table, as often as it takes:
///
///   winner of each key among the rows (winners.h)
///   files that can hold one of the keys, by partition values and statistics; of these the key columns are read
///   a row of the table with a larger order_by beats the winner; every other row with the key goes
///   files that lose rows are read and written again without them; what is left of small ones goes together with the new rows, so
///   that a table of many small epochs stays one of few files, and a large one is rewritten alone
///
/// Memory: the keys, and one batch of rows. Confined to its task.
class Merge {
 public:
  Merge(MergeOptions options, std::vector<std::shared_ptr<const UpsertRows>> lanes);

  /// Against the files of one version; null: there is no table.
  Result<MergeOutcome> run(const lake::FullState* table, const Wait& wait);
  /// Whether the last outcome is not right behind these changes: a file was removed that was read, or added that can hold a key.
  bool conflicts_with(const lake::FileChanges& changes) const;
  int64_t source_rows() const;

 private:
  struct Hit;
  struct Search;
  Status choose();
  Status find_hits(const lake::AddFile& file, uint32_t number, Search& search, const Wait& wait) const;
  Status rewrite(const lake::AddFile& file, const std::vector<int64_t>& gone, lake::DataWriter& writer, MergeOutcome& outcome, const Wait& wait) const;
  Status rewrite_touched(const std::vector<const lake::AddFile*>& files, Search& search, lake::DataWriter& gathered, MergeOutcome& outcome, const Wait& wait);
  Status write_rows(const Search& search, lake::DataWriter& writer, const Wait& wait) const;
  void count(const Search& search, MergeOutcome& outcome) const;

  const MergeOptions options_;
  const std::vector<std::shared_ptr<const UpsertRows>> lanes_;
  std::unique_ptr<Winners> chosen_;   // where there are several lanes
  const Winners* winners_ = nullptr;
  std::unique_ptr<lake::KeyBounds> bounds_;
  std::set<std::string> read_;  // paths of the files whose keys were read, as the log spells them
};

}  // namespace laketide
