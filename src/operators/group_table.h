// The groups that an aggregate remembers from one epoch to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/paged.h"
#include "operators/group_states.h"
#include "operators/key_index.h"
#include "operators/saved_groups.h"

namespace laketide {

/// Of what the rows of a group table consist. Immutable.
struct GroupTableOptions {
  Schema partial;  // rows that are added: key columns, plain columns, states, _rows
  int keys = 0;    // so many columns, from the first, are the key
  std::vector<AggregateCall> calls;
  /// When a group ends, by the value of this key column in microseconds; -1: never, as where it is NULL.
  int end_key = -1;
  std::function<int64_t(int64_t)> end_of;
};

/// Groups by key with their states, and what happened to them in this epoch and since they were last saved. Saved as rows of keys and
/// partial states. Confined to its task.
class GroupTable final : public SavedGroups {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  static Result<std::unique_ptr<GroupTable>> make(GroupTableOptions options, arrow::MemoryPool* memory);

  /// Merges rows of `partial` into their groups; these count as touched.
  Status add(const arrow::RecordBatch& partial);
  /// The one group without key columns is there from now on, and touched if it was not.
  Status add_global();
  /// Forgets the groups that are new in this epoch and ended at or before `late`; answers how many records they were made of.
  Result<int64_t> drop_late(int64_t late);
  /// Groups that end at or before `moment`; kNever: all groups.
  std::vector<uint32_t> ended(int64_t moment);
  Status forget(std::span<const uint32_t> groups);
  /// Of each row that was added last.
  std::span<const uint32_t> groups_of_last() const { return groups_; }
  int64_t end(uint32_t group) const { return ends_[group]; }
  const KeyIndex& index() const { return *index_; }
  const GroupStates& states() const { return states_; }

  int64_t rows() const override { return index_->size(); }
  int64_t bytes() const override;
  Status restore(const state::Rows& rows) override;
  Status restore_removed(const state::Rows& keys) override;

 private:
  GroupTable(GroupTableOptions options, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone, GroupStates states,
             arrow::MemoryPool* memory);
  Status reserve();
  /// Groups of these rows, added where they are not there.
  Status groups_of(const arrow::RecordBatch& rows);
  void began(const arrow::RecordBatch& rows);
  int64_t numbers() const override { return index_->numbers(); }
  Result<state::Rows> rows_of(std::span<const uint32_t> groups) const override;

  const GroupTableOptions options_;
  std::unique_ptr<KeyIndex> index_;
  GroupStates states_;
  expr::Paged<int64_t> ends_;
  expr::Paged<uint32_t> new_rows_;  // records of a group that is new in this epoch
  int64_t first_end_ = kNever;      // no group ends before
  std::vector<uint32_t> groups_;  // of the rows added last
};

}  // namespace laketide
