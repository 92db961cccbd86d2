// Decimal digits, eight at once.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace laketide {

static_assert(std::endian::native == std::endian::little, "eight characters are looked at as one number, the first in its lowest byte");

/// The eight characters from `at`, the first in the lowest byte.
inline uint64_t eight_at(const char* at) {
  uint64_t eight;
  std::memcpy(&eight, at, sizeof eight);
  return eight;
}

/// How many of them are digits, up to the first that is none.
inline int leading_digits(uint64_t eight) {
  constexpr uint64_t kZeros = 0x3030303030303030, kHighBits = 0x8080808080808080, kToHighBit = 0x7676767676767676;  // what takes 10 there, and 9 not
  const uint64_t values = eight ^ kZeros;
  const uint64_t others = (((values & ~kHighBits) + kToHighBit) | values) & kHighBits;
  return others == 0 ? 8 : std::countr_zero(others) / 8;
}

/// The number that the first `count` of them are, 1 to 8. Two digits are added up in each second byte, then four, then eight (D. Lemire,
/// "Quickly parsing eight digits", 2018).
inline uint64_t digits_value(uint64_t eight, int count) {
  constexpr uint64_t kZeros = 0x3030303030303030, kPair = 0x000000ff000000ff;
  uint64_t digits = (eight ^ kZeros) << (64 - 8 * count);  // zeros in front
  digits = digits * 10 + (digits >> 8);
  return (((digits & kPair) * 0x000f424000000064) + (((digits >> 16) & kPair) * 0x0000271000000001)) >> 32;
}

}  // namespace laketide
