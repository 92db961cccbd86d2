// Characters of UTF-8 text.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace laketide::expr {

/// Bytes of the character that begins with `first`; 1 for a byte that begins none.
inline size_t character_size(char first) {
  const auto byte = static_cast<unsigned char>(first);
  return byte < 0xC0 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
}
/// Characters in `text`.
int64_t count_characters(std::string_view text);
/// Where character `index` (from 0) begins; the size if there are fewer.
size_t byte_of_character(std::string_view text, int64_t index);
/// The code point of one character, and a code point's bytes.
uint32_t code_point(std::string_view character);
void append_character(uint32_t point, std::string& to);
bool is_utf8(std::string_view text);
/// Of one character, by Unicode as C.UTF-8 has it.
bool is_letter_or_digit(std::string_view character);
/// Whether a code point is of a class of C's locale: "alpha", "digit", "space" and so on.
std::function<bool(uint32_t point)> class_test(const std::string& name);
uint32_t lower_of(uint32_t point);
uint32_t upper_of(uint32_t point);
/// Each character by the simple mapping of Unicode, as PostgreSQL under C.UTF-8.
void append_lower(std::string_view text, std::string& to);
void append_upper(std::string_view text, std::string& to);

}  // namespace laketide::expr
