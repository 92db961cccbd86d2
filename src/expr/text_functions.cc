// Functions of text and bytea.
#include <algorithm>
#include <array>

#include "expr/function.h"
#include "expr/strict_kernel.h"
#include "expr/utf8.h"

namespace laketide::expr {
namespace {

template <void (*mapping)(std::string_view, std::string&), char first, int shift>
struct MapCase {
  ErrorCode operator()(Text text, TextWriter& out) const {
    constexpr size_t kShort = 256;
    if (text.size() <= kShort && std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) {
      std::array<char, kShort> mapped;
      std::transform(text.begin(), text.end(), mapped.begin(), [](char c) { return static_cast<char>(c >= first && c < first + 26 ? c + shift : c); });
      out.append(Text(mapped.data(), text.size()));
      return kGood;
    }
    std::string mapped;
    mapping(text, mapped);
    out.append(mapped);
    return kGood;
  }
};

struct CountCharacters {
  ErrorCode operator()(Text text, int32_t& out) const {
    out = static_cast<int32_t>(count_characters(text));
    return kGood;
  }
};

struct CountBytes {
  ErrorCode operator()(Text text, int32_t& out) const {
    out = static_cast<int32_t>(text.size());
    return kGood;
  }
};

struct Concatenate {
  ErrorCode operator()(Text a, Text b, TextWriter& out) const {
    out.append(a);
    out.append(b);
    return kGood;
  }
};

bool holds(Text set, Text character) {
  for (size_t at = 0; at < set.size(); at += character_size(set[at])) {
    if (set.substr(at, character_size(set[at])) == character) return true;
  }
  return false;
}

template <bool left, bool right>
struct Trim {
  ErrorCode operator()(Text text, Text set, TextWriter& out) const {
    while (left && !text.empty()) {
      const size_t size = std::min(character_size(text.front()), text.size());
      if (!holds(set, text.substr(0, size))) break;
      text.remove_prefix(size);
    }
    while (right && !text.empty()) {
      size_t at = text.size() - 1;
      while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
      if (!holds(set, text.substr(at))) break;
      text.remove_suffix(text.size() - at);
    }
    out.append(text);
    return kGood;
  }
  ErrorCode operator()(Text text, TextWriter& out) const { return (*this)(text, " ", out); }
};

// Positions count from 1 and may lie before the text: substring('abc', -1, 3) is 'a' (varlena.c, text_substring).
struct Substring {
  ErrorCode operator()(Text text, int32_t start, TextWriter& out) const {
    out.append(text.substr(byte_of_character(text, std::max<int64_t>(start, 1) - 1)));
    return kGood;
  }
  ErrorCode operator()(Text text, int32_t start, int32_t length, TextWriter& out) const {
    if (length < 0) return ErrorCode::kSubstringError;
    const int64_t first = std::max<int64_t>(start, 1), end = static_cast<int64_t>(start) + length;
    if (end <= first) return kGood;
    const Text rest = text.substr(byte_of_character(text, first - 1));
    out.append(rest.substr(0, byte_of_character(rest, end - first)));
    return kGood;
  }
};

// A negative count means all but so many from the other end.
template <bool left>
struct Edge {
  ErrorCode operator()(Text text, int32_t count, TextWriter& out) const {
    const int64_t all = count_characters(text);
    const int64_t taken = std::clamp<int64_t>(count >= 0 ? count : all + count, 0, all);
    const size_t cut = byte_of_character(text, left ? taken : all - taken);
    out.append(left ? text.substr(0, cut) : text.substr(cut));
    return kGood;
  }
};

struct Replace {
  ErrorCode operator()(Text text, Text from, Text to, TextWriter& out) const {
    for (size_t at = from.empty() ? Text::npos : text.find(from); at != Text::npos; at = text.find(from)) {
      out.append(text.substr(0, at));
      out.append(to);
      text.remove_prefix(at + from.size());
    }
    out.append(text);
    return kGood;
  }
};

struct Position {
  ErrorCode operator()(Text text, Text part, int32_t& out) const {
    const size_t at = text.find(part);
    out = at == Text::npos ? 0 : static_cast<int32_t>(count_characters(text.substr(0, at))) + 1;
    return kGood;
  }
};

struct StartsWith {
  ErrorCode operator()(Text text, Text part, bool& out) const {
    out = text.starts_with(part);
    return kGood;
  }
};

struct SplitPart {
  ErrorCode operator()(Text text, Text by, int32_t field, TextWriter& out) const {
    if (field == 0) return ErrorCode::kInvalidArgument;
    std::vector<Text> parts;
    for (size_t at = by.empty() ? Text::npos : text.find(by); at != Text::npos; at = text.find(by)) {
      parts.push_back(text.substr(0, at));
      text.remove_prefix(at + by.size());
    }
    parts.push_back(text);
    const int64_t index = field > 0 ? field - 1 : static_cast<int64_t>(parts.size()) + field;
    if (index >= 0 && index < static_cast<int64_t>(parts.size())) out.append(parts[static_cast<size_t>(index)]);
    return kGood;
  }
};

bool is_utf8_name(Text name) {
  std::string low;
  append_lower(name, low);
  return low == "utf8" || low == "utf-8";
}

// A zero byte is UTF-8, and no PostgreSQL text can hold it.
struct ConvertFrom {
  ErrorCode operator()(Text bytes, Text encoding, TextWriter& out) const {
    if (!is_utf8_name(encoding)) return ErrorCode::kInvalidArgument;
    if (!is_utf8(bytes) || bytes.find('\0') != Text::npos) return ErrorCode::kCharacterNotInRepertoire;
    out.append(bytes);
    return kGood;
  }
};

struct ConvertTo {
  ErrorCode operator()(Text text, Text encoding, TextWriter& out) const {
    out.append(text);
    return is_utf8_name(encoding) ? kGood : ErrorCode::kInvalidArgument;
  }
};

constexpr Text kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// RFC 2045: a line holds 76 characters.
ErrorCode base64(Text bytes, TextWriter& out) {
  constexpr size_t kLine = 57;  // bytes
  for (size_t at = 0; at < bytes.size(); at += 3) {
    uint32_t group = 0;
    for (size_t i = 0; i < 3; ++i) group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0);
    for (size_t i = 0; i < 4; ++i) out.append(at + i > bytes.size() ? '=' : kBase64[group >> (18 - 6 * i) & 63]);
    if ((at + 3) % kLine == 0 && at + 3 <= bytes.size()) out.append('\n');
  }
  return kGood;
}

// As PostgreSQL reads it (encode.c, pg_base64_decode): blanks do not count, and padding ends a group of four.
ErrorCode from_base64(Text text, TextWriter& out) {
  uint32_t group = 0;
  int position = 0, end = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') continue;
    const size_t digit = kBase64.find(c);
    if (c == '=') {
      if (end == 0 && position == 2) {
        end = 1;
      } else if (end == 0 && position == 3) {
        end = 2;
      } else if (end == 0) {
        return ErrorCode::kInvalidArgument;
      }
    } else if (digit == Text::npos) {
      return ErrorCode::kInvalidArgument;
    }
    group = group << 6 | (c == '=' ? 0 : static_cast<uint32_t>(digit));
    if (++position < 4) continue;
    out.append(static_cast<char>(group >> 16));
    if (end == 0 || end > 1) out.append(static_cast<char>(group >> 8));
    if (end == 0 || end > 2) out.append(static_cast<char>(group));
    group = 0;
    position = 0;
  }
  return position == 0 ? kGood : ErrorCode::kInvalidArgument;
}

