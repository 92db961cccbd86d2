#include "expr/byte_slots.h"

#include <algorithm>
#include <cstring>

namespace laketide::expr {

ByteSlots::~ByteSlots() {
  for (int64_t i = 0; i < slots_.room(); ++i) clear(static_cast<uint32_t>(i));
}

Status ByteSlots::grow(Slot& slot, uint64_t size) {
  constexpr uint64_t kMax = uint64_t{1} << 31;
  const uint32_t had = slot.capacity == 0 ? kNear : slot.capacity;
  if (size <= had) return {};
  if (size > kMax) return Status::user("program_limit_exceeded", "one group of an aggregate holds more than 2 GiB; aggregate less at a time, with a window or more keys");
  const auto capacity = static_cast<uint32_t>(std::min(kMax, std::max<uint64_t>({size, had + had / 2, 64})));
  uint8_t* far = slot.capacity == 0 ? nullptr : slot.far;
  const arrow::Status status = far == nullptr ? memory_->Allocate(capacity, &far) : memory_->Reallocate(had, capacity, &far);
  if (!status.ok()) return memory_status(status);
  if (slot.capacity == 0) std::memcpy(far, slot.near, slot.size);
  far_bytes_ += capacity - slot.capacity;
  slot.far = far;
  slot.capacity = capacity;
  return {};
}

Status ByteSlots::assign(uint32_t i, std::string_view bytes) {
  Slot& slot = slots_[i];
  LT_RETURN_IF_ERROR(grow(slot, bytes.size()));
  if (!bytes.empty()) std::memmove(mutable_bytes(i), bytes.data(), bytes.size());
  slot.size = static_cast<uint32_t>(bytes.size());
  return {};
}

Status ByteSlots::append(uint32_t i, std::string_view bytes) {
  Slot& slot = slots_[i];
  LT_RETURN_IF_ERROR(grow(slot, slot.size + uint64_t{bytes.size()}));
  if (!bytes.empty()) std::memcpy(mutable_bytes(i) + slot.size, bytes.data(), bytes.size());
  slot.size += static_cast<uint32_t>(bytes.size());
  return {};
}

void ByteSlots::clear(uint32_t i) {
  Slot& slot = slots_[i];
  if (slot.capacity != 0) {
    memory_->Free(slot.far, slot.capacity);
    far_bytes_ -= slot.capacity;
  }
  slot = Slot{};
}

}  // namespace laketide::expr
