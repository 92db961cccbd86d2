#include "operators/group_table.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"

namespace laketide {
namespace {

constexpr size_t kRowsAtOnce = 8192;

Schema first_fields(const arrow::Schema& schema, int count) {
  return arrow::schema(arrow::FieldVector(schema.fields().begin(), schema.fields().begin() + count));
}

std::span<const std::shared_ptr<arrow::Array>> key_columns_of(const arrow::RecordBatch& rows, int count) {
  return std::span(rows.columns()).first(static_cast<size_t>(count));
}

}  // namespace

GroupTable::GroupTable(GroupTableOptions options, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone, GroupStates states, arrow::MemoryPool* memory)
    : options_(std::move(options)),
      schema_(first_fields(*options_.partial, options_.partial->num_fields() - 1)),
      key_schema_(first_fields(*options_.partial, options_.keys)),
      memory_(memory),
      index_(std::move(index)),
      gone_(std::move(gone)),
      states_(std::move(states)),
      flags_(memory),
      ends_(memory),
      new_rows_(memory) {}

Result<std::unique_ptr<GroupTable>> GroupTable::make(GroupTableOptions options, arrow::MemoryPool* memory) {
  const Schema keys = first_fields(*options.partial, options.keys);
  LT_ASSIGN_OR_RETURN(auto index, KeyIndex::make(*keys, memory));
  LT_ASSIGN_OR_RETURN(auto gone, KeyIndex::make(*keys, memory));
  LT_ASSIGN_OR_RETURN(GroupStates states, GroupStates::make(options.calls, memory));
  return std::unique_ptr<GroupTable>(new GroupTable(std::move(options), std::move(index), std::move(gone), std::move(states), memory));
}

Status GroupTable::reserve() {
  const int64_t numbers = index_->numbers();
  LT_RETURN_IF_ERROR(flags_.reserve(numbers));
  LT_RETURN_IF_ERROR(ends_.reserve(numbers));
  LT_RETURN_IF_ERROR(new_rows_.reserve(numbers));
  return states_.resize(numbers);
}

void GroupTable::touch(uint32_t group) {
  uint8_t& flags = flags_[group];
  if ((flags & kTouched) == 0) touched_.push_back(group);
  if ((flags & kListed) == 0) dirty_.push_back(group);
  flags |= kTouched | kDirty | kListed;
}

// Gives the groups that find_or_add just added their beginnings.
void GroupTable::began(const arrow::RecordBatch& rows) {
  const arrow::Array* ends = options_.end_key < 0 ? nullptr : rows.column(options_.end_key).get();
  for (const uint32_t group : index_->added()) {
    flags_[group] = static_cast<uint8_t>((flags_[group] & kListed) | kLive | kNew);
    ends_[group] = kNever;
    new_rows_[group] = 0;
  }
  if (ends == nullptr || index_->added().empty()) return;
  const expr::Values<int64_t> values(*ends);
  for (size_t row = 0; row < groups_.size(); ++row) {
    if (ends_[groups_[row]] != kNever || ends->IsNull(static_cast<int64_t>(row))) continue;
    const int64_t end = options_.end_of(values[static_cast<int64_t>(row)]);
    ends_[groups_[row]] = end;
    first_end_ = std::min(first_end_, end);
  }
}

Status GroupTable::groups_of(const arrow::RecordBatch& rows) {
  LT_RETURN_IF_ERROR(index_->find_or_add(key_columns_of(rows, options_.keys), rows.num_rows(), groups_));
  LT_RETURN_IF_ERROR(reserve());
  began(rows);
  return {};
}

Status GroupTable::add(const arrow::RecordBatch& partial) {
  LT_RETURN_IF_ERROR(groups_of(partial));
  const expr::Values<int64_t> counts(*partial.column(partial.num_columns() - 1));
  for (size_t row = 0; row < groups_.size(); ++row) {
    touch(groups_[row]);
    new_rows_[groups_[row]] += static_cast<uint32_t>(counts[static_cast<int64_t>(row)]);
  }
  const size_t states = static_cast<size_t>(partial.num_columns()) - 1 - static_cast<size_t>(options_.keys);
  return states_.merge(std::span(partial.columns()).subspan(static_cast<size_t>(options_.keys), states), groups_);
}

Status GroupTable::add_global() {
  if (index_->size() > 0) return {};
  LT_RETURN_IF_ERROR(groups_of(*arrow::RecordBatch::Make(key_schema_, 1, Columns())));
  touch(groups_[0]);
  return {};
}

Result<int64_t> GroupTable::drop_late(int64_t late) {
  std::vector<uint32_t> dropped;
  int64_t records = 0;
  for (const uint32_t group : touched()) {
    if ((flags_[group] & kNew) == 0 || ends_[group] > late) continue;
    dropped.push_back(group);
    records += new_rows_[group];
  }
  LT_RETURN_IF_ERROR(forget(dropped));
  return records;
}

std::vector<uint32_t> GroupTable::touched() const {
  std::vector<uint32_t> groups;
  groups.reserve(touched_.size());
  for (const uint32_t group : touched_) {
    if ((flags_[group] & kLive) != 0) groups.push_back(group);
  }
  return groups;
}

std::vector<uint32_t> GroupTable::all_groups() const {
  std::vector<uint32_t> groups;
  groups.reserve(static_cast<size_t>(index_->size()));
  for (int64_t group = 0; group < index_->numbers(); ++group) {
    if ((flags_[static_cast<size_t>(group)] & kLive) != 0) groups.push_back(static_cast<uint32_t>(group));
  }
  return groups;
}

// Looks through all groups, a nanosecond each, and only when one of them ends: an order of ends would cost more than it saves.
std::vector<uint32_t> GroupTable::ended(int64_t moment) {
  if (moment == kNever) return all_groups();
  std::vector<uint32_t> groups;
  if (first_end_ > moment) return groups;
  first_end_ = kNever;
  for (size_t group = 0; group < static_cast<size_t>(index_->numbers()); ++group) {
    if ((flags_[group] & kLive) == 0) continue;
    if (ends_[group] <= moment) {
      groups.push_back(static_cast<uint32_t>(group));
    } else {
      first_end_ = std::min(first_end_, ends_[group]);
    }
  }
  return groups;
}

Status GroupTable::forget(std::span<const uint32_t> groups) {
  std::vector<uint32_t> saved;
  for (const uint32_t group : groups) {
    if ((flags_[group] & kSaved) != 0) saved.push_back(group);
    flags_[group] &= kListed;
  }
  for (size_t at = 0; at < saved.size(); at += kRowsAtOnce) {
    const auto some = std::span(saved).subspan(at, std::min(kRowsAtOnce, saved.size() - at));
    LT_ASSIGN_OR_RETURN(const Columns keys, index_->keys(some, memory_));
    std::vector<uint32_t> numbers;
    LT_RETURN_IF_ERROR(gone_->find_or_add(keys, static_cast<int64_t>(some.size()), numbers));
  }
  states_.clear(groups);
  index_->erase(groups);
  return {};
}

void GroupTable::end_epoch() {
  for (const uint32_t group : touched_) flags_[group] &= static_cast<uint8_t>(~(kTouched | kNew));
  touched_.clear();
}

void GroupTable::set_shown(std::span<const uint32_t> groups) {
  for (const uint32_t group : groups) flags_[group] |= kShown;
}

int64_t GroupTable::bytes() const {
  return index_->bytes() + gone_->bytes() + states_.bytes() + flags_.bytes() + ends_.bytes() + new_rows_.bytes() +
         static_cast<int64_t>((touched_.capacity() + dirty_.capacity()) * sizeof(uint32_t));
}

Result<state::Rows> GroupTable::rows_of(std::span<const uint32_t> groups) const {
  LT_ASSIGN_OR_RETURN(Columns columns, index_->keys(groups, memory_));
  LT_ASSIGN_OR_RETURN(Columns states, states_.partial(groups));
  for (auto& column : states) columns.push_back(std::move(column));
  return arrow::RecordBatch::Make(schema_, static_cast<int64_t>(groups.size()), std::move(columns));
}

// A key that was forgotten and is back is not gone.
Status GroupTable::not_gone(const arrow::RecordBatch& rows) {
  if (gone_->size() == 0) return {};
  std::vector<uint32_t> numbers;
  gone_->find(key_columns_of(rows, options_.keys), rows.num_rows(), numbers);
  std::erase(numbers, KeyIndex::kNone);
  gone_->erase(numbers);
  return {};
}

Result<state::Rows> GroupTable::changed() {
  std::vector<uint32_t> some;
  for (; changed_at_ < dirty_.size() && some.size() < kRowsAtOnce; ++changed_at_) {
    if ((flags_[dirty_[changed_at_]] & kDirty) != 0) some.push_back(dirty_[changed_at_]);
  }
  if (!some.empty()) {
    LT_ASSIGN_OR_RETURN(state::Rows rows, rows_of(some));
    LT_RETURN_IF_ERROR(not_gone(*rows));
    return rows;
  }
  for (const uint32_t group : dirty_) {
    if ((flags_[group] & kDirty) != 0) flags_[group] |= kSaved;
    flags_[group] &= static_cast<uint8_t>(~(kDirty | kListed));
  }
  dirty_.clear();
  changed_at_ = 0;
  return state::Rows();
}

Result<state::Rows> GroupTable::removed() {
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

Result<state::Rows> GroupTable::all() {
  std::vector<uint32_t> some;
  for (; all_at_ < static_cast<size_t>(index_->numbers()) && some.size() < kRowsAtOnce; ++all_at_) {
    if ((flags_[all_at_] & kLive) != 0) some.push_back(static_cast<uint32_t>(all_at_));
  }
  if (!some.empty()) return rows_of(some);
  for (size_t group = 0; group < static_cast<size_t>(index_->numbers()); ++group) {
    if ((flags_[group] & kLive) != 0) flags_[group] |= kSaved;
    flags_[group] &= static_cast<uint8_t>(~(kDirty | kListed));
  }
  dirty_.clear();
  gone_->clear();
  all_at_ = changed_at_ = removed_at_ = 0;
  return state::Rows();
}

Status GroupTable::restore(const state::Rows& rows) {
  LT_RETURN_IF_ERROR(groups_of(*rows));
  std::vector<uint32_t> known;
  for (const uint32_t group : groups_) {
    if ((flags_[group] & kNew) == 0) known.push_back(group);
  }
  states_.clear(known);
  for (const uint32_t group : groups_) flags_[group] = static_cast<uint8_t>((flags_[group] & kListed) | kLive | kShown | kSaved);
  return states_.merge(std::span(rows->columns()).subspan(static_cast<size_t>(options_.keys)), groups_);
}

Status GroupTable::restore_removed(const state::Rows& keys) {
  std::vector<uint32_t> groups;
  index_->find(key_columns_of(*keys, options_.keys), keys->num_rows(), groups);
  std::erase(groups, KeyIndex::kNone);
  for (const uint32_t group : groups) flags_[group] &= kListed;
  states_.clear(groups);
  index_->erase(groups);
  return {};
}

}  // namespace laketide
