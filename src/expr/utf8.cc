#include "expr/utf8.h"

#include <clocale>
#include <cwctype>

#include <algorithm>

namespace laketide::expr {
namespace {

// Part of the C library since glibc 2.35; without it letters beyond ASCII keep their case.
locale_t unicode() {
  static const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return made;
}

template <typename Ascii, typename Wide>
void append_mapped(std::string_view text, std::string& to, const Ascii& ascii, const Wide& wide) {
  to.reserve(to.size() + text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t size = std::min(character_size(text[at]), text.size() - at);
    if (size == 1) {
      to += ascii(text[at]);
    } else {
      const uint32_t point = code_point(text.substr(at, size));
      append_character(unicode() != nullptr ? static_cast<uint32_t>(wide(static_cast<wint_t>(point), unicode())) : point, to);
    }
    at += size;
  }
}

}  // namespace

uint32_t code_point(std::string_view character) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(character[i])); };
  switch (character.size()) {
    case 1: return byte(0);
    case 2: return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
    case 3: return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    default: return (byte(0) & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
  }
}

void append_character(uint32_t point, std::string& to) {
  const auto tail = [&](int shift) { to += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) {
    to += static_cast<char>(point);
  } else if (point < 0x800) {
    to += static_cast<char>(0xC0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    to += static_cast<char>(0xE0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    to += static_cast<char>(0xF0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

int64_t count_characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

size_t byte_of_character(std::string_view text, int64_t index) {
  size_t at = 0;
  for (; index > 0 && at < text.size(); --index) at += character_size(text[at]);
  return std::min(at, text.size());
}

// RFC 3629: shortest forms only, no surrogates, nothing beyond U+10FFFF.
bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    if (first < 0x80) {
      ++at;
      continue;
    }
    const size_t size = character_size(text[at]);
    if (first < 0xC2 || first > 0xF4 || at + size > text.size()) return false;
    for (size_t i = 1; i < size; ++i) {
      if ((static_cast<unsigned char>(text[at + i]) & 0xC0) != 0x80) return false;
    }
    const uint32_t point = code_point(text.substr(at, size));
    if ((size == 3 && point < 0x800) || (size == 4 && (point < 0x10000 || point > 0x10FFFF)) || (point >= 0xD800 && point <= 0xDFFF)) {
      return false;
    }
    at += size;
  }
  return true;
}

bool is_letter_or_digit(std::string_view character) { return iswalnum_l(static_cast<wint_t>(code_point(character)), unicode()) != 0; }

uint32_t lower_of(uint32_t point) { return unicode() != nullptr ? static_cast<uint32_t>(towlower_l(static_cast<wint_t>(point), unicode())) : point; }
uint32_t upper_of(uint32_t point) { return unicode() != nullptr ? static_cast<uint32_t>(towupper_l(static_cast<wint_t>(point), unicode())) : point; }

std::function<bool(uint32_t point)> class_test(const std::string& name) {
  return [type = wctype_l(name.c_str(), unicode())](uint32_t point) { return iswctype_l(static_cast<wint_t>(point), type, unicode()) != 0; };
}

void append_lower(std::string_view text, std::string& to) {
  append_mapped(text, to, [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }, towlower_l);
}

void append_upper(std::string_view text, std::string& to) {
  append_mapped(text, to, [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }, towupper_l);
}

}  // namespace laketide::expr
