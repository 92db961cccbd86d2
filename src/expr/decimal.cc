#include "expr/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include <arrow/util/basic_decimal.h>

#include "expr/type.h"

namespace laketide::expr {
namespace {

__extension__ typedef unsigned __int128 UInt128;
using Wide = arrow::BasicDecimal256;

constexpr int kWideDigits = 76;

constexpr std::array<Int128, kNumericDigits + 1> kPowers = [] {
  std::array<Int128, kNumericDigits + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

Int128 magnitude(Int128 value) { return value < 0 ? -value : value; }

Wide widen(Int128 value) {
  return Wide(arrow::BasicDecimal128(static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)));
}

std::optional<Int128> narrow(const Wide& value) {
  if (!value.FitsInPrecision(kNumericDigits)) return std::nullopt;
  const auto words = value.little_endian_array();
  return static_cast<Int128>((static_cast<UInt128>(words[1]) << 64) | words[0]);
}

int digits(Int128 value) {
  const Int128 size = magnitude(value);
  int count = 1;
  while (count <= kNumericDigits && size >= power_of_ten(count)) ++count;
  return count;
}

// value / divisor, rounded half away from zero. Twice a remainder may not fit.
Int128 rounded_quotient(Int128 value, Int128 divisor) {
  const Int128 quotient = value / divisor;
  const Int128 left = magnitude(value % divisor);
  if (left < magnitude(divisor) - left) return quotient;
  return quotient + ((value < 0) == (divisor < 0) ? 1 : -1);
}

std::optional<Wide> scaled_up(Int128 value, int by) {
  if (value == 0) return Wide(0);
  if (digits(value) + by > kWideDigits) return std::nullopt;
  return widen(value) * Wide::GetScaleMultiplier(by);
}

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool same_word(std::string_view text, std::string_view word) {
  return text.size() == word.size() && std::equal(text.begin(), text.end(), word.begin(), [](char a, char b) { return (a | 32) == b; });
}

/// A number's text taken apart: sign, digits without leading zeros, and how many of them stand before the point.
struct Parts {
  bool negative = false;
  std::string digits;
  int64_t point = 0;     // may be negative or beyond the digits
  int64_t fraction = 0;  // digits written behind the point
  int64_t exponent = 0;
};

bool take_exponent(std::string_view& text, int64_t& exponent) {
  if (text.empty() || (text.front() | 32) != 'e') return true;
  text.remove_prefix(1);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), exponent);
  if (error == std::errc::invalid_argument) return false;
  if (error == std::errc::result_out_of_range) exponent = text.front() == '-' ? -1'000'000 : 1'000'000;
  exponent = std::clamp<int64_t>(exponent, -1'000'000, 1'000'000);
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

std::optional<Parts> take_apart(std::string_view text) {
  Parts parts;
  text = trimmed(text);
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    parts.negative = text.front() == '-';
    text.remove_prefix(1);
  }
  bool any = false, behind = false;
  for (; !text.empty(); text.remove_prefix(1)) {
    const char c = text.front();
    if (c == '.' && !behind) {
      behind = true;
      continue;
    }
    if (!is_digit(c)) break;
    any = true;
    if (behind) ++parts.fraction;
    if (c == '0' && parts.digits.empty()) {
      if (behind) --parts.point;
      continue;
    }
    parts.digits += c;
    if (!behind) ++parts.point;
  }
  if (!any || !take_exponent(text, parts.exponent) || !text.empty()) return std::nullopt;
  parts.point += parts.exponent;
  return parts;
}

}  // namespace

Int128 power_of_ten(int exponent) { return kPowers[static_cast<size_t>(exponent)]; }

bool fits(Int128 value, int precision) { return magnitude(value) < power_of_ten(precision); }

std::optional<Int128> rescale(Int128 value, int from, int to) {
  if (to < from) return rounded_quotient(value, power_of_ten(from - to));
  Int128 scaled;
  if (__builtin_mul_overflow(value, power_of_ten(to - from), &scaled) || !fits(scaled, kNumericDigits)) return std::nullopt;
  return scaled;
}

int compare(Int128 left, int left_scale, Int128 right, int right_scale) {
  const int scale = std::max(left_scale, right_scale);
  const auto a = rescale(left, left_scale, scale), b = rescale(right, right_scale, scale);
  if (a && b) return *a < *b ? -1 : *a > *b ? 1 : 0;
  const Wide wide_a = widen(left) * Wide::GetScaleMultiplier(scale - left_scale);
  const Wide wide_b = widen(right) * Wide::GetScaleMultiplier(scale - right_scale);
  return wide_a < wide_b ? -1 : wide_b < wide_a ? 1 : 0;
}

std::optional<Int128> multiply(Int128 left, Int128 right, int scale_of_product, int scale) {
  Int128 product;
  if (!__builtin_mul_overflow(left, right, &product)) {
    const Int128 exact = scale_of_product > scale ? rounded_quotient(product, power_of_ten(scale_of_product - scale)) : product;
    return fits(exact, kNumericDigits) ? std::optional(exact) : std::nullopt;
  }
  return narrow((widen(left) * widen(right)).ReduceScaleBy(scale_of_product - scale, true));
}

