#include "expr/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

namespace laketide::expr {
namespace {

constexpr auto kInvalid = ErrorCode::kInvalidTextRepresentation;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string lowered(std::string_view text) {
  std::string low(text);
  for (char& c : low) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return low;
}

template <typename T>
ErrorCode parse_integer(std::string_view text, T& value) {
  value = 0;
  text = trim_blanks(text);
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return kInvalid;
  }
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::result_out_of_range) return kRange;  // before what may follow, as PostgreSQL reads
  return at == text.data() || at != end ? kInvalid : ErrorCode::kNone;
}

template <typename T>
std::optional<T> float_word(std::string_view text) {
  std::string word = lowered(text);
  const bool negative = !word.empty() && word.front() == '-';
  if (word == "nan") return std::nan("");
  if (!word.empty() && (negative || word.front() == '+')) word.erase(0, 1);
  if (word != "inf" && word != "infinity") return std::nullopt;
  return negative ? -static_cast<T>(INFINITY) : static_cast<T>(INFINITY);
}

template <typename T>
ErrorCode parse_float(std::string_view text, T& value) {
  value = 0;
  text = trim_blanks(text);
  if (const auto word = float_word<T>(text)) {
    value = *word;
    return ErrorCode::kNone;
  }
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return kInvalid;
  }
  const std::string_view digits = text.substr(!text.empty() && text.front() == '-');
  if (digits.empty() || (digits.front() != '.' && (digits.front() < '0' || digits.front() > '9'))) return kInvalid;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || at != end) {
    value = 0;
    return kInvalid;
  }
  if (error == std::errc::result_out_of_range) {
    value = 0;
    return kRange;
  }
  return ErrorCode::kNone;
}

__extension__ typedef __int128 Int128;

// Whether a decimal lies exactly between two floats. The standard library takes such a decimal for the even one of them; PostgreSQL
// writes a digit more (d2s.c: acceptBounds is false). It can only happen among whole numbers that have no unit's digit any more.
template <typename T>
bool lies_between(T value, std::string_view digits, int exponent) {
  constexpr T kUnits = static_cast<T>(int64_t{1} << std::numeric_limits<T>::digits);
  constexpr T kLimit = static_cast<T>(1e37);  // of an Int128, and far above what can happen
  const T size = std::fabs(value);
  const int zeros = exponent + 1 - static_cast<int>(digits.size());
  if (size < kUnits || size > kLimit || zeros < 0) return false;
  Int128 decimal = 0;
  for (const char c : digits) decimal = decimal * 10 + (c - '0');
  for (int i = 0; i < zeros; ++i) decimal *= 10;
  const auto middle = [&](T neighbour) { return 2 * decimal == static_cast<Int128>(size) + static_cast<Int128>(neighbour); };
  return middle(std::nextafter(size, T{0})) || middle(std::nextafter(size, static_cast<T>(INFINITY)));
}

/// A float's digits and decimal exponent: d.ddd × 10^exponent.
struct Decimal {
  bool negative;
  std::string digits;
  int exponent;
};

Decimal taken_apart(std::string_view text) {
  Decimal parts{text.front() == '-', {}, 0};
  text.remove_prefix(parts.negative);
  const size_t e = text.find('e');
  parts.digits = text.substr(0, e);
  std::erase(parts.digits, '.');
  text.remove_prefix(e + (text[e + 1] == '+' ? 2 : 1));  // from_chars reads no plus
  std::from_chars(text.data(), text.data() + text.size(), parts.exponent);
  return parts;
}

template <typename T>
Decimal shortest(T value) {
  std::array<char, 64> buffer;
  char* const begin = buffer.data();
  char* const limit = begin + buffer.size();
  const char* end = std::to_chars(begin, limit, value, std::chars_format::scientific).ptr;
  Decimal parts = taken_apart({begin, static_cast<size_t>(end - begin)});
  while (lies_between(value, parts.digits, parts.exponent)) {
    const int more = static_cast<int>(parts.digits.size());  // digits behind the point
    end = std::to_chars(begin, limit, value, std::chars_format::scientific, more).ptr;
    parts = taken_apart({begin, static_cast<size_t>(end - begin)});
  }
  return parts;
}

// PostgreSQL switches to an exponent where printf's %g would with all digits of the type (d2s.c, f2s.c).
template <typename T>
std::string print(T value, int fixed_below) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  const auto [negative, digits, exponent] = shortest(value);
  const std::string sign = negative ? "-" : "";
  if (exponent < -4 || exponent >= fixed_below) {
    const std::string power = std::to_string(std::abs(exponent));
    const std::string fraction = digits.size() > 1 ? "." + digits.substr(1) : "";
    return sign + digits[0] + fraction + (exponent < 0 ? "e-" : "e+") + (power.size() < 2 ? "0" : "") + power;
  }
  if (exponent < 0) return sign + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return sign + digits + std::string(whole - digits.size(), '0');
  return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

ErrorCode parse(std::string_view text, int16_t& value) { return parse_integer(text, value); }
ErrorCode parse(std::string_view text, int32_t& value) { return parse_integer(text, value); }
ErrorCode parse(std::string_view text, int64_t& value) { return parse_integer(text, value); }
ErrorCode parse(std::string_view text, float& value) { return parse_float(text, value); }
ErrorCode parse(std::string_view text, double& value) { return parse_float(text, value); }

ErrorCode parse(std::string_view text, bool& value) {
  const std::string word = lowered(trim_blanks(text));
  const auto begins = [&](std::string_view whole, size_t least) { return word.size() >= least && whole.substr(0, word.size()) == word; };
  value = begins("true", 1) || begins("yes", 1) || word == "on" || word == "1";
  if (value || begins("false", 1) || begins("no", 1) || begins("off", 2) || word == "0") return ErrorCode::kNone;
  return kInvalid;
}

ErrorCode parse_uuid(std::string_view text, std::string& value) {
  value.clear();
  const bool braces = !text.empty() && text.front() == '{';
  if (braces) {
    if (text.back() != '}') return kInvalid;
    text = text.substr(1, text.size() - 2);
  }
  int digits = 0;
  bool may_dash = false;
  for (const char c : text) {
    const char low = c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
    if (low == '-' && may_dash && digits < 32) {
      may_dash = false;
      continue;
    }
    if (!((low >= '0' && low <= '9') || (low >= 'a' && low <= 'f')) || digits == 32) return kInvalid;
    if (digits == 8 || digits == 12 || digits == 16 || digits == 20) value += '-';
    value += low;
    ++digits;
    may_dash = digits % 4 == 0;
  }
  return digits == 32 && (text.empty() || text.back() != '-') ? ErrorCode::kNone : kInvalid;
}

std::string print_float(float value) { return print(value, 6); }
std::string print_float(double value) { return print(value, 15); }

}  // namespace laketide::expr
