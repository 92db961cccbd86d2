#include "expr/number_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

namespace laketide::expr {
namespace {

constexpr auto kInvalid = ErrorCode::kInvalidTextRepresentation;
constexpr auto kRange = ErrorCode::kNumericValueOutOfRange;

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
  if (at == text.data() || at != end) return kInvalid;
  return error == std::errc::result_out_of_range ? kRange : ErrorCode::kNone;
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

// PostgreSQL switches to an exponent where printf's %g would with all digits of the type (d2s.c, f2s.c).
template <typename T>
std::string print(T value, int fixed_below) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific).ptr;
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const size_t e = text.find('e');
  const int exponent = std::atoi(text.data() + e + 1);
  if (exponent < -4 || exponent >= fixed_below) return std::string(text);
  std::string digits(text.substr(0, e));
  std::string sign;
  if (digits.front() == '-') {
    sign = "-";
    digits.erase(0, 1);
  }
  std::erase(digits, '.');
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
