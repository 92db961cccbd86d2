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
#include "state/saved_table.h"

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
class GroupTable final : public state::SavedTable {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  static Result<std::unique_ptr<GroupTable>> make(GroupTableOptions options, arrow::MemoryPool* memory);

  /// Merges rows of `partial` into their groups; these count as touched.
  Status add(const arrow::RecordBatch& partial);
  /// The one group without key columns is there from now on, and touched if it was not.
  Status add_global();
  /// Forgets the groups that are new in this epoch and ended at or before `late`; answers how many records they were made of.
  Result<int64_t> drop_late(int64_t late);
  /// Groups with rows in this epoch, or of all epochs, that are there; each once.
  std::vector<uint32_t> touched() const;
  std::vector<uint32_t> all_groups() const;
  /// Groups that end at or before `moment`; kNever: all groups.
  std::vector<uint32_t> ended(int64_t moment);
  Status forget(std::span<const uint32_t> groups);
  /// Nothing is touched any more.
  void end_epoch();

  bool is_new(uint32_t group) const { return (flags_[group] & kNew) != 0; }
  bool is_touched(uint32_t group) const { return (flags_[group] & kTouched) != 0; }
  /// Of each row that was added last.
  std::span<const uint32_t> groups_of_last() const { return groups_; }
  const Schema& key_schema() const { return key_schema_; }
  /// Whether a row of it has left an earlier epoch.
  bool shown(uint32_t group) const { return (flags_[group] & kShown) != 0; }
  void set_shown(std::span<const uint32_t> groups);
  int64_t end(uint32_t group) const { return ends_[group]; }
  const KeyIndex& index() const { return *index_; }
  const GroupStates& states() const { return states_; }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }
  int key_columns() const override { return options_.keys; }
  int64_t rows() const override { return index_->size(); }
  int64_t bytes() const override;
  Result<state::Rows> changed() override;
  Result<state::Rows> removed() override;
  Result<state::Rows> all() override;
  Status restore(const state::Rows& rows) override;
  Status restore_removed(const state::Rows& keys) override;

 private:
  enum Flag : uint8_t {
    kLive = 1,
    kNew = 2,      // in this epoch
    kTouched = 4,  // in this epoch
    kShown = 8,
    kDirty = 16,   // since it was last saved
    kSaved = 32,   // the store has a row of it
    kListed = 64,  // its number is in dirty_; stays when it is forgotten
  };

  GroupTable(GroupTableOptions options, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone, GroupStates states,
             arrow::MemoryPool* memory);
  Status reserve();
  /// Groups of these rows, added where they are not there.
  Status groups_of(const arrow::RecordBatch& rows);
  void touch(uint32_t group);
  void began(const arrow::RecordBatch& rows);
  Result<state::Rows> rows_of(std::span<const uint32_t> groups) const;
  Status not_gone(const arrow::RecordBatch& rows);

  const GroupTableOptions options_;
  const Schema schema_, key_schema_;
  arrow::MemoryPool* const memory_;
  std::unique_ptr<KeyIndex> index_;
  std::unique_ptr<KeyIndex> gone_;  // keys that the store has and that are not here any more
  GroupStates states_;
  expr::Paged<uint8_t> flags_;
  expr::Paged<int64_t> ends_;
  expr::Paged<uint32_t> new_rows_;  // records of a group that is new in this epoch
  int64_t first_end_ = kNever;      // no group ends before
  std::vector<uint32_t> groups_, touched_, dirty_, removing_;
  size_t changed_at_ = 0, removed_at_ = 0, all_at_ = 0;
};

}  // namespace laketide
