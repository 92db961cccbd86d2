// Where the state of one pipeline stands on disk: versions of saved tables.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/wait.h"
#include "laketide/status.h"
#include "state/saved_table.h"
#include "storage/store.h"

namespace laketide::state {

/// The tables of one run by name, as its operators declared them; the operators own them. Confined to its task.
class StateTables {
 public:
  /// `name` is unique in the run and the same at every start of the same query.
  void declare(std::string name, SavedTable* table);
  const std::map<std::string, SavedTable*>& all() const { return tables_; }
  int64_t rows() const;
  int64_t bytes() const;

 private:
  std::map<std::string, SavedTable*> tables_;
};

/// Copies of what changed in one epoch, or of everything: made on the operators' task, written elsewhere. Immutable.
class FrozenState {
 public:
  struct Table {
    std::shared_ptr<arrow::Schema> schema;  // also where there are no rows
    int key_columns = 0;
    std::vector<Rows> rows;
    std::vector<Rows> removed;
  };
  int64_t number = 0;  // 1, 2, … in the order of freezing, which is the order of writing
  bool whole = false;  // a snapshot: all rows, nothing removed
  std::map<std::string, Table> tables;
  int64_t bytes() const;
};

/// State as a sequence of versions, one per epoch that changed it: a snapshot now and then, changes between (README: files, format,
/// checksums). Version N is the state after epoch N. Calls but `freeze` may block; `freeze` may run beside any other call, for the
/// rest of them: Caller synchronises.
class StateStore {
 public:
  /// `directory` is the pipeline's own, made when it is first needed. `shape` says what the query keeps (names, keys and types of its
  /// tables): it is stored with every version, and state of another shape is refused by `restore`.
  static Result<std::unique_ptr<StateStore>> open(std::string directory, std::string shape, std::shared_ptr<storage::Store> store);
  virtual ~StateStore() = default;

  /// What there is to write for the coming version: changes, or everything if a snapshot is due. On the operators' task.
  virtual Result<FrozenState> freeze(const StateTables& tables) = 0;
  /// Makes version `epoch` durable. Idempotent: the same epoch again replaces it, and what was written for later epochs goes. After a
  /// failure it is called again with the same `state`, or with a later one that is whole; another is refused, `kInternal` `state_gap`.
  virtual Status write(int64_t epoch, const FrozenState& state, const Wait& wait) = 0;
  /// Puts the newest version that is not above `epoch` into `tables`, which are empty. None: there is no such version, and nothing was
  /// restored. Fails `kUser` `state_incompatible` (with what differs and the choice: new name or reset), `state_corrupt`, `state_version`;
  /// what `tables` hold after a failure is not said.
  virtual Result<std::optional<int64_t>> restore(int64_t epoch, const StateTables& tables, const Wait& wait) = 0;
  /// Nobody will ask for versions below `epoch` again.
  virtual Status forget_below(int64_t epoch, const Wait& wait) = 0;
  /// All of it goes (reset).
  virtual Status clear(const Wait& wait) = 0;
};

}  // namespace laketide::state