struct Encode {
  ErrorCode operator()(Text bytes, Text format, TextWriter& out) const {
    if (format == "base64") return base64(bytes, out);
    if (format != "hex") return ErrorCode::kInvalidArgument;
    constexpr Text kDigits = "0123456789abcdef";
    for (const char c : bytes) {
      out.append(kDigits[static_cast<unsigned char>(c) >> 4]);
      out.append(kDigits[static_cast<unsigned char>(c) & 15]);
    }
    return kGood;
  }
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char low = static_cast<char>(c | 32);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

struct Decode {
  ErrorCode operator()(Text text, Text format, TextWriter& out) const {
    if (format == "base64") return from_base64(text, out);
    if (format != "hex") return ErrorCode::kInvalidArgument;
    int high = -1;
    for (const char c : text) {
      if (c == ' ' || c == '\n' || c == '\t' || c == '\r') continue;
      const int digit = hex_digit(c);
      if (digit < 0) return ErrorCode::kInvalidArgument;
      if (high < 0) {
        high = digit;
      } else {
        out.append(static_cast<char>(high << 4 | digit));
        high = -1;
      }
    }
    return high < 0 ? kGood : ErrorCode::kInvalidArgument;
  }
};

template <typename Op, typename Out, typename... In>
void add(std::vector<Function>& all, std::vector<std::string_view> names, std::vector<TypeId> args, TypeId result, bool can_fail = false) {
  for (const std::string_view name : names) all.push_back({name, args, result, &strict<Op, Out, In...>, can_fail});
}

}  // namespace

