#include "formats/json/base64.h"

#include <array>
#include <cstdint>

namespace laketide::json {
namespace {

constexpr uint8_t kNone = 0xff;

constexpr std::array<uint8_t, 256> make_table() {
  std::array<uint8_t, 256> table{};
  for (auto& value : table) value = kNone;
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < kDigits.size(); ++i) table[static_cast<unsigned char>(kDigits[i])] = static_cast<uint8_t>(i);
  return table;
}
constexpr auto kTable = make_table();

}  // namespace

std::optional<size_t> decode_base64(std::string_view text, char* out) {
  if (text.size() % 4 == 0 && text.ends_with('=')) text.remove_suffix(text.ends_with("==") ? 2 : 1);
  if (text.size() % 4 == 1) return std::nullopt;
  char* at = out;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const uint8_t digit = kTable[static_cast<unsigned char>(c)];
    if (digit == kNone) return std::nullopt;
    group = group << 6 | digit;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      *at++ = static_cast<char>(group >> bits);
      group &= (1u << bits) - 1;
    }
  }
  // Bits left over must be zero, else two texts would mean the same bytes.
  if (group != 0) return std::nullopt;
  return static_cast<size_t>(at - out);
}

}  // namespace laketide::json
