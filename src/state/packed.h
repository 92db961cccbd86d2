// Numbers and texts as bytes, little end first.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace laketide::state {

static_assert(std::endian::native == std::endian::little, "numbers of state files are copied as they stand in memory");

template <typename T>
void pack(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void pack_text(std::string& out, std::string_view text) {
  pack(out, static_cast<uint32_t>(text.size()));
  out.append(text);
}

/// Takes apart what `pack` made. Reading beyond the end gives zeros and is remembered. Confined to its task.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}
  template <typename T>
  T take() {
    T value{};
    const std::string_view bytes = take_bytes(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view take_text() { return take_bytes(take<uint32_t>()); }
  bool failed() const { return failed_; }
  /// Everything was taken, and nothing more.
  bool complete() const { return !failed_ && rest_.empty(); }

 private:
  std::string_view take_bytes(size_t size) {
    failed_ |= size > rest_.size();
    if (failed_) return {};
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace laketide::state
