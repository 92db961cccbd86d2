// The memory of one run, within the budget of its pool.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include <arrow/memory_pool.h>

#include "base/memory_budget.h"
#include "laketide/status.h"

namespace laketide {

/// Every Arrow buffer of a run comes from here. What the pool's budget has no room for is refused as OutOfMemory, which fails this
/// run only (`memory_exceeded`). Must outlive the buffers. Thread-safe.
class RunMemory final : public arrow::MemoryPool {
 public:
  explicit RunMemory(std::shared_ptr<MemoryBudget> budget) : budget_(std::move(budget)) {}
  ~RunMemory() override;

  /// Counts memory that is no Arrow buffer (a client's read-ahead, a queue) until this object is gone. Fails `kUser`
  /// `memory_exceeded`.
  Status reserve(int64_t bytes, const char* what);
  /// Gives back what was reserved.
  void release();

  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment, uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  int64_t bytes_allocated() const override { return bytes_.load(std::memory_order_relaxed); }
  int64_t max_memory() const override { return -1; }
  int64_t total_bytes_allocated() const override { return total_.load(std::memory_order_relaxed); }
  int64_t num_allocations() const override { return count_.load(std::memory_order_relaxed); }
  std::string backend_name() const override { return below_->backend_name(); }

 private:
  arrow::Status refused(int64_t bytes) const;

  const std::shared_ptr<MemoryBudget> budget_;
  arrow::MemoryPool* const below_ = arrow::default_memory_pool();
  std::atomic<int64_t> bytes_{0}, total_{0}, count_{0}, reserved_{0};
};

}  // namespace laketide
