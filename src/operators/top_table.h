// The first rows of each key, as top_rows.h keeps them.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/paged.h"
#include "operators/key_index.h"
#include "operators/saved_groups.h"
#include "operators/top_rows.h"

namespace laketide {

/// Rows of the input stay in the batches they came in; a key holds the places of its rows, best first. Batches are made anew when most
/// of what is in them has been pushed out. Saved as a row for each key: the key, the ranks of its rows, their columns, as lists.
/// Confined to its task.
class TopTable final : public SavedGroups {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  static Result<std::unique_ptr<TopTable>> make(const TopRowsOptions& options, arrow::MemoryPool* memory);

  /// Keys whose rows changed count as touched.
  Status add(const Batch& rows);
  /// Forgets the keys that are new in this epoch and ended at or before `late`; answers how many rows they had.
  Result<int64_t> drop_late(int64_t late);
  /// Keys that end at or before `moment`; kNever: all.
  std::vector<uint32_t> ended(int64_t moment);
  Status forget(std::span<const uint32_t> groups);
  /// Forgets everything, as if it had just been made.
  void clear();

  uint32_t count(uint32_t group) const { return counts_[group]; }
  /// How many of its rows have left an earlier epoch; and from which number on this epoch changed them (from 0).
  uint32_t shown_rows(uint32_t group) const { return shown_[group]; }
  uint32_t first_changed(uint32_t group) const { return changed_from_[group]; }
  void show(uint32_t group);
  const KeyIndex& index() const { return *index_; }

  /// A row by key and number (from 0), for `gather`.
  uint64_t place_of(uint32_t group, uint32_t number) const { return places_[group * width_ + number]; }
  /// The input's columns of these rows.
  Result<Batch> gather(std::span<const uint64_t> places) const;

  int64_t rows() const override { return index_->size(); }
  int64_t bytes() const override;
  Status restore(const state::Rows& rows) override;
  Status restore_removed(const state::Rows& keys) override;

 private:
  TopTable(const TopRowsOptions& options, Schema saved, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone, RowRanks ranks, arrow::MemoryPool* memory);
  int64_t numbers() const override { return index_->numbers(); }
  Result<state::Rows> rows_of(std::span<const uint32_t> groups) const override;
  Status groups_of(const Columns& keys, int64_t rows);
  std::string_view rank(uint64_t place) const;
  bool take(uint32_t group, uint64_t place, std::string_view rank);
  void drop_rows(uint32_t group);
  /// Leaves out rows that no key holds, if they are most of all.
  Status compact();
  Result<Batch> gather(std::span<const uint64_t> places, const Schema& schema) const;

  const Schema input_, ranked_;  // ranked_: with the rank behind
  const std::vector<int> keys_;
  const size_t width_;      // rows of a key at most
  const int end_key_;
  std::unique_ptr<KeyIndex> index_;
  RowRanks ranks_;
  expr::Paged<uint64_t> places_;  // width_ for each key: batch << 32 | row
  expr::Paged<uint32_t> counts_, shown_, changed_from_;
  expr::Paged<int64_t> ends_;
  int64_t first_end_ = kNever;
  std::vector<Batch> batches_;  // of ranked_
  int64_t held_ = 0, live_ = 0, bytes_ = 0;  // rows in batches_, rows that keys hold; bytes of batches_
  std::vector<uint32_t> groups_;
};

}  // namespace laketide
