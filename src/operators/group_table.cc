#include "operators/group_table.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"

namespace laketide {
namespace {

std::span<const std::shared_ptr<arrow::Array>> key_columns_of(const arrow::RecordBatch& rows, int count) {
  return std::span(rows.columns()).first(static_cast<size_t>(count));
}

}  // namespace

GroupTable::GroupTable(GroupTableOptions options, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone, GroupStates states, arrow::MemoryPool* memory)
    : SavedGroups(first_fields(*options.partial, options.partial->num_fields() - 1), options.keys, std::move(gone), memory),
      options_(std::move(options)),
      index_(std::move(index)),
      states_(std::move(states)),
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
  LT_RETURN_IF_ERROR(reserve_flags());
  LT_RETURN_IF_ERROR(ends_.reserve(numbers));
  LT_RETURN_IF_ERROR(new_rows_.reserve(numbers));
  return states_.resize(numbers);
}

// Gives the groups that find_or_add just added their beginnings.
void GroupTable::began(const arrow::RecordBatch& rows) {
  const arrow::Array* ends = options_.end_key < 0 ? nullptr : rows.column(options_.end_key).get();
  for (const uint32_t group : index_->added()) {
    enter(group);
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
  LT_RETURN_IF_ERROR(groups_of(*arrow::RecordBatch::Make(key_schema(), 1, Columns())));
  touch(groups_[0]);
  return {};
}

Result<int64_t> GroupTable::drop_late(int64_t late) {
  std::vector<uint32_t> dropped;
  int64_t records = 0;
  for (const uint32_t group : touched()) {
    if (!is_new(group) || ends_[group] > late) continue;
    dropped.push_back(group);
    records += new_rows_[group];
  }
  LT_RETURN_IF_ERROR(forget(dropped));
  return records;
}

// Looks through all groups, a nanosecond each, and only when one of them ends: an order of ends would cost more than it saves.
std::vector<uint32_t> GroupTable::ended(int64_t moment) {
  if (moment == kNever) return all_groups();
  std::vector<uint32_t> groups;
  if (first_end_ > moment) return groups;
  first_end_ = kNever;
  for (uint32_t group = 0; group < static_cast<uint32_t>(index_->numbers()); ++group) {
    if (!has(group, kLive)) continue;
    if (ends_[group] <= moment) {
      groups.push_back(group);
    } else {
      first_end_ = std::min(first_end_, ends_[group]);
    }
  }
  return groups;
}

Status GroupTable::forget(std::span<const uint32_t> groups) {
  std::vector<uint32_t> saved;
  for (const uint32_t group : groups) {
    if (has(group, kSaved)) saved.push_back(group);
    leave(group);
  }
  for (size_t at = 0; at < saved.size(); at += kRowsAtOnce) {
    const auto some = std::span(saved).subspan(at, std::min(kRowsAtOnce, saved.size() - at));
    LT_ASSIGN_OR_RETURN(const Columns keys, index_->keys(some, memory_));
    LT_RETURN_IF_ERROR(saved_keys_go(keys, some.size()));
  }
  states_.clear(groups);
  index_->erase(groups);
  return {};
}

int64_t GroupTable::bytes() const { return own_bytes() + index_->bytes() + states_.bytes() + ends_.bytes() + new_rows_.bytes(); }

Result<state::Rows> GroupTable::rows_of(std::span<const uint32_t> groups) const {
  LT_ASSIGN_OR_RETURN(Columns columns, index_->keys(groups, memory_));
  LT_ASSIGN_OR_RETURN(Columns states, states_.partial(groups));
  for (auto& column : states) columns.push_back(std::move(column));
  return arrow::RecordBatch::Make(schema(), static_cast<int64_t>(groups.size()), std::move(columns));
}

Status GroupTable::restore(const state::Rows& rows) {
  LT_RETURN_IF_ERROR(groups_of(*rows));
  std::vector<uint32_t> known;
  for (const uint32_t group : groups_) {
    if (!is_new(group)) known.push_back(group);
  }
  states_.clear(known);
  for (const uint32_t group : groups_) put_back(group);
  return states_.merge(std::span(rows->columns()).subspan(static_cast<size_t>(options_.keys)), groups_);
}

Status GroupTable::restore_removed(const state::Rows& keys) {
  std::vector<uint32_t> groups;
  index_->find(key_columns_of(*keys, options_.keys), keys->num_rows(), groups);
  std::erase(groups, KeyIndex::kNone);
  for (const uint32_t group : groups) leave(group);
  states_.clear(groups);
  index_->erase(groups);
  return {};
}

}  // namespace laketide
