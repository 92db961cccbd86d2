#include "operators/sliding_merge.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <arrow/array/array_base.h>

namespace laketide {
namespace {

constexpr int64_t kLongAgo = std::numeric_limits<int64_t>::min();
enum Part : size_t { kFront, kBack, kWindow };

std::vector<uint32_t> numbers(uint32_t first, size_t count) {
  std::vector<uint32_t> all(count);
  std::iota(all.begin(), all.end(), first);
  return all;
}

}  // namespace

SlidingMerge::SlidingMerge(const Windows& windows, const Panes& panes, const GroupStates& pane_states, std::vector<bool> only, arrow::MemoryPool* memory)
    : windows_(windows), panes_(panes), pane_states_(pane_states), only_(std::move(only)), memory_(memory) {}

Status SlidingMerge::prepare(const std::vector<AggregateCall>& calls, int64_t keys) {
  for (const Part part : {kFront, kBack, kWindow}) {
    (void)part;
    LT_ASSIGN_OR_RETURN(GroupStates states, GroupStates::make(calls, memory_));
    states_.push_back(std::move(states));
  }
  return resize(keys);
}

Status SlidingMerge::resize(int64_t keys) {
  place_.resize(static_cast<size_t>(keys), 0);
  in_back_.resize(static_cast<size_t>(keys), false);
  return states_[kBack].resize(keys);
}

void SlidingMerge::changed(int64_t pane) {
  if (pane < back_end_) border_ = kLongAgo;
}

Status SlidingMerge::add_to_back(const std::vector<uint32_t>& groups) {
  std::vector<uint32_t> taken, keys;
  for (const uint32_t group : groups) {
    const uint32_t key = panes_.key_of[group];
    if (!only_.empty() && !only_[key]) continue;
    taken.push_back(group);
    keys.push_back(key);
    if (!in_back_[key]) back_keys_.push_back(key);
    in_back_[key] = true;
  }
  if (taken.empty()) return {};
  LT_ASSIGN_OR_RETURN(const Columns states, pane_states_.partial(taken));
  return states_[kBack].merge(states, keys);
}

void SlidingMerge::empty_back() {
  states_[kBack].clear(back_keys_);
  for (const uint32_t key : back_keys_) in_back_[key] = false;
  back_keys_.clear();
}

Status SlidingMerge::keep_suffix(int64_t pane) {
  Suffix& suffix = suffixes_[pane];
  suffix.keys = back_keys_;
  suffix.first = front_count_;
  front_count_ += static_cast<uint32_t>(suffix.keys.size());
  LT_RETURN_IF_ERROR(states_[kFront].resize(front_count_));
  LT_ASSIGN_OR_RETURN(const Columns states, states_[kBack].partial(suffix.keys));
  return states_[kFront].merge(states, numbers(suffix.first, suffix.keys.size()));
}

Status SlidingMerge::turn(int64_t start, int64_t end) {
  states_[kFront].clear(numbers(0, front_count_));
  suffixes_.clear();
  front_count_ = 0;
  empty_back();
  const auto first = panes_.groups.lower_bound(start);
  for (auto pane = panes_.groups.lower_bound(end); pane != first;) {
    --pane;
    LT_RETURN_IF_ERROR(add_to_back(pane->second));
    // Only where a window begins between the pane before and this one will a suffix be asked for.
    if (pane == first || windows_.last_start(pane->first) > std::prev(pane)->first) LT_RETURN_IF_ERROR(keep_suffix(pane->first));
  }
  empty_back();
  border_ = back_end_ = end;
  return {};
}

Result<std::vector<uint32_t>> SlidingMerge::move_to(int64_t start) {
  const int64_t end = windows_.end_of(start);
  if (border_ == kLongAgo || start >= border_) {
    LT_RETURN_IF_ERROR(turn(start, end));
  } else {
    for (auto pane = panes_.groups.lower_bound(back_end_); pane != panes_.groups.end() && pane->first < end; ++pane) LT_RETURN_IF_ERROR(add_to_back(pane->second));
    back_end_ = std::max(back_end_, end);
  }
  for (const uint32_t key : marked_) place_[key] = 0;
  marked_.clear();
  std::vector<uint32_t> keys = back_keys_;
  const auto suffix = suffixes_.lower_bound(start);
  if (suffix == suffixes_.end()) return keys;
  marked_ = suffix->second.keys;
  for (size_t i = 0; i < marked_.size(); ++i) {
    place_[marked_[i]] = suffix->second.first + static_cast<uint32_t>(i) + 1;
    if (!in_back_[marked_[i]]) keys.push_back(marked_[i]);
  }
  return keys;
}

Result<Columns> SlidingMerge::finish(std::span<const uint32_t> keys) {
  std::vector<uint32_t> front, front_to, back, back_to;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (place_[keys[i]] != 0) {
      front.push_back(place_[keys[i]] - 1);
      front_to.push_back(static_cast<uint32_t>(i));
    }
    if (in_back_[keys[i]]) {
      back.push_back(keys[i]);
      back_to.push_back(static_cast<uint32_t>(i));
    }
  }
  if (back.empty()) return states_[kFront].finish(front);
  if (front.empty()) return states_[kBack].finish(back);
  const std::vector<uint32_t> all = numbers(0, keys.size());
  LT_RETURN_IF_ERROR(states_[kWindow].resize(static_cast<int64_t>(keys.size())));
  LT_ASSIGN_OR_RETURN(const Columns front_states, states_[kFront].partial(front));
  LT_RETURN_IF_ERROR(states_[kWindow].merge(front_states, front_to));
  LT_ASSIGN_OR_RETURN(const Columns back_states, states_[kBack].partial(back));
  LT_RETURN_IF_ERROR(states_[kWindow].merge(back_states, back_to));
  LT_ASSIGN_OR_RETURN(Columns results, states_[kWindow].finish(all));
  states_[kWindow].clear(all);
  return results;
}

}  // namespace laketide
