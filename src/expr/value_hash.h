// A hash of bytes that is the same on every machine and in every release: estimates in saved state are made of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace laketide::expr {

/// The halves of a 128-bit product, folded: the step of wyhash.
inline uint64_t mix(uint64_t left, uint64_t right) {
  __extension__ typedef unsigned __int128 Uint128;
  const Uint128 product = static_cast<Uint128>(left) * right;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_words(const uint64_t* words, size_t count) {
  uint64_t hash = 0x9e3779b97f4a7c15U ^ count;
  for (size_t i = 0; i < count; ++i) hash = mix(hash ^ words[i], 0xa0761d6478bd642fU);
  return mix(hash, 0xe7037ed1a0b428dbU);
}

/// Of the bytes as little-endian words, the last one filled up with zeros; the length counts.
inline uint64_t hash_bytes(std::string_view bytes) {
  constexpr size_t kWord = sizeof(uint64_t);
  uint64_t hash = 0x9e3779b97f4a7c15U ^ bytes.size();
  const char* at = bytes.data();
  size_t left = bytes.size();
  uint64_t word = 0;
  for (; left >= kWord; at += kWord, left -= kWord) {
    std::memcpy(&word, at, kWord);
    hash = mix(hash ^ word, 0xa0761d6478bd642fU);
  }
  if (left > 0) {
    // The last whole word of the text holds them on top; a copy of a length that is only known here would be a call.
    if (bytes.size() >= kWord) {
      std::memcpy(&word, at + left - kWord, kWord);
      word >>= 8 * (kWord - left);
    } else {
      word = 0;
      for (size_t i = 0; i < left; ++i) word |= uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
    }
    hash = mix(hash ^ word, 0xa0761d6478bd642fU);
  }
  return mix(hash, 0xe7037ed1a0b428dbU);
}

}  // namespace laketide::expr
