// Hashes stand in saved state: they must be the same in every release.
#include "expr/value_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace laketide::expr {
namespace {

/// By the definition: words of eight bytes, the first the lowest, the last filled up with zeros.
uint64_t by_definition(const std::string& bytes) {
  uint64_t hash = 0x9e3779b97f4a7c15U ^ bytes.size();
  for (size_t at = 0; at < bytes.size(); at += 8) {
    uint64_t word = 0;
    for (size_t i = 0; i < 8 && at + i < bytes.size(); ++i) word += uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    hash = mix(hash ^ word, 0xa0761d6478bd642fU);
  }
  return mix(hash, 0xe7037ed1a0b428dbU);
}

TEST(ValueHash, IsAsDefinedForEveryLength) {
  std::string bytes;
  for (int size = 0; size < 70; ++size) {
    EXPECT_EQ(hash_bytes(bytes), by_definition(bytes)) << size << " bytes";
    bytes += static_cast<char>(200 + size * 37);
  }
}

TEST(ValueHash, StaysAsItWas) {
  EXPECT_EQ(hash_bytes("abc"), 0x6bd4d112154b1375U);
  EXPECT_EQ(hash_bytes("sensor-042.hall-3"), 0x1fd690d958979868U);
}

}  // namespace
}  // namespace laketide::expr
