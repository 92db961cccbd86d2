// Bytes of any length for each of many groups.
#pragma once

#include <cstdint>
#include <string_view>

#include <arrow/type_fwd.h>

#include "expr/paged.h"

namespace laketide::expr {

/// One string of bytes by number, empty at first, from a memory pool; up to 32 bytes, as of a window and a short name, take no allocation
/// of their own.
/// Confined to its task.
class ByteSlots {
 public:
  explicit ByteSlots(arrow::MemoryPool* memory) : memory_(memory), slots_(memory) {}
  ~ByteSlots();

  Status reserve(int64_t count) { return slots_.reserve(count); }
  /// Lives until the slot changes.
  std::string_view operator[](uint32_t i) const {
    const Slot& slot = slots_[i];
    return {reinterpret_cast<const char*>(slot.capacity == 0 ? slot.near : slot.far), slot.size};
  }
  Status assign(uint32_t i, std::string_view bytes);
  /// Fails `kUser` program_limit_exceeded above 2 GiB.
  Status append(uint32_t i, std::string_view bytes);
  /// In place; `size` is that of the slot.
  uint8_t* mutable_bytes(uint32_t i) { return slots_[i].capacity == 0 ? slots_[i].near : slots_[i].far; }
  void clear(uint32_t i);
  int64_t bytes() const { return slots_.bytes() + far_bytes_; }

 private:
  static constexpr uint32_t kNear = 32;
  struct Slot {
    uint32_t size;
    uint32_t capacity;  // of `far`; 0: the bytes are in `near`
    union {
      uint8_t near[kNear];
      uint8_t* far;
    };
  };
  Status grow(Slot& slot, uint64_t size);

  arrow::MemoryPool* const memory_;
  Paged<Slot> slots_;
  int64_t far_bytes_ = 0;
};

}  // namespace laketide::expr
