// Groups by key: rows of key columns to dense numbers.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/byte_slots.h"
#include "expr/paged.h"
#include "operators/key_codec.h"

namespace laketide {

/// Gives every different key a number, from 0 without gaps; numbers of erased keys are given again. Open addressing over the hash of
/// the encoded row, 8 bytes a slot; keys stand apart from the slots, by number. Memory from the pool, so that the run's budget sees
/// it; methods fail only for lack of it. Caller synchronises.
class KeyIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  static Result<std::unique_ptr<KeyIndex>> make(const arrow::Schema& columns, arrow::MemoryPool* memory);
  ~KeyIndex();

  /// The number of each row's key; keys that are not there yet are added, and their numbers are in `added()` until the next call.
  Status find_or_add(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, std::vector<uint32_t>& groups);
  std::span<const uint32_t> added() const { return added_; }
  /// kNone where the key is not there.
  void find(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, std::vector<uint32_t>& groups);
  /// The same, with room of the caller's own: several threads may ask an index that does not change.
  void find(std::span<const std::shared_ptr<arrow::Array>> columns, int64_t rows, KeyRows& room, std::vector<uint32_t>& groups) const;
  /// These are there.
  void erase(std::span<const uint32_t> groups);
  /// Forgets every key and starts at 0 again; keeps its memory.
  void clear();

  Result<Columns> keys(std::span<const uint32_t> groups, arrow::MemoryPool* memory) const;
  /// By key: ascending, NULLS LAST.
  void sort(std::span<uint32_t> groups) const;
  bool less(uint32_t left, uint32_t right) const;

  int64_t size() const { return size_; }
  /// One more than the largest number given since it was made or cleared.
  int64_t numbers() const { return numbers_; }
  /// Of the keys that are there, in no order.
  std::vector<uint32_t> numbers_in_use() const;
  int64_t bytes() const;

 private:
  /// A hole where `number` is 0.
  struct Slot {
    uint32_t number;  // the group's + 1
    uint32_t hash;
  };

  KeyIndex(KeyCodec codec, arrow::MemoryPool* memory);
  Status resize_slots(uint64_t count);
  Status store_key(uint32_t group, std::string_view key);
  std::string_view key_at(uint32_t group, std::vector<uint64_t>& room) const;
  bool same_key(uint32_t group, std::string_view key) const;
  uint32_t hash_at(uint32_t group) const;
  /// The key's slot, or the hole where it would be.
  uint64_t slot_of(std::string_view key, uint32_t hash) const;
  Result<uint32_t> add(uint64_t slot, std::string_view key, uint32_t hash);
  void close_gap(uint64_t slot);

  const KeyCodec codec_;
  const size_t words_;  // of a key of fixed width
  arrow::MemoryPool* const memory_;
  Slot* slots_ = nullptr;
  uint64_t slot_count_ = 0;  // a power of two
  expr::Paged<uint64_t> fixed_keys_;
  expr::ByteSlots long_keys_;
  std::vector<uint32_t> free_, added_;
  int64_t size_ = 0, numbers_ = 0;
  KeyRows rows_;
  std::vector<uint32_t> hashes_;
};

}  // namespace laketide