std::optional<Int128> divide(Int128 left, int left_scale, Int128 right, int right_scale, int scale) {
  const int up = scale + right_scale - left_scale;
  if (up >= 0 && up <= kNumericDigits) {
    Int128 dividend;
    if (!__builtin_mul_overflow(left, power_of_ten(up), &dividend)) {
      const Int128 quotient = rounded_quotient(dividend, right);
      return fits(quotient, kNumericDigits) ? std::optional(quotient) : std::nullopt;
    }
  }
  // A dividend of more than 76 digits over a divisor of at most 38 has more than 38.
  const auto dividend = scaled_up(left, up);
  if (!dividend) return std::nullopt;
  Wide quotient, left_over;
  if (dividend->Divide(widen(right), &quotient, &left_over) != arrow::DecimalStatus::kSuccess) return std::nullopt;
  if (Wide::Abs(left_over) * Wide(2) >= Wide::Abs(widen(right))) quotient += Wide((left < 0) == (right < 0) ? 1 : -1);
  return narrow(quotient);
}

std::optional<Int128> remainder(Int128 left, int left_scale, Int128 right, int right_scale) {
  const int scale = std::max(left_scale, right_scale);
  const auto a = rescale(left, left_scale, scale), b = rescale(right, right_scale, scale);
  if (a && b) return *a % *b;
  Wide quotient, left_over;
  const Wide wide_a = widen(left) * Wide::GetScaleMultiplier(scale - left_scale);
  const Wide wide_b = widen(right) * Wide::GetScaleMultiplier(scale - right_scale);
  if (wide_a.Divide(wide_b, &quotient, &left_over) != arrow::DecimalStatus::kSuccess) return std::nullopt;
  return narrow(left_over);
}

std::string to_text(Int128 value, int scale) {
  std::string reversed;
  UInt128 rest = static_cast<UInt128>(magnitude(value));
  for (int at = 0; rest > 0 || at <= scale; ++at) {
    if (at == scale && scale > 0) reversed += '.';
    reversed += static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  }
  if (value < 0) reversed += '-';
  std::reverse(reversed.begin(), reversed.end());
  return reversed;
}

std::optional<Int128> parse_numeric(std::string_view text, int precision, int scale, bool& overflow) {
  overflow = false;
  std::string_view word = trimmed(text);
  if (!word.empty() && (word.front() == '-' || word.front() == '+')) word.remove_prefix(1);
  if (same_word(trimmed(text), "nan") || same_word(word, "infinity") || same_word(word, "inf")) {
    overflow = true;
    return std::nullopt;
  }
  const auto parts = take_apart(text);
  if (!parts) return std::nullopt;
  if (parts->digits.empty()) return Int128{0};
  const int64_t kept = parts->point + scale;
  if (kept < 0) return Int128{0};
  overflow = kept > kNumericDigits;
  if (overflow) return std::nullopt;
  Int128 value = 0;
  for (int64_t i = 0; i < kept; ++i) {
    value = value * 10 + (i < static_cast<int64_t>(parts->digits.size()) ? parts->digits[static_cast<size_t>(i)] - '0' : 0);
  }
  if (kept < static_cast<int64_t>(parts->digits.size()) && parts->digits[static_cast<size_t>(kept)] >= '5') ++value;
  overflow = !fits(value, precision);
  if (overflow) return std::nullopt;
  return parts->negative ? -value : value;
}

std::optional<Digits> digits_of_literal(std::string_view text) {
  const auto parts = take_apart(text);
  if (!parts) return std::nullopt;
  const int64_t scale = std::max<int64_t>(0, parts->fraction - parts->exponent);
  const int64_t before = parts->digits.empty() ? 0 : std::max<int64_t>(0, parts->point);
  const int64_t precision = std::max<int64_t>(1, before + scale);
  if (precision > kNumericDigits) return std::nullopt;
  return Digits{static_cast<int>(precision), static_cast<int>(scale)};
}

double to_double(Int128 value, int scale) {
  // Both operands are exact in a double, so that the one division rounds once.
  if (magnitude(value) <= (Int128{1} << 53) && scale <= 22) {
    return static_cast<double>(static_cast<int64_t>(value)) / static_cast<double>(power_of_ten(scale));
  }
  const std::string text = to_text(value, scale);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

float to_float(Int128 value, int scale) {
  const std::string text = to_text(value, scale);
  float number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::optional<Int128> from_double(double value, int significant, int precision, int scale) {
  if (!std::isfinite(value)) return std::nullopt;
  std::array<char, 64> text;
  const int size = std::snprintf(text.data(), text.size(), "%.*g", significant, value);
  bool overflow = false;
  return parse_numeric({text.data(), static_cast<size_t>(size)}, precision, scale, overflow);
}

}  // namespace laketide::expr
