// An array that grows without moving what it has.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include <arrow/memory_pool.h>

#include "expr/memory_status.h"

namespace laketide::expr {

/// Values of one plain type by number, in pages from a memory pool; a new value is all zero bits. Growing neither copies nor needs
/// twice the room, which is what 10 million groups ask for. Confined to its task.
template <typename T>
class Paged {
  static_assert(std::is_trivially_copyable_v<T>);
  static constexpr int kBits = 10;
  static constexpr int64_t kPage = int64_t{1} << kBits;
  static constexpr int64_t kPageBytes = kPage * static_cast<int64_t>(sizeof(T));

 public:
  explicit Paged(arrow::MemoryPool* memory) : memory_(memory) {}
  Paged(const Paged&) = delete;
  Paged& operator=(const Paged&) = delete;
  ~Paged() {
    for (T* page : pages_) memory_->Free(reinterpret_cast<uint8_t*>(page), kPageBytes);
  }

  /// Numbers [0, count) have values from now on; it never shrinks.
  Status reserve(int64_t count) {
    while (static_cast<int64_t>(pages_.size()) * kPage < count) {
      uint8_t* page = nullptr;
      const arrow::Status status = memory_->Allocate(kPageBytes, &page);
      if (!status.ok()) return memory_status(status);
      std::memset(page, 0, kPageBytes);
      pages_.push_back(reinterpret_cast<T*>(page));
    }
    return {};
  }
  T& operator[](size_t i) { return pages_[i >> kBits][i & (kPage - 1)]; }
  const T& operator[](size_t i) const { return pages_[i >> kBits][i & (kPage - 1)]; }
  int64_t room() const { return static_cast<int64_t>(pages_.size()) * kPage; }
  int64_t bytes() const { return static_cast<int64_t>(pages_.size()) * kPageBytes; }

 private:
  arrow::MemoryPool* const memory_;
  std::vector<T*> pages_;
};

}  // namespace laketide::expr
