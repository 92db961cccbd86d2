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

constexpr size_t kRowsAtOnce = 8192;

Schema first_fields(const arrow::Schema& schema, int count) {
  return arrow::schema(arrow::FieldVector(schema.fields().begin(), schema.fields().begin() + count));
}

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
    : schema_(first_fields(*partial, partial->num_fields() - 1)),
      key_schema_(first_fields(*partial, keys)),
      keys_(keys),
      memory_(memory),
      merge_(std::move(merge)),
      gone_(std::move(gone)),
      restored_(std::move(restored)),
      states_(std::move(states)),
      flags_(memory),
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

void SessionTable::touch(uint32_t session) {
  uint8_t& flags = flags_[session];
  if ((flags & kTouched) == 0) touched_.push_back(session);
  if ((flags & kListed) == 0) dirty_.push_back(session);
  flags |= kTouched | kDirty | kListed;
}

// Sessions of these rows, as they are when all have been added.
Status SessionTable::place(const arrow::RecordBatch& rows) {
  const auto plain = std::span(rows.columns()).subspan(1, static_cast<size_t>(keys_) - 1);
  LT_RETURN_IF_ERROR(merge_->add(plain, moments_of(*rows.column(0)), moments_of(*rows.column(keys_)), placed_));
  LT_RETURN_IF_ERROR(flags_.reserve(merge_->numbers()));
  LT_RETURN_IF_ERROR(new_rows_.reserve(merge_->numbers()));
  LT_RETURN_IF_ERROR(states_.resize(merge_->numbers()));
  for (const uint32_t session : merge_->added()) {
    flags_[session] = static_cast<uint8_t>((flags_[session] & kListed) | kLive | kNew);
    new_rows_[session] = 0;
  }
  return apply_moves();
}

Status SessionTable::apply_moves() {
  std::vector<uint32_t> from, to, saved_keys;
  std::vector<int64_t> saved_starts;
  for (const SessionMerge::Move& move : merge_->moves()) {
    const uint8_t flags = flags_[move.session];
    const uint32_t key = (*merge_)[move.session].key;
    if ((flags & kShown) != 0) withdrawn_.push_back({move.start, move.end, key});
    if ((flags & kSaved) != 0) {
      saved_starts.push_back(move.start);
      saved_keys.push_back(key);
    }
    if (move.into == move.session) {
      flags_[move.session] &= static_cast<uint8_t>(~(kShown | kSaved));
      continue;
    }
    if ((flags & kNew) == 0) flags_[move.into] &= static_cast<uint8_t>(~kNew);
    new_rows_[move.into] += new_rows_[move.session];
    flags_[move.session] &= kListed;
    from.push_back(move.session);
    to.push_back(merge_->root(move.session));
  }
  if (!from.empty()) {
    LT_ASSIGN_OR_RETURN(const Columns states, states_.partial(from));
    LT_RETURN_IF_ERROR(states_.merge(states, to));
    states_.clear(from);
  }
  return saved_key_goes(saved_starts, saved_keys);
}

Status SessionTable::saved_key_goes(const std::vector<int64_t>& starts, const std::vector<uint32_t>& keys) {
  if (keys.empty()) return {};
  LT_ASSIGN_OR_RETURN(Columns columns, merge_->keys_by_number(keys, memory_));
  LT_ASSIGN_OR_RETURN(auto start_column, moment_column(schema_->field(0)->type(), starts, memory_));
  columns.insert(columns.begin(), std::move(start_column));
  std::vector<uint32_t> numbers;
  return gone_->find_or_add(columns, static_cast<int64_t>(keys.size()), numbers);
}

Status SessionTable::add(const arrow::RecordBatch& partial) {
  LT_RETURN_IF_ERROR(settle());
  LT_RETURN_IF_ERROR(place(partial));
  const expr::Values<int64_t> counts(*partial.column(partial.num_columns() - 1));
  for (size_t row = 0; row < placed_.size(); ++row) {
    touch(placed_[row]);
    new_rows_[placed_[row]] += static_cast<uint32_t>(counts[static_cast<int64_t>(row)]);
  }
  const auto states = std::span(partial.columns()).subspan(static_cast<size_t>(keys_) + 1);
  return states_.merge(states.first(states.size() - 1), placed_);
}

Result<int64_t> SessionTable::drop_late(int64_t late) {
  std::vector<uint32_t> dropped;
  int64_t records = 0;
  for (const uint32_t session : touched()) {
    if ((flags_[session] & kNew) == 0 || (*merge_)[session].end > late) continue;
    dropped.push_back(session);
    records += new_rows_[session];
  }
  LT_RETURN_IF_ERROR(forget(dropped));
  return records;
}

// A number that was given again may stand here twice.
std::vector<uint32_t> SessionTable::touched() const {
  std::vector<uint32_t> sessions;
  for (const uint32_t session : touched_) {
    if ((flags_[session] & (kLive | kTouched)) == (kLive | kTouched)) sessions.push_back(session);
  }
  std::sort(sessions.begin(), sessions.end());
  sessions.erase(std::unique(sessions.begin(), sessions.end()), sessions.end());
  return sessions;
}

std::vector<uint32_t> SessionTable::all_sessions() const {
  std::vector<uint32_t> sessions;
  for (size_t session = 0; session < static_cast<size_t>(merge_->numbers()); ++session) {
    if ((flags_[session] & kLive) != 0) sessions.push_back(static_cast<uint32_t>(session));
  }
  return sessions;
}

std::vector<uint32_t> SessionTable::ended(int64_t moment) {
  std::vector<uint32_t> sessions = all_sessions();
  if (moment != kNever) std::erase_if(sessions, [&](uint32_t session) { return (*merge_)[session].end > moment; });
  return sessions;
}

