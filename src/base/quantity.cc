#include "base/quantity.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <iterator>

namespace laketide {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

// Microseconds. The first of a factor is the one that is written.
constexpr Unit kDurations[] = {
    {"us", 1},          {"ms", 1e3},           {"millisecond", 1e3}, {"milliseconds", 1e3}, {"s", 1e6},
    {"sec", 1e6},       {"second", 1e6},       {"seconds", 1e6},     {"m", 60e6},           {"min", 60e6},
    {"minute", 60e6},   {"minutes", 60e6},     {"h", 3600e6},        {"hour", 3600e6},      {"hours", 3600e6},
    {"d", 24 * 3600e6}, {"day", 24 * 3600e6},  {"days", 24 * 3600e6}};
constexpr Unit kSizes[] = {{"B", 1},        {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
                           {"kB", 1e3},     {"KB", 1e3},     {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12}};

// Up to here a double tells neighbours apart: 285 years, 8 PiB.
constexpr int64_t kExactMax = int64_t{1} << 53;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// Takes "<number> <unit>" off the front of `text`, as a count of the smallest unit.
template <size_t n>
std::optional<double> take_quantity(std::string_view& text, const Unit (&units)[n]) {
  text = trimmed(text);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  text = trimmed(text.substr(static_cast<size_t>(end - text.data())));
  size_t length = 0;
  while (length < text.size() && std::isalpha(static_cast<unsigned char>(text[length])) != 0) ++length;
  for (const Unit& unit : units) {
    if (unit.name != text.substr(0, length)) continue;
    text = trimmed(text.substr(length));
    return number * unit.factor;
  }
  return std::nullopt;
}

std::optional<int64_t> whole(double value) {
  if (!(value >= 0) || value > static_cast<double>(kExactMax) || std::abs(value - std::round(value)) > 1e-6 * std::max(1.0, value)) return std::nullopt;
  return static_cast<int64_t>(std::llround(value));
}

/// `value` in the largest unit that divides it.
template <size_t n>
std::string in_largest_unit(int64_t value, const Unit (&units)[n], double factor_step_min) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    const auto factor = static_cast<int64_t>(unit.factor);
    if (value != 0 && value % factor == 0 && unit.factor >= best->factor * factor_step_min) best = &unit;
  }
  return std::to_string(value / static_cast<int64_t>(best->factor)) + std::string(best->name);
}

}  // namespace

std::optional<std::chrono::microseconds> parse_duration(std::string_view text) {
  text = trimmed(text);
  if (const auto bare = parse_integer(text)) {
    if (*bare < 0 || *bare > kExactMax / 1000) return std::nullopt;
    return std::chrono::milliseconds(*bare);
  }
  double sum = 0;
  do {
    const auto part = take_quantity(text, kDurations);
    if (!part) return std::nullopt;
    sum += *part;
  } while (!text.empty());
  const auto micros = whole(sum);
  return micros ? std::optional(std::chrono::microseconds(*micros)) : std::nullopt;
}

std::string duration_text(std::chrono::microseconds duration) {
  if (duration.count() == 0) return "0ms";
  return in_largest_unit(duration.count(), kDurations, 2);
}

std::optional<int64_t> parse_size(std::string_view text) {
  text = trimmed(text);
  if (const auto bare = parse_integer(text)) return *bare < 0 || *bare > kExactMax ? std::nullopt : bare;
  const auto bytes = take_quantity(text, kSizes);
  return bytes && text.empty() ? whole(*bytes) : std::nullopt;
}

std::string size_text(int64_t bytes) {
  // Powers of 1024 only: they come first, and a power of 1000 is never so much larger.
  constexpr Unit kBinary[] = {kSizes[0], kSizes[1], kSizes[2], kSizes[3], kSizes[4]};
  return in_largest_unit(bytes, kBinary, 2);
}

std::optional<double> parse_ratio(std::string_view text) {
  text = trimmed(text);
  const bool percent = !text.empty() && text.back() == '%';
  const auto number = parse_number(percent ? trimmed(text.substr(0, text.size() - 1)) : text);
  if (!number) return std::nullopt;
  return percent ? *number / 100 : *number;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string number_text(double number) {
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return error == std::errc() ? std::string(text, end) : std::string("0");
}

}  // namespace laketide
