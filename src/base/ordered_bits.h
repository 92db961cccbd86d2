// Values as unsigned numbers of the same order: the ground of every encoding of keys whose bytes compare as the values do.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace laketide {

template <typename Bits>
constexpr Bits kTopBit = static_cast<Bits>(Bits{1} << (sizeof(Bits) * 8 - 1));

/// Each takes the bits of a value to its key and back. Immutable.
template <typename Bits>
struct SignedKey {
  static Bits to(Bits value) { return static_cast<Bits>(value ^ kTopBit<Bits>); }
  static Bits from(Bits key) { return static_cast<Bits>(key ^ kTopBit<Bits>); }
};
template <typename Bits>
struct UnsignedKey {
  static Bits to(Bits value) { return value; }
  static Bits from(Bits key) { return key; }
};
/// IEEE 754 in SQL's order: NaN is the largest number and equals itself, -0.0 equals 0.0. Negative numbers grow the other way round, so
/// all their bits are turned.
template <typename Float, typename Bits>
struct FloatKey {
  static_assert(sizeof(Float) == sizeof(Bits));
  static Bits to(Bits bits) {
    Float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isnan(value)) value = std::numeric_limits<Float>::quiet_NaN();
    value += Float{0};  // -0 becomes 0
    std::memcpy(&bits, &value, sizeof value);
    return (bits & kTopBit<Bits>) != 0 ? ~bits : bits | kTopBit<Bits>;
  }
  static Bits from(Bits key) { return (key & kTopBit<Bits>) != 0 ? key ^ kTopBit<Bits> : ~key; }
};

/// The byte order of the machine to that of memcmp, and back.
static_assert(std::endian::native == std::endian::little);
inline uint8_t big_endian(uint8_t value) { return value; }
inline uint16_t big_endian(uint16_t value) { return __builtin_bswap16(value); }
inline uint32_t big_endian(uint32_t value) { return __builtin_bswap32(value); }
inline uint64_t big_endian(uint64_t value) { return __builtin_bswap64(value); }

}  // namespace laketide
