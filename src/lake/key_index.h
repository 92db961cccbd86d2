// Numbers the different keys of many rows.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include <arrow/type_fwd.h>

#include "laketide/status.h"

namespace laketide::lake {

/// Keys (bytes) numbered 0, 1, … in the order they first came. Memory is taken from the pool, so that keys beyond a run's budget
/// fail that run (`memory_exceeded`). Confined to its task.
class KeyIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit KeyIndex(arrow::MemoryPool* memory);
  ~KeyIndex();
  KeyIndex(KeyIndex&&) noexcept;
  KeyIndex& operator=(KeyIndex&&) noexcept;

  /// The key's number; `is_new`: it had none before. At most 2^32 - 1 keys.
  Result<uint32_t> number(std::string_view key, bool& is_new);
  /// kNone: the key is not there.
  uint32_t find(std::string_view key) const;
  uint32_t size() const;
  /// Valid until the next call of `number`.
  std::string_view key(uint32_t number) const;

 private:
  struct Tables;
  std::unique_ptr<Tables> tables_;
};

}  // namespace laketide::lake
