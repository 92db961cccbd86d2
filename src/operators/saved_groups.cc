#include "operators/saved_groups.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace laketide {

Schema first_fields(const arrow::Schema& schema, int count) {
  return arrow::schema(arrow::FieldVector(schema.fields().begin(), schema.fields().begin() + count));
}

SavedGroups::SavedGroups(Schema schema, int keys, std::unique_ptr<KeyIndex> gone, arrow::MemoryPool* memory)
    : memory_(memory), schema_(std::move(schema)), key_schema_(first_fields(*schema_, keys)), keys_(keys), gone_(std::move(gone)), flags_(memory) {}

void SavedGroups::touch(uint32_t group) {
  uint8_t& flags = flags_[group];
  if ((flags & kTouched) == 0) touched_.push_back(group);
  if ((flags & kListed) == 0) dirty_.push_back(group);
  flags |= kTouched | kDirty | kListed;
}

// A number that was given again in this epoch stands in the list twice.
std::vector<uint32_t> SavedGroups::touched() const {
  std::vector<uint32_t> groups;
  groups.reserve(touched_.size());
  for (const uint32_t group : touched_) {
    if (!has(group, kLive) || !has(group, kTouched)) continue;
    groups.push_back(group);
    flags_[group] &= static_cast<uint8_t>(~kTouched);
  }
  for (const uint32_t group : groups) flags_[group] |= kTouched;
  return groups;
}

std::vector<uint32_t> SavedGroups::all_groups() const {
  std::vector<uint32_t> groups;
  groups.reserve(static_cast<size_t>(rows()));
  for (int64_t group = 0; group < numbers(); ++group) {
    if (has(static_cast<uint32_t>(group), kLive)) groups.push_back(static_cast<uint32_t>(group));
  }
  return groups;
}

void SavedGroups::set_shown(std::span<const uint32_t> groups) {
  for (const uint32_t group : groups) flags_[group] |= kShown;
}

void SavedGroups::end_epoch() {
  for (const uint32_t group : touched_) unset(group, kTouched | kNew);
  touched_.clear();
}

Status SavedGroups::saved_keys_go(const Columns& keys, size_t rows) {
  std::vector<uint32_t> numbers;
  return gone_->find_or_add(keys, static_cast<int64_t>(rows), numbers);
}

int64_t SavedGroups::own_bytes() const {
  return gone_->bytes() + flags_.bytes() + static_cast<int64_t>((touched_.capacity() + dirty_.capacity()) * sizeof(uint32_t));
}

Result<state::Rows> SavedGroups::changed() {
  LT_RETURN_IF_ERROR(settle());
  std::vector<uint32_t> some;
  for (; changed_at_ < dirty_.size() && some.size() < kRowsAtOnce; ++changed_at_) {
    if (has(dirty_[changed_at_], kDirty)) some.push_back(dirty_[changed_at_]);
  }
  if (!some.empty()) {
    LT_ASSIGN_OR_RETURN(state::Rows rows, rows_of(some));
    // A key that was forgotten and is back is not gone.
    std::vector<uint32_t> numbers;
    gone_->find(std::span(rows->columns()).first(static_cast<size_t>(key_columns())), rows->num_rows(), numbers);
    std::erase(numbers, KeyIndex::kNone);
    gone_->erase(numbers);
    return rows;
  }
  for (const uint32_t group : dirty_) {
    if (has(group, kDirty)) flags_[group] |= kSaved;
    unset(group, kDirty | kListed);
  }
  dirty_.clear();
  changed_at_ = 0;
  return state::Rows();
}

Result<state::Rows> SavedGroups::removed() {
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

Result<state::Rows> SavedGroups::all() {
  LT_RETURN_IF_ERROR(settle());
  std::vector<uint32_t> some;
  for (; all_at_ < static_cast<size_t>(numbers()) && some.size() < kRowsAtOnce; ++all_at_) {
    if (has(static_cast<uint32_t>(all_at_), kLive)) some.push_back(static_cast<uint32_t>(all_at_));
  }
  if (!some.empty()) return rows_of(some);
  for (uint32_t group = 0; group < static_cast<uint32_t>(numbers()); ++group) {
    if (has(group, kLive)) flags_[group] |= kSaved;
    unset(group, kDirty | kListed);
  }
  dirty_.clear();
  gone_->clear();
  all_at_ = changed_at_ = removed_at_ = 0;
  return state::Rows();
}

}  // namespace laketide
