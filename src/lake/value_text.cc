#include "lake/value_text.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace laketide::lake {

namespace {

constexpr int64_t kMicrosPerDay = 86'400'000'000;
constexpr int64_t kFirst = -62'135'596'800'000'000;  // 0001-01-01T00:00Z
constexpr int64_t kEnd = 253'402'300'800'000'000;    // 10000-01-01T00:00Z

int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

}  // namespace

std::string date_text(int64_t days) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{days}}};
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", int(date.year()), unsigned(date.month()), unsigned(date.day()));
  return text.data();
}

std::string timestamp_text(int64_t micros, char between, int digits, bool zulu) {
  const int64_t days = floor_div(micros, kMicrosPerDay);
  const int64_t rest = micros - days * kMicrosPerDay;
  const int64_t seconds = rest / 1'000'000;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%c%02d:%02d:%02d.%06d", between, int(seconds / 3600), int(seconds / 60 % 60),
                int(seconds % 60), int(rest % 1'000'000));
  const size_t kept = digits == 0 ? 9 : 10 + static_cast<size_t>(digits);
  return date_text(days) + std::string(text.data(), kept) + (zulu ? "Z" : "");
}

bool has_plain_text(int64_t micros) { return micros >= kFirst && micros < kEnd; }

std::optional<int64_t> parse_timestamp_micros(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%d-%d-%d%*[T ]%d:%d:%d%n", &year, &month, &day, &hour, &minute, &second, &used) != 6) {
    return std::nullopt;
  }
  int64_t fraction = 0;
  if (static_cast<size_t>(used) < copy.size()) {
    if (copy[used] != '.') return std::nullopt;
    std::string digits = copy.substr(used + 1);
    if (digits.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    digits.resize(6, '0');
    fraction = std::stoll(digits);
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * kMicrosPerDay + ((hour * 60LL + minute) * 60 + second) * 1'000'000 + fraction;
}

}  // namespace laketide::lake