Status SessionTable::forget(std::span<const uint32_t> sessions) {
  std::vector<int64_t> starts;
  std::vector<uint32_t> keys;
  for (const uint32_t session : sessions) {
    if ((flags_[session] & kSaved) != 0) {
      starts.push_back((*merge_)[session].start);
      keys.push_back((*merge_)[session].key);
    }
    flags_[session] &= kListed;
  }
  LT_RETURN_IF_ERROR(saved_key_goes(starts, keys));
  states_.clear(sessions);
  merge_->erase(sessions);
  return {};
}

void SessionTable::end_epoch() {
  for (const uint32_t session : touched_) flags_[session] &= static_cast<uint8_t>(~(kTouched | kNew));
  touched_.clear();
  withdrawn_.clear();
}

void SessionTable::set_shown(std::span<const uint32_t> sessions) {
  for (const uint32_t session : sessions) flags_[session] |= kShown;
}

Status SessionTable::settle() {
  if (!restored_) return {};
  const std::unique_ptr<RestoredRows> restored = std::move(restored_);
  LT_ASSIGN_OR_RETURN(const std::vector<state::Rows> batches, restored->take());
  for (const state::Rows& rows : batches) {
    if (!rows) continue;
    LT_RETURN_IF_ERROR(place(*rows));
    for (const uint32_t session : placed_) flags_[session] = kLive | kShown | kSaved;
    LT_RETURN_IF_ERROR(states_.merge(std::span(rows->columns()).subspan(static_cast<size_t>(keys_) + 1), placed_));
  }
  return {};
}

int64_t SessionTable::bytes() const {
  return merge_->bytes() + gone_->bytes() + states_.bytes() + flags_.bytes() + new_rows_.bytes() + (restored_ ? restored_->bytes() : 0) +
         static_cast<int64_t>((touched_.capacity() + dirty_.capacity()) * sizeof(uint32_t));
}

Result<state::Rows> SessionTable::rows_of(std::span<const uint32_t> sessions) const {
  std::vector<int64_t> starts, ends;
  for (const uint32_t session : sessions) {
    starts.push_back((*merge_)[session].start);
    ends.push_back((*merge_)[session].end);
  }
  Columns columns(1);
  LT_ASSIGN_OR_RETURN(columns[0], moment_column(schema_->field(0)->type(), starts, memory_));
  LT_ASSIGN_OR_RETURN(Columns keys, merge_->keys(sessions, memory_));
  for (auto& key : keys) columns.push_back(std::move(key));
  LT_ASSIGN_OR_RETURN(auto end_column, moment_column(schema_->field(0)->type(), ends, memory_));
  columns.push_back(std::move(end_column));
  LT_ASSIGN_OR_RETURN(Columns states, states_.partial(sessions));
  for (auto& state : states) columns.push_back(std::move(state));
  return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(sessions.size()), std::move(columns));
}

Result<state::Rows> SessionTable::changed() {
  LT_RETURN_IF_ERROR(settle());
  std::vector<uint32_t> some;
  for (; changed_at_ < dirty_.size() && some.size() < kRowsAtOnce; ++changed_at_) {
    if ((flags_[dirty_[changed_at_]] & kDirty) != 0) some.push_back(dirty_[changed_at_]);
  }
  if (!some.empty()) {
    LT_ASSIGN_OR_RETURN(state::Rows rows, rows_of(some));
    // A start and key that was gone and is back is not gone.
    std::vector<uint32_t> numbers;
    gone_->find(std::span(rows->columns()).first(static_cast<size_t>(keys_)), rows->num_rows(), numbers);
    std::erase(numbers, KeyIndex::kNone);
    gone_->erase(numbers);
    return rows;
  }
  for (const uint32_t session : dirty_) {
    if ((flags_[session] & kDirty) != 0) flags_[session] |= kSaved;
    flags_[session] &= static_cast<uint8_t>(~(kDirty | kListed));
  }
  dirty_.clear();
  changed_at_ = 0;
  return state::Rows();
}

Result<state::Rows> SessionTable::removed() {
  if (removed_at_ == 0) {
    removing_ = gone_->numbers_in_use();
    gone_->sort(removing_);
  }
  if (removed_at_ < removing_.size()) {
    const auto some = std::span(removing_).subspan(removed_at_, std::min(kRowsAtOnce, removing_.size() - removed_at_));
    LT_ASSIGN_OR_RETURN(Columns keys, gone_->keys(some, memory_));
    removed_at_ += some.size();
    return arrow::RecordBatch::Make(key_schema_, static_cast<int64_t>(some.size()), std::move(keys));
  }
  gone_->clear();
  removing_.clear();
  removed_at_ = 0;
  return state::Rows();
}

Result<state::Rows> SessionTable::all() {
  LT_RETURN_IF_ERROR(settle());
  std::vector<uint32_t> some;
  for (; all_at_ < static_cast<size_t>(merge_->numbers()) && some.size() < kRowsAtOnce; ++all_at_) {
    if ((flags_[all_at_] & kLive) != 0) some.push_back(static_cast<uint32_t>(all_at_));
  }
  if (!some.empty()) return rows_of(some);
  for (size_t session = 0; session < static_cast<size_t>(merge_->numbers()); ++session) {
    if ((flags_[session] & kLive) != 0) flags_[session] |= kSaved;
    flags_[session] &= static_cast<uint8_t>(~(kDirty | kListed));
  }
  dirty_.clear();
  gone_->clear();
  all_at_ = changed_at_ = removed_at_ = 0;
  return state::Rows();
}

Status SessionTable::restore(const state::Rows& rows) { return restored_->add(rows); }

Status SessionTable::restore_removed(const state::Rows& keys) { return restored_->remove(keys); }

}  // namespace laketide
