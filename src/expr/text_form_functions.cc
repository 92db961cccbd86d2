// Functions that give text another form: padded, repeated, turned round, translated, encoded, joined.
#include <algorithm>
#include <vector>

#include "expr/function.h"
#include "expr/strict_kernel.h"
#include "expr/utf8.h"

namespace laketide::expr {
namespace {

// PostgreSQL's longest text, 1 GB (memutils.h, MaxAllocSize).
constexpr int64_t kTextMax = 0x3fffffff - 4;

// Cut or filled to so many characters; `left`: filled at the beginning. Both keep the text's beginning.
template <bool left>
struct Pad {
  ErrorCode operator()(Text text, int32_t length, Text fill, TextWriter& out) const {
    const int64_t wanted = std::max(length, 0), there = count_characters(text);
    if (there >= wanted || fill.empty()) {
      out.append(text.substr(0, byte_of_character(text, wanted)));
      return kGood;
    }
    if (wanted * 4 > kTextMax) return ErrorCode::kProgramLimitExceeded;
    if (!left) out.append(text);
    const int64_t size = count_characters(fill);
    int64_t missing = wanted - there;
    for (; missing >= size; missing -= size) out.append(fill);
    out.append(fill.substr(0, byte_of_character(fill, missing)));
    if (left) out.append(text);
    return kGood;
  }
  ErrorCode operator()(Text text, int32_t length, TextWriter& out) const { return (*this)(text, length, " ", out); }
};

struct Repeat {
  ErrorCode operator()(Text text, int32_t count, TextWriter& out) const {
    if (count <= 0 || text.empty()) return kGood;
    if (static_cast<int64_t>(text.size()) > kTextMax / count) return ErrorCode::kProgramLimitExceeded;
    for (; count > 0; --count) out.append(text);
    return kGood;
  }
};

struct Reverse {
  ErrorCode operator()(Text text, TextWriter& out) const {
    while (!text.empty()) {
      size_t at = text.size() - 1;
      while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
      out.append(text.substr(at));
      text.remove_suffix(text.size() - at);
    }
    return kGood;
  }
};

// Words are of letters and digits.
struct Initcap {
  ErrorCode operator()(Text text, TextWriter& out) const {
    bool inside = false;
    std::string mapped;
    while (!text.empty()) {
      const Text character = text.substr(0, std::min(character_size(text.front()), text.size()));
      text.remove_prefix(character.size());
      mapped.clear();
      if (inside) {
        append_lower(character, mapped);
      } else {
        append_upper(character, mapped);
      }
      out.append(mapped);
      inside = is_letter_or_digit(character);
    }
    return kGood;
  }
};

std::vector<Text> characters_of(Text text) {
  std::vector<Text> all;
  for (size_t at = 0; at < text.size(); at += all.back().size()) all.push_back(text.substr(at, character_size(text[at])));
  return all;
}

// A character of `from` becomes the one at its place in `to`, or goes if `to` is shorter; of two alike the first counts.
struct Translate {
  ErrorCode operator()(Text text, Text from, Text to, TextWriter& out) const {
    const std::vector<Text> old = characters_of(from), replaced = characters_of(to);
    for (const Text character : characters_of(text)) {
      const auto place = static_cast<size_t>(std::find(old.begin(), old.end(), character) - old.begin());
      if (place == old.size()) {
        out.append(character);
      } else if (place < replaced.size()) {
        out.append(replaced[place]);
      }
    }
    return kGood;
  }
};

// The first character's number; 0 for none.
struct Ascii {
  ErrorCode operator()(Text text, int32_t& out) const {
    out = 0;
    if (text.empty()) return kGood;
    const size_t size = std::min(character_size(text.front()), text.size());
    const auto first = static_cast<unsigned char>(text.front());
    out = size == 1 ? first : first & (0xFF >> (size + 1));
    for (size_t i = 1; i < size; ++i) out = out << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    return kGood;
  }
};

struct Chr {
  ErrorCode operator()(int32_t point, TextWriter& out) const {
    if (point < 0) return ErrorCode::kInvalidArgument;
    if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return ErrorCode::kProgramLimitExceeded;
    const auto byte = [&](int value) { out.append(static_cast<char>(value)); };
    if (point < 0x80) {
      byte(point);
    } else if (point < 0x800) {
      byte(0xC0 | point >> 6);
    } else if (point < 0x10000) {
      byte(0xE0 | point >> 12);
      byte(0x80 | (point >> 6 & 0x3F));
    } else {
      byte(0xF0 | point >> 18);
      byte(0x80 | (point >> 12 & 0x3F));
      byte(0x80 | (point >> 6 & 0x3F));
    }
    if (point >= 0x80) byte(0x80 | (point & 0x3F));
    return kGood;
  }
};

// Digits of a number that is not negative, or of one's two's complement, as PostgreSQL has it.
struct ToHex {
  template <typename T>
  ErrorCode operator()(T value, TextWriter& out) const {
    auto rest = static_cast<std::make_unsigned_t<T>>(value);
    std::string digits;
    do {
      digits += "0123456789abcdef"[rest & 15];
      rest = static_cast<std::make_unsigned_t<T>>(rest >> 4);
    } while (rest != 0);
    std::reverse(digits.begin(), digits.end());
    out.append(digits);
    return kGood;
  }
};

// concat and concat_ws: NULLs are passed over. `separated`: the first argument stands between the others, and makes all NULL if it is.
template <bool separated>
arrow::Status join_texts(const Call& call, std::span<const Column> args, Column& out) {
  std::vector<Reader<Text>> texts;
  std::vector<Validity> valid;
  for (const Column& arg : args) {
    texts.emplace_back(arg);
    valid.emplace_back(arg);
  }
  TextWriter writer(call.memory);
  ARROW_RETURN_NOT_OK(writer.reserve(call.rows, call.rows * 16));
  for (int64_t row = 0; row < call.rows; ++row) {
    bool any = false;
    for (size_t i = separated ? 1 : 0; i < args.size(); ++i) {
      if (!valid[i][row] || (separated && !valid[0][row])) continue;
      if (separated && any) writer.append(texts[0][row]);
      writer.append(texts[i][row]);
      any = true;
    }
    writer.end_row();
  }
  std::shared_ptr<arrow::Buffer> offsets, bytes, known;
  ARROW_RETURN_NOT_OK(writer.finish(offsets, bytes));
  if (separated) {
    ARROW_ASSIGN_OR_RAISE(known, valid_in_all(call, args.first(1)));
  }
  set_result(call, {std::move(known), std::move(offsets), std::move(bytes)}, out);
  out.errors = errors_of(args);
  return arrow::Status::OK();
}

template <typename Op, typename Out, typename... In>
void add_form(std::vector<Function>& all, std::string_view name, std::vector<TypeId> args, TypeId result, bool can_fail = false) {
  all.push_back({name, std::move(args), result, &strict<Op, Out, In...>, can_fail});
}

}  // namespace

std::vector<Function> text_form_functions() {
  using enum TypeId;
  std::vector<Function> all;
  add_form<Pad<true>, Text, Text, int32_t>(all, "lpad", {kText, kInt}, kText, true);
  add_form<Pad<true>, Text, Text, int32_t, Text>(all, "lpad", {kText, kInt, kText}, kText, true);
  add_form<Pad<false>, Text, Text, int32_t>(all, "rpad", {kText, kInt}, kText, true);
  add_form<Pad<false>, Text, Text, int32_t, Text>(all, "rpad", {kText, kInt, kText}, kText, true);
  add_form<Repeat, Text, Text, int32_t>(all, "repeat", {kText, kInt}, kText, true);
  add_form<Reverse, Text, Text>(all, "reverse", {kText}, kText);
  add_form<Initcap, Text, Text>(all, "initcap", {kText}, kText);
  add_form<Translate, Text, Text, Text, Text>(all, "translate", {kText, kText, kText}, kText);
  add_form<Ascii, int32_t, Text>(all, "ascii", {kText}, kInt);
  add_form<Chr, Text, int32_t>(all, "chr", {kInt}, kText, true);
  add_form<ToHex, Text, int32_t>(all, "to_hex", {kInt}, kText);
  add_form<ToHex, Text, int64_t>(all, "to_hex", {kBigint}, kText);
  all.push_back({"concat", {}, kText, &join_texts<false>, false, nullptr, Function::Style::kCall, true});
  all.push_back({"concat_ws", {}, kText, &join_texts<true>, false, nullptr, Function::Style::kCall, true});
  return all;
}

}  // namespace laketide::expr
