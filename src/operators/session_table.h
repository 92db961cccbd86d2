// The sessions that an aggregate remembers from one epoch to the next.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/paged.h"
#include "operators/group_states.h"
#include "operators/restored_rows.h"
#include "operators/saved_groups.h"
#include "operators/session_merge.h"

namespace laketide {

/// Sessions by key with their states, and what happened to them in this epoch and since they were last saved. As a table its key is the
/// session's start and the plain keys; its end and the states follow. What a session was saved or shown as goes when it begins earlier
/// or is met by another. Confined to its task.
class SessionTable final : public SavedGroups {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
  /// A row that left an earlier epoch and counts no more.
  struct Withdrawn {
    int64_t start, end;
    uint32_t key;
  };

  /// `partial`: rows that are added; so many columns, from the first, are the start and the plain keys; the end stands behind them.
  static Result<std::unique_ptr<SessionTable>> make(Schema partial, int keys, const std::vector<AggregateCall>& calls, arrow::MemoryPool* memory);

  Status add(const arrow::RecordBatch& partial);
  /// Forgets the sessions made of rows of this epoch alone that ended at or before `late`; answers how many records they were made of.
  Result<int64_t> drop_late(int64_t late);
  /// Sessions that end at or before `moment`; kNever: all.
  std::vector<uint32_t> ended(int64_t moment);
  Status forget(std::span<const uint32_t> sessions);
  /// As in SavedGroups; nothing is withdrawn any more.
  void end_epoch();
  std::span<const Withdrawn> withdrawn() const { return withdrawn_; }

  const SessionMerge& sessions() const { return *merge_; }
  const GroupStates& states() const { return states_; }
  /// After a restart, before the first use: rows that were put back become sessions.
  Status settle() override;

  int64_t rows() const override { return merge_->size() + (restored_ ? restored_->size() : 0); }
  int64_t bytes() const override;
  Status restore(const state::Rows& rows) override;
  Status restore_removed(const state::Rows& keys) override;

 private:
  SessionTable(Schema partial, int keys, std::unique_ptr<SessionMerge> merge, std::unique_ptr<KeyIndex> gone, std::unique_ptr<RestoredRows> restored,
               GroupStates states, arrow::MemoryPool* memory);
  Status place(const arrow::RecordBatch& rows);
  Status apply_moves();
  Status saved_starts_go(const std::vector<int64_t>& starts, const std::vector<uint32_t>& keys);
  int64_t numbers() const override { return merge_->numbers(); }
  Result<state::Rows> rows_of(std::span<const uint32_t> sessions) const override;

  const size_t keys_;  // columns of a row's key
  std::unique_ptr<SessionMerge> merge_;
  std::unique_ptr<RestoredRows> restored_;
  GroupStates states_;
  expr::Paged<uint32_t> new_rows_;
  std::vector<Withdrawn> withdrawn_;
  std::vector<uint32_t> placed_;  // sessions of the rows added last
};

}  // namespace laketide
