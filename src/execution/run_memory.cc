#include "execution/run_memory.h"

#include <arrow/status.h>

namespace laketide {

namespace {
std::string held(const MemoryBudget& budget) {
  return std::to_string(budget.bytes()) + " of " + std::to_string(budget.bytes_max()) + " bytes are held";
}
}  // namespace

RunMemory::~RunMemory() { budget_->give_back(bytes_ + reserved_); }

Status RunMemory::reserve(int64_t bytes, const char* what) {
  if (!budget_->try_take(bytes)) {
    return Status::user("memory_exceeded", std::string("the pool has no room for ") + what +
                                               "; raise engine.memory or the pool's memory, or lower lanes: " + std::to_string(bytes) + " bytes, " + held(*budget_));
  }
  reserved_.fetch_add(bytes, std::memory_order_relaxed);
  return {};
}

void RunMemory::release() { budget_->give_back(reserved_.exchange(0)); }

arrow::Status RunMemory::refused(int64_t bytes) const {
  return arrow::Status::OutOfMemory(std::to_string(bytes), " bytes more, ", held(*budget_));
}

arrow::Status RunMemory::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (!budget_->try_take(size)) return refused(size);
  const arrow::Status done = below_->Allocate(size, alignment, out);
  if (!done.ok()) {
    budget_->give_back(size);
    return done;
  }
  bytes_.fetch_add(size, std::memory_order_relaxed);
  total_.fetch_add(size, std::memory_order_relaxed);
  count_.fetch_add(1, std::memory_order_relaxed);
  return done;
}

arrow::Status RunMemory::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) {
  const int64_t more = new_size - old_size;
  if (more > 0 && !budget_->try_take(more)) return refused(more);
  const arrow::Status done = below_->Reallocate(old_size, new_size, alignment, ptr);
  if (done.ok()) bytes_.fetch_add(more, std::memory_order_relaxed);
  if (done.ok() && more > 0) total_.fetch_add(more, std::memory_order_relaxed);
  if (done.ok() == (more < 0)) budget_->give_back(more < 0 ? -more : more);
  return done;
}

void RunMemory::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  below_->Free(buffer, size, alignment);
  bytes_.fetch_sub(size, std::memory_order_relaxed);
  budget_->give_back(size);
}

}  // namespace laketide
