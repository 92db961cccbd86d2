#include "operators/session_table.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "operators/aggregate_parts.h"

namespace laketide {
namespace {

std::vector<int64_t> moments_of(const arrow::Array& array) {
  const expr::Values<int64_t> values(array);
  std::vector<int64_t> moments;
  moments.reserve(static_cast<size_t>(array.length()));
  for (int64_t row = 0; row < array.length(); ++row) moments.push_back(values[row]);
  return moments;
}

}  // namespace

SessionTable::SessionTable(Schema partial, int keys, std::unique_ptr<SessionMerge> merge, std::unique_ptr<KeyIndex> gone,
                           std::unique_ptr<RestoredRows> restored, GroupStates states, arrow::MemoryPool* memory)
    : SavedGroups(first_fields(*partial, partial->num_fields() - 1), keys, std::move(gone), memory),
      keys_(static_cast<size_t>(keys)),
      merge_(std::move(merge)),
      restored_(std::move(restored)),
      states_(std::move(states)),
      new_rows_(memory) {}

Result<std::unique_ptr<SessionTable>> SessionTable::make(Schema partial, int keys, const std::vector<AggregateCall>& calls, arrow::MemoryPool* memory) {
  const Schema with_start = first_fields(*partial, keys);
  const Schema plain = arrow::schema(arrow::FieldVector(with_start->fields().begin() + 1, with_start->fields().end()));
  LT_ASSIGN_OR_RETURN(auto merge, SessionMerge::make(*plain, memory));
  LT_ASSIGN_OR_RETURN(auto gone, KeyIndex::make(*with_start, memory));
  LT_ASSIGN_OR_RETURN(auto restored, RestoredRows::make(*with_start, memory));
  LT_ASSIGN_OR_RETURN(GroupStates states, GroupStates::make(calls, memory));
  return std::unique_ptr<SessionTable>(
      new SessionTable(std::move(partial), keys, std::move(merge), std::move(gone), std::move(restored), std::move(states), memory));
}

// Sessions of these rows, as they are when all have been added.
Status SessionTable::place(const arrow::RecordBatch& rows) {
  const auto plain = std::span(rows.columns()).subspan(1, keys_ - 1);
  LT_RETURN_IF_ERROR(merge_->add(plain, moments_of(*rows.column(0)), moments_of(*rows.column(static_cast<int>(keys_))), placed_));
  LT_RETURN_IF_ERROR(reserve_flags());
  LT_RETURN_IF_ERROR(new_rows_.reserve(merge_->numbers()));
  LT_RETURN_IF_ERROR(states_.resize(merge_->numbers()));
  for (const uint32_t session : merge_->added()) {
    enter(session);
    new_rows_[session] = 0;
  }
  return apply_moves();
}

Status SessionTable::apply_moves() {
  std::vector<uint32_t> from, to, saved_keys;
  std::vector<int64_t> saved_starts;
  for (const SessionMerge::Move& move : merge_->moves()) {
    const uint32_t key = (*merge_)[move.session].key;
    if (has(move.session, kShown)) withdrawn_.push_back({move.start, move.end, key});
    if (has(move.session, kSaved)) {
      saved_starts.push_back(move.start);
      saved_keys.push_back(key);
    }
    if (move.into == move.session) {
      unset(move.session, kShown | kSaved);
      continue;
    }
    if (!is_new(move.session)) unset(move.into, kNew);
    new_rows_[move.into] += new_rows_[move.session];
    leave(move.session);
    from.push_back(move.session);
    to.push_back(merge_->root(move.session));
  }
  if (!from.empty()) {
    LT_ASSIGN_OR_RETURN(const Columns states, states_.partial(from));
    LT_RETURN_IF_ERROR(states_.merge(states, to));
    states_.clear(from);
  }
  return saved_starts_go(saved_starts, saved_keys);
}

Status SessionTable::saved_starts_go(const std::vector<int64_t>& starts, const std::vector<uint32_t>& keys) {
  if (keys.empty()) return {};
  LT_ASSIGN_OR_RETURN(Columns columns, merge_->keys_by_number(keys, memory_));
  LT_ASSIGN_OR_RETURN(auto start_column, moment_column(schema()->field(0)->type(), starts, memory_));
  columns.insert(columns.begin(), std::move(start_column));
  return saved_keys_go(columns, keys.size());
}

Status SessionTable::add(const arrow::RecordBatch& partial) {
  LT_RETURN_IF_ERROR(settle());
  LT_RETURN_IF_ERROR(place(partial));
  const expr::Values<int64_t> counts(*partial.column(partial.num_columns() - 1));
  for (size_t row = 0; row < placed_.size(); ++row) {
    touch(placed_[row]);
    new_rows_[placed_[row]] += static_cast<uint32_t>(counts[static_cast<int64_t>(row)]);
  }
  const auto states = std::span(partial.columns()).subspan(keys_ + 1);
  return states_.merge(states.first(states.size() - 1), placed_);
}

Result<int64_t> SessionTable::drop_late(int64_t late) {
  std::vector<uint32_t> dropped;
  int64_t records = 0;
  for (const uint32_t session : touched()) {
    if (!is_new(session) || (*merge_)[session].end > late) continue;
    dropped.push_back(session);
    records += new_rows_[session];
  }
  LT_RETURN_IF_ERROR(forget(dropped));
  return records;
}

std::vector<uint32_t> SessionTable::ended(int64_t moment) {
  std::vector<uint32_t> sessions = all_groups();
  if (moment != kNever) std::erase_if(sessions, [&](uint32_t session) { return (*merge_)[session].end > moment; });
  return sessions;
}

Status SessionTable::forget(std::span<const uint32_t> sessions) {
  std::vector<int64_t> starts;
  std::vector<uint32_t> keys;
  for (const uint32_t session : sessions) {
    if (has(session, kSaved)) {
      starts.push_back((*merge_)[session].start);
      keys.push_back((*merge_)[session].key);
    }
    leave(session);
  }
  LT_RETURN_IF_ERROR(saved_starts_go(starts, keys));
  states_.clear(sessions);
  merge_->erase(sessions);
  return {};
}

void SessionTable::end_epoch() {
  SavedGroups::end_epoch();
  withdrawn_.clear();
}

Status SessionTable::settle() {
  if (!restored_) return {};
  const std::unique_ptr<RestoredRows> restored = std::move(restored_);
  LT_ASSIGN_OR_RETURN(const std::vector<state::Rows> batches, restored->take());
  for (const state::Rows& rows : batches) {
    if (!rows) continue;
    LT_RETURN_IF_ERROR(place(*rows));
    for (const uint32_t session : placed_) put_back(session);
    LT_RETURN_IF_ERROR(states_.merge(std::span(rows->columns()).subspan(keys_ + 1), placed_));
  }
  return {};
}

int64_t SessionTable::bytes() const {
  return own_bytes() + merge_->bytes() + states_.bytes() + new_rows_.bytes() + (restored_ ? restored_->bytes() : 0);
}

Result<state::Rows> SessionTable::rows_of(std::span<const uint32_t> sessions) const {
  std::vector<int64_t> starts, ends;
  for (const uint32_t session : sessions) {
    starts.push_back((*merge_)[session].start);
    ends.push_back((*merge_)[session].end);
  }
  Columns columns(1);
  LT_ASSIGN_OR_RETURN(columns[0], moment_column(schema()->field(0)->type(), starts, memory_));
  LT_ASSIGN_OR_RETURN(Columns keys, merge_->keys(sessions, memory_));
  for (auto& key : keys) columns.push_back(std::move(key));
  LT_ASSIGN_OR_RETURN(auto end_column, moment_column(schema()->field(0)->type(), ends, memory_));
  columns.push_back(std::move(end_column));
  LT_ASSIGN_OR_RETURN(Columns states, states_.partial(sessions));
  for (auto& state : states) columns.push_back(std::move(state));
  return arrow::RecordBatch::Make(schema(), static_cast<int64_t>(sessions.size()), std::move(columns));
}

Status SessionTable::restore(const state::Rows& rows) { return restored_->add(rows); }

Status SessionTable::restore_removed(const state::Rows& keys) { return restored_->remove(keys); }

}  // namespace laketide
