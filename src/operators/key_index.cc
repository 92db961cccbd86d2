#include "operators/key_index.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <arrow/memory_pool.h>

#include "expr/value_hash.h"
#include "flow/arrow_status.h"

namespace laketide {
namespace {

constexpr uint64_t kSlotsAtFirst = 64;
constexpr size_t kWord = sizeof(uint64_t);
constexpr int64_t kNumbersMax = int64_t{UINT32_MAX} - 1;

uint32_t hash_of(std::string_view key, bool fixed) {
  if (!fixed) return static_cast<uint32_t>(expr::hash_bytes(key));
  uint64_t hash = 0x9e3779b97f4a7c15U;
  for (size_t at = 0; at < key.size(); at += kWord) {
    uint64_t word;
    std::memcpy(&word, key.data() + at, kWord);
    hash = expr::mix(hash ^ word, 0xa0761d6478bd642fU);
  }
  return static_cast<uint32_t>(expr::mix(hash, 0xe7037ed1a0b428dbU));
}

}  // namespace

KeyIndex::KeyIndex(KeyCodec codec, arrow::MemoryPool* memory)
    : codec_(std::move(codec)), words_(codec_.width() / kWord), memory_(memory), fixed_keys_(memory), long_keys_(memory) {}

KeyIndex::~KeyIndex() {
  if (slots_ != nullptr) memory_->Free(reinterpret_cast<uint8_t*>(slots_), static_cast<int64_t>(slot_count_ * sizeof(Slot)));
}

Result<std::unique_ptr<KeyIndex>> KeyIndex::make(const arrow::Schema& columns, arrow::MemoryPool* memory) {
  LT_ASSIGN_OR_RETURN(KeyCodec codec, KeyCodec::make(columns));
  std::unique_ptr<KeyIndex> index(new KeyIndex(std::move(codec), memory));
  LT_RETURN_IF_ERROR(index->resize_slots(kSlotsAtFirst));
  return index;
}

Status KeyIndex::resize_slots(uint64_t count) {
  uint8_t* made = nullptr;
  const arrow::Status status = memory_->Allocate(static_cast<int64_t>(count * sizeof(Slot)), &made);
  if (!status.ok()) return from_arrow(status);
  std::memset(made, 0, count * sizeof(Slot));
  Slot* const old = std::exchange(slots_, reinterpret_cast<Slot*>(made));
  const uint64_t old_count = std::exchange(slot_count_, count);
  for (uint64_t i = 0; i < old_count; ++i) {
    if (old[i].number == 0) continue;
    uint64_t to = old[i].hash & (count - 1);
    while (slots_[to].number != 0) to = (to + 1) & (count - 1);
    slots_[to] = old[i];
  }
  if (old != nullptr) memory_->Free(reinterpret_cast<uint8_t*>(old), static_cast<int64_t>(old_count * sizeof(Slot)));
  return {};
}

Status KeyIndex::store_key(uint32_t group, std::string_view key) {
  if (!codec_.fixed()) {
    LT_RETURN_IF_ERROR(long_keys_.reserve(int64_t{group} + 1));
    return long_keys_.assign(group, key);
  }
  LT_RETURN_IF_ERROR(fixed_keys_.reserve((int64_t{group} + 1) * static_cast<int64_t>(words_)));
  for (size_t word = 0; word < words_; ++word) std::memcpy(&fixed_keys_[group * words_ + word], key.data() + word * kWord, kWord);
  return {};
}

std::string_view KeyIndex::key_at(uint32_t group, std::vector<uint64_t>& room) const {
  if (!codec_.fixed()) return long_keys_[group];
  room.resize(words_);
  for (size_t word = 0; word < words_; ++word) room[word] = fixed_keys_[group * words_ + word];
  return {reinterpret_cast<const char*>(room.data()), words_ * kWord};
}

bool KeyIndex::same_key(uint32_t group, std::string_view key) const {
  if (!codec_.fixed()) return long_keys_[group] == key;
  for (size_t word = 0; word < words_; ++word) {
    uint64_t wanted;
    std::memcpy(&wanted, key.data() + word * kWord, kWord);
    if (fixed_keys_[group * words_ + word] != wanted) return false;
  }
  return true;
}

uint32_t KeyIndex::hash_at(uint32_t group) const {
  std::vector<uint64_t> room;
  return hash_of(key_at(group, room), codec_.fixed());
}

uint64_t KeyIndex::slot_of(std::string_view key, uint32_t hash) const {
  const uint64_t mask = slot_count_ - 1;
  uint64_t at = hash & mask;
  while (slots_[at].number != 0 && (slots_[at].hash != hash || !same_key(slots_[at].number - 1, key))) at = (at + 1) & mask;
  return at;
}

Result<uint32_t> KeyIndex::add(uint64_t slot, std::string_view key, uint32_t hash) {
  if (numbers_ >= kNumbersMax) return Status::user("memory_exceeded", "an operator holds more than 4 billion keys; use fewer, or windows that end");
  const uint32_t group = free_.empty() ? static_cast<uint32_t>(numbers_) : free_.back();
  LT_RETURN_IF_ERROR(store_key(group, key));
  if (free_.empty()) {
    ++numbers_;
  } else {
    free_.pop_back();
  }
  slots_[slot] = {group + 1, hash};
  ++size_;
  added_.push_back(group);
  if (static_cast<uint64_t>(size_) * 4 > slot_count_ * 3) LT_RETURN_IF_ERROR(resize_slots(slot_count_ * 2));
  return group;
}

Status KeyIndex::find_or_add(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, std::vector<uint32_t>& groups) {
  constexpr size_t kAhead = 8;
  const auto count = static_cast<size_t>(rows);
  codec_.encode(columns, rows, rows_);
  hashes_.resize(count);
  groups.resize(count);
  added_.clear();
  for (size_t row = 0; row < count; ++row) hashes_[row] = hash_of(rows_[row], codec_.fixed());
  for (size_t row = 0; row < count; ++row) {
    if (row + kAhead < count) __builtin_prefetch(&slots_[hashes_[row + kAhead] & (slot_count_ - 1)]);
    const std::string_view key = rows_[row];
    const uint64_t slot = slot_of(key, hashes_[row]);
    if (slots_[slot].number != 0) {
      groups[row] = slots_[slot].number - 1;
    } else {
      LT_ASSIGN_OR_RETURN(groups[row], add(slot, key, hashes_[row]));
    }
  }
  return {};
}

void KeyIndex::find(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, std::vector<uint32_t>& groups) {
  std::as_const(*this).find(columns, rows, rows_, groups);
}

void KeyIndex::find(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, KeyRows& room, std::vector<uint32_t>& groups) const {
  codec_.encode(columns, rows, room);
  groups.resize(static_cast<size_t>(rows));
  for (size_t row = 0; row < groups.size(); ++row) {
    const Slot slot = slots_[slot_of(room[row], hash_of(room[row], codec_.fixed()))];
    groups[row] = slot.number == 0 ? kNone : slot.number - 1;
  }
}

// Linear probing without tombstones: what stands behind the gap and may be nearer to its home moves into it.
void KeyIndex::close_gap(uint64_t slot) {
  const uint64_t mask = slot_count_ - 1;
  for (uint64_t next = (slot + 1) & mask; slots_[next].number != 0; next = (next + 1) & mask) {
    const uint64_t from_home = (next - slots_[next].hash) & mask;
    if (from_home < ((next - slot) & mask)) continue;
    slots_[slot] = slots_[next];
    slot = next;
  }
  slots_[slot] = {};
}

void KeyIndex::erase(std::span<const uint32_t> groups) {
  const uint64_t mask = slot_count_ - 1;
  for (const uint32_t group : groups) {
    uint64_t at = hash_at(group) & mask;
    while (slots_[at].number != group + 1) at = (at + 1) & mask;
    close_gap(at);
    if (!codec_.fixed()) long_keys_.clear(group);
    free_.push_back(group);
    --size_;
  }
}

void KeyIndex::clear() {
  std::memset(slots_, 0, slot_count_ * sizeof(Slot));
  if (!codec_.fixed()) {
    for (int64_t group = 0; group < numbers_; ++group) long_keys_.clear(static_cast<uint32_t>(group));
  }
  free_.clear();
  added_.clear();
  size_ = numbers_ = 0;
}

Result<Columns> KeyIndex::keys(std::span<const uint32_t> groups, arrow::MemoryPool* memory) const {
  std::vector<std::string_view> rows;
  std::vector<uint64_t> words(codec_.fixed() ? groups.size() * words_ : 0);
  rows.reserve(groups.size());
  for (size_t i = 0; i < groups.size(); ++i) {
    if (!codec_.fixed()) {
      rows.push_back(long_keys_[groups[i]]);
      continue;
    }
    for (size_t word = 0; word < words_; ++word) words[i * words_ + word] = fixed_keys_[groups[i] * words_ + word];
    rows.emplace_back(reinterpret_cast<const char*>(words.data() + i * words_), words_ * kWord);
  }
  return codec_.decode(rows, memory);
}

bool KeyIndex::less(uint32_t left, uint32_t right) const {
  if (!codec_.fixed()) return long_keys_[left] < long_keys_[right];
  for (size_t word = 0; word < words_; ++word) {
    const uint64_t a = fixed_keys_[left * words_ + word], b = fixed_keys_[right * words_ + word];
    if (a != b) return __builtin_bswap64(a) < __builtin_bswap64(b);
  }
  return false;
}

void KeyIndex::sort(std::span<uint32_t> groups) const {
  std::sort(groups.begin(), groups.end(), [&](uint32_t left, uint32_t right) { return less(left, right); });
}

std::vector<uint32_t> KeyIndex::numbers_in_use() const {
  std::vector<uint32_t> groups;
  groups.reserve(static_cast<size_t>(size_));
  for (uint64_t i = 0; i < slot_count_; ++i) {
    if (slots_[i].number != 0) groups.push_back(slots_[i].number - 1);
  }
  return groups;
}

int64_t KeyIndex::bytes() const {
  return static_cast<int64_t>(slot_count_ * sizeof(Slot)) + fixed_keys_.bytes() + long_keys_.bytes() +
         static_cast<int64_t>(free_.capacity() * sizeof(uint32_t));
}

}  // namespace laketide