std::vector<Function> text_functions() {
  using enum TypeId;
  std::vector<Function> all;
  add<MapCase<append_lower, 'A', 32>, Text, Text>(all, {"lower"}, {kText}, kText);
  add<MapCase<append_upper, 'a', -32>, Text, Text>(all, {"upper"}, {kText}, kText);
  add<CountCharacters, int32_t, Text>(all, {"length", "char_length", "character_length"}, {kText}, kInt);
  add<CountBytes, int32_t, Text>(all, {"octet_length"}, {kText}, kInt);
  add<CountBytes, int32_t, Text>(all, {"length", "octet_length"}, {kBytea}, kInt);
  add<Trim<true, true>, Text, Text>(all, {"btrim"}, {kText}, kText);
  add<Trim<true, true>, Text, Text, Text>(all, {"btrim"}, {kText, kText}, kText);
  add<Trim<true, false>, Text, Text>(all, {"ltrim"}, {kText}, kText);
  add<Trim<true, false>, Text, Text, Text>(all, {"ltrim"}, {kText, kText}, kText);
  add<Trim<false, true>, Text, Text>(all, {"rtrim"}, {kText}, kText);
  add<Trim<false, true>, Text, Text, Text>(all, {"rtrim"}, {kText, kText}, kText);
  add<Substring, Text, Text, int32_t>(all, {"substring", "substr"}, {kText, kInt}, kText);
  add<Substring, Text, Text, int32_t, int32_t>(all, {"substring", "substr"}, {kText, kInt, kInt}, kText, true);
  add<Edge<true>, Text, Text, int32_t>(all, {"left"}, {kText, kInt}, kText);
  add<Edge<false>, Text, Text, int32_t>(all, {"right"}, {kText, kInt}, kText);
  add<Replace, Text, Text, Text, Text>(all, {"replace"}, {kText, kText, kText}, kText);
  add<Position, int32_t, Text, Text>(all, {"strpos", "position"}, {kText, kText}, kInt);
  add<StartsWith, bool, Text, Text>(all, {"starts_with"}, {kText, kText}, kBoolean);
  add<SplitPart, Text, Text, Text, int32_t>(all, {"split_part"}, {kText, kText, kInt}, kText, true);
  add<ConvertFrom, Text, Text, Text>(all, {"convert_from"}, {kBytea, kText}, kText, true);
  add<ConvertTo, Text, Text, Text>(all, {"convert_to"}, {kText, kText}, kBytea, true);
  add<Encode, Text, Text, Text>(all, {"encode"}, {kBytea, kText}, kText, true);
  add<Decode, Text, Text, Text>(all, {"decode"}, {kText, kText}, kBytea, true);
  for (const TypeId id : {kText, kBytea}) {
    all.push_back({"||", {id, id}, id, &strict<Concatenate, Text, Text, Text>, false, nullptr, Function::Style::kInfix});
  }
  return all;
}

}  // namespace laketide::expr
