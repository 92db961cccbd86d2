#include "storage/unique_name.h"

#include <array>
#include <cstdint>
#include <random>

namespace laketide::storage {

std::string make_uuid() {
  // The device, not a seeded generator: two processes started in the same instant must not agree.
  thread_local std::random_device device;
  std::array<uint32_t, 4> word{};
  for (auto& w : word) w = device();
  word[1] = (word[1] & 0xffff0fffU) | 0x00004000U;
  word[2] = (word[2] & 0x3fffffffU) | 0x80000000U;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20) text += '-';
    text += kDigits[(word[nibble / 8] >> (28 - 4 * (nibble % 8))) & 0xf];
  }
  return text;
}

}  // namespace laketide::storage
