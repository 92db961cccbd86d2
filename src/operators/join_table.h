// The rows of one side of a join, as long as a partner may still come.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/paged.h"
#include "operators/key_index.h"
#include "operators/restored_rows.h"
#include "operators/saved_groups.h"

namespace laketide {

/// Of what the rows of a join table consist. Immutable.
struct JoinTableOptions {
  Schema rows;
  std::vector<int> keys;  // columns that are equal in rows that belong together; none: all belong together
  int time = -1;          // a row is kept until the moment in this column + `keep`; -1: for ever
  int64_t keep = 0;       // microseconds
};

/// Rows by number, chained by key in the order in which they came, which is also the order of their names on disk. They stand in
/// chunks, one for what came together; small neighbours are put together, and a chunk of which half is gone is written anew, so that
/// adding costs O(log n) copies of a row and memory is at most about twice what is kept. A row with a NULL in its key has no partner: it
/// is in no chain and is kept until the end of the epoch. As a table its key is the row's number since the beginning of time; the
/// columns and whether it has met a partner follow. Confined to its task.
class JoinTable final : public SavedGroups {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  static Result<std::unique_ptr<JoinTable>> make(JoinTableOptions options, arrow::MemoryPool* memory);

  Status add(const Batch& rows);
  /// The numbers of the rows that were added last.
  std::span<const uint32_t> added() const { return added_; }
  /// The first row with each of these keys; kNone: there is none.
  Status find(const Columns& keys, int64_t rows, std::vector<uint32_t>& firsts);
  /// The next one with the same key; kNone: that was the last one.
  uint32_t next(uint32_t row) const { return links_[row].next; }

  bool met(uint32_t row) const { return met_[row] != 0; }
  /// It has a partner now; false: it had one before.
  bool meet(uint32_t row);

  /// Rows that are kept no longer than until `moment`, in the order in which they came; kNever: all.
  Result<std::vector<uint32_t>> ended(int64_t moment);
  Status forget(std::span<const uint32_t> rows);
  /// As in SavedGroups, and puts the chunks in order.
  Status finish_epoch();

  /// Some columns of these rows; kNone: NULLs.
  Result<Columns> columns(std::span<const uint32_t> rows, std::span<const int> columns) const;

  int64_t rows() const override { return live_ + (restored_ ? restored_->size() : 0); }
  int64_t bytes() const override;
  Status restore(const state::Rows& rows) override { return restored_->add(rows); }
  Status restore_removed(const state::Rows& keys) override { return restored_->remove(keys); }

 private:
  struct Link {
    uint32_t group, previous, next;
  };
  struct Ends {
    uint32_t first, last;
  };
  struct Place {
    uint32_t chunk, row;
  };
  /// `numbers`: of its rows; kNone: gone.
  struct Chunk {
    Batch rows;
    std::vector<uint32_t> numbers;
    int64_t live = 0, first_until = kNever, bytes = 0;
  };

  JoinTable(JoinTableOptions options, Schema saved, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone,
            std::unique_ptr<RestoredRows> restored, arrow::MemoryPool* memory);
  Status settle() override;
  Status put(const Batch& rows, std::span<const int64_t> names);
  Status reserve(int64_t more);
  uint32_t new_number();
  void chain(uint32_t row, uint32_t group);
  void unchain(uint32_t row);
  int64_t until_of(const arrow::RecordBatch& rows, int64_t row) const;
  /// The rows that are left of these chunks as one of the last one's name.
  Status rewrite(std::span<const uint32_t> names);
  int64_t numbers() const override { return numbers_; }
  Result<state::Rows> rows_of(std::span<const uint32_t> rows) const override;

  const JoinTableOptions options_;
  std::unique_ptr<KeyIndex> index_;
  std::unique_ptr<RestoredRows> restored_;
  std::map<uint32_t, Chunk> chunks_;  // by name, in the order in which they came
  uint32_t next_chunk_ = 0;
  expr::Paged<int64_t> names_;  // by number, as all of these
  expr::Paged<Place> places_;
  expr::Paged<Link> links_;
  expr::Paged<uint8_t> met_;
  expr::Paged<Ends> ends_;  // by group of the index
  std::vector<uint32_t> free_, added_, groups_;
  std::vector<int> all_columns_;
  int64_t next_name_ = 0, numbers_ = 0, live_ = 0;
};

/// Which rows have a NULL in one of these columns.
std::vector<bool> with_null(const Columns& columns, int64_t rows);

}  // namespace laketide
