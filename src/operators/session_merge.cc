#include "operators/session_merge.h"

#include <algorithm>

#include <arrow/array/array_base.h>

namespace laketide {

Result<std::unique_ptr<SessionMerge>> SessionMerge::make(const arrow::Schema& keys, arrow::MemoryPool* memory) {
  LT_ASSIGN_OR_RETURN(auto index, KeyIndex::make(keys, memory));
  return std::unique_ptr<SessionMerge>(new SessionMerge(std::move(index), memory));
}

Status SessionMerge::add(std::span<const std::shared_ptr<arrow::Array>> keys, std::span<const int64_t> starts, std::span<const int64_t> ends,
                         std::vector<uint32_t>& sessions) {
  for (const Move& move : moves_) {
    if (move.into == move.session) continue;
    into_[move.session] = 0;
    free_.push_back(move.session);
  }
  moves_.clear();
  added_.clear();
  LT_RETURN_IF_ERROR(keys_->find_or_add(keys, static_cast<int64_t>(starts.size()), key_numbers_));
  LT_RETURN_IF_ERROR(near_.reserve(keys_->numbers()));
  for (const uint32_t key : keys_->added()) near_[key] = 0;
  sessions.resize(starts.size());
  for (size_t row = 0; row < starts.size(); ++row) {
    LT_ASSIGN_OR_RETURN(sessions[row], place(key_numbers_[row], starts[row], ends[row]));
  }
  if (moves_.empty()) return {};
  for (uint32_t& session : sessions) session = root(session);
  return {};
}

uint32_t SessionMerge::root(uint32_t session) const {
  while (into_[session] != 0) session = into_[session] - 1;
  return session;
}

uint32_t SessionMerge::first_ending(uint32_t key, int64_t start, uint32_t& before) const {
  uint32_t at = near_[key];
  before = 0;
  if (at == 0) return 0;
  if (sessions_[at - 1].end < start) {
    while (at != 0 && sessions_[at - 1].end < start) {
      before = at;
      at = sessions_[at - 1].after;
    }
    return at;
  }
  for (before = sessions_[at - 1].before; before != 0 && sessions_[before - 1].end >= start; before = sessions_[at - 1].before) at = before;
  return at;
}

Result<uint32_t> SessionMerge::place(uint32_t key, int64_t start, int64_t end) {
  uint32_t before;
  const uint32_t found = first_ending(key, start, before);
  if (found == 0 || sessions_[found - 1].start > end) return made(key, before, found, start, end);
  Session& session = sessions_[found - 1];
  if (start < session.start) {
    moves_.push_back({found - 1, found - 1, session.start, session.end});
    session.start = start;
  }
  session.end = std::max(session.end, end);
  while (session.after != 0 && sessions_[session.after - 1].start <= session.end) {
    const uint32_t met = session.after - 1;
    moves_.push_back({met, found - 1, sessions_[met].start, sessions_[met].end});
    session.end = std::max(session.end, sessions_[met].end);
    unlink(met);
    into_[met] = found;
    --size_;
  }
  near_[key] = found;
  return found - 1;
}

Result<uint32_t> SessionMerge::made(uint32_t key, uint32_t before, uint32_t after, int64_t start, int64_t end) {
  const uint32_t number = free_.empty() ? static_cast<uint32_t>(numbers_) : free_.back();
  LT_RETURN_IF_ERROR(sessions_.reserve(int64_t{number} + 1));
  LT_RETURN_IF_ERROR(into_.reserve(int64_t{number} + 1));
  if (free_.empty()) {
    ++numbers_;
  } else {
    free_.pop_back();
  }
  sessions_[number] = {start, end, key, before, after};
  into_[number] = 0;
  if (before != 0) sessions_[before - 1].after = number + 1;
  if (after != 0) sessions_[after - 1].before = number + 1;
  near_[key] = number + 1;
  added_.push_back(number);
  ++size_;
  return number;
}

void SessionMerge::unlink(uint32_t session) {
  const Session& gone = sessions_[session];
  if (gone.before != 0) sessions_[gone.before - 1].after = gone.after;
  if (gone.after != 0) sessions_[gone.after - 1].before = gone.before;
  if (near_[gone.key] == session + 1) near_[gone.key] = gone.before != 0 ? gone.before : gone.after;
}

void SessionMerge::erase(std::span<const uint32_t> sessions) {
  std::vector<uint32_t> keys;
  for (const uint32_t session : sessions) {
    unlink(session);
    if (near_[sessions_[session].key] == 0) keys.push_back(sessions_[session].key);
    free_.push_back(session);
    --size_;
  }
  keys_->erase(keys);
}

void SessionMerge::clear() {
  keys_->clear();
  free_.clear();
  added_.clear();
  moves_.clear();
  size_ = numbers_ = 0;
}

Result<Columns> SessionMerge::keys(std::span<const uint32_t> sessions, arrow::MemoryPool* memory) const {
  std::vector<uint32_t> numbers;
  numbers.reserve(sessions.size());
  for (const uint32_t session : sessions) numbers.push_back(sessions_[session].key);
  return keys_->keys(numbers, memory);
}

void SessionMerge::sort(std::span<uint32_t> sessions) const {
  std::sort(sessions.begin(), sessions.end(), [&](uint32_t left, uint32_t right) {
    const Session &a = sessions_[left], &b = sessions_[right];
    return a.start != b.start ? a.start < b.start : keys_->less(a.key, b.key);
  });
}

int64_t SessionMerge::bytes() const { return keys_->bytes() + near_.bytes() + sessions_.bytes() + into_.bytes(); }

}  // namespace laketide
