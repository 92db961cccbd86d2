#include "expr/md5.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace laketide::expr {
namespace {

using State = std::array<uint32_t, 4>;

constexpr std::array<std::array<int, 4>, 4> kTurns{{{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

// RFC 1321, 3.4: 4294967296 times the absolute value of the sine of 1, 2, … 64.
const std::array<uint32_t, 64>& sines() {
  static const auto made = [] {
    std::array<uint32_t, 64> all{};
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint32_t>(std::fabs(std::sin(static_cast<double>(i + 1))) * 4294967296.0);
    return all;
  }();
  return made;
}

void add_block(const char* block, State& state) {
  std::array<uint32_t, 16> words;
  std::memcpy(words.data(), block, sizeof(words));
  auto [a, b, c, d] = state;
  for (size_t i = 0; i < 64; ++i) {
    const size_t round = i / 16;
    const uint32_t mixed = round == 0 ? (b & c) | (~b & d) : round == 1 ? (b & d) | (c & ~d) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
    const size_t word = (round == 0 ? i : round == 1 ? 5 * i + 1 : round == 2 ? 3 * i + 5 : 7 * i) % 16;
    const uint32_t sum = a + mixed + sines()[i] + words[word];
    a = d;
    d = c;
    c = b;
    b += std::rotl(sum, kTurns[round][i % 4]);
  }
  state = {state[0] + a, state[1] + b, state[2] + c, state[3] + d};
}

}  // namespace

std::string md5_hex(std::string_view bytes) {
  State state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  constexpr size_t kBlock = 64;
  const uint64_t bits = bytes.size() * 8;
  for (; bytes.size() >= kBlock; bytes.remove_prefix(kBlock)) add_block(bytes.data(), state);
  std::string rest(bytes);
  rest += '\x80';
  rest.resize(rest.size() <= kBlock - 8 ? kBlock : 2 * kBlock, '\0');
  std::memcpy(rest.data() + rest.size() - 8, &bits, 8);
  for (size_t at = 0; at < rest.size(); at += kBlock) add_block(rest.data() + at, state);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const uint32_t word : state) {
    for (int byte = 0; byte < 4; ++byte) {
      text += kDigits[word >> (8 * byte + 4) & 15];
      text += kDigits[word >> (8 * byte) & 15];
    }
  }
  return text;
}

}  // namespace laketide::expr
