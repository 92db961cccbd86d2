#include "lake/key_index.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>

#include "lake/arrow_status.h"

namespace laketide::lake {
namespace {

constexpr const char* kDoing = "hold the keys of an epoch";
constexpr uint32_t kSlotsMin = 1024;

uint64_t hash_of(std::string_view key) { return std::hash<std::string_view>()(key); }

}  // namespace

// Open addressing with linear probing, at most half full; a slot holds a key's number.
struct KeyIndex::Tables {
  explicit Tables(arrow::MemoryPool* pool) : memory(pool), bytes(pool), ends(pool), hashes(pool) {}

  std::string_view key(uint32_t number) const {
    const int64_t from = number == 0 ? 0 : ends.data()[number - 1];
    return {reinterpret_cast<const char*>(bytes.data()) + from, static_cast<size_t>(ends.data()[number] - from)};
  }
  uint32_t* slot_array() const { return reinterpret_cast<uint32_t*>(slots->mutable_data()); }

  /// The slot of the key, or the empty one where it belongs.
  uint64_t slot_of(std::string_view wanted, uint64_t hash) const {
    const uint32_t* array = slot_array();
    for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
      const uint32_t number = array[at];
      if (number == kNone || (hashes.data()[number] == hash && key(number) == wanted)) return at;
    }
  }

  arrow::Status grow() {
    const uint64_t count = slots ? (mask + 1) * 2 : kSlotsMin;
    ARROW_ASSIGN_OR_RAISE(slots, arrow::AllocateBuffer(static_cast<int64_t>(count * sizeof(uint32_t)), memory));
    mask = count - 1;
    uint32_t* array = slot_array();
    std::fill(array, array + count, kNone);
    for (uint32_t number = 0; number < size; ++number) {
      uint64_t at = hashes.data()[number] & mask;
      while (array[at] != kNone) at = (at + 1) & mask;
      array[at] = number;
    }
    return arrow::Status::OK();
  }

  arrow::Status append(std::string_view key, uint64_t hash) {
    ARROW_RETURN_NOT_OK(bytes.Append(key.data(), static_cast<int64_t>(key.size())));
    ARROW_RETURN_NOT_OK(ends.Append(bytes.length()));
    ARROW_RETURN_NOT_OK(hashes.Append(hash));
    ++size;
    return arrow::Status::OK();
  }

  arrow::MemoryPool* memory;
  arrow::BufferBuilder bytes;
  arrow::TypedBufferBuilder<int64_t> ends;
  arrow::TypedBufferBuilder<uint64_t> hashes;
  std::unique_ptr<arrow::Buffer> slots;
  uint64_t mask = 0;
  uint32_t size = 0;
};

KeyIndex::KeyIndex(arrow::MemoryPool* memory) : tables_(std::make_unique<Tables>(memory ? memory : arrow::default_memory_pool())) {}
KeyIndex::~KeyIndex() = default;
KeyIndex::KeyIndex(KeyIndex&&) noexcept = default;
KeyIndex& KeyIndex::operator=(KeyIndex&&) noexcept = default;

Result<uint32_t> KeyIndex::number(std::string_view key, bool& is_new) {
  Tables& t = *tables_;
  if (!t.slots || t.size >= (t.mask + 1) / 2) LT_RETURN_IF_ERROR(from_arrow(t.grow(), kDoing));
  const uint64_t hash = hash_of(key);
  const uint64_t at = t.slot_of(key, hash);
  const uint32_t known = t.slot_array()[at];
  is_new = known == kNone;
  if (!is_new) return known;
  if (t.size == kNone - 1) return Status::user("memory_exceeded", "one epoch has more keys than can be numbered; make it shorter");
  LT_RETURN_IF_ERROR(from_arrow(t.append(key, hash), kDoing));
  t.slot_array()[at] = t.size - 1;
  return t.size - 1;
}

uint32_t KeyIndex::find(std::string_view key) const {
  const Tables& t = *tables_;
  return t.size == 0 ? kNone : t.slot_array()[t.slot_of(key, hash_of(key))];
}

uint32_t KeyIndex::size() const { return tables_->size; }
std::string_view KeyIndex::key(uint32_t number) const { return tables_->key(number); }

}  // namespace laketide::lake
