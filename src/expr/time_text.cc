#include "expr/time_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

#include "expr/number_text.h"

namespace laketide::expr {
namespace {

constexpr auto kInvalid = ErrorCode::kInvalidDatetimeFormat;
constexpr auto kOverflow = ErrorCode::kDatetimeFieldOverflow;

// The range of PostgreSQL's timestamps, in microseconds since 1970: 4714-11-24 BC, and the end of int64 here (year 294247).
constexpr int64_t kTimestampMin = -210'866'803'200 * kMicrosPerSecond;

struct Civil {
  int64_t year;
  int month, day;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar; by Howard Hinnant's days_from_civil.
int64_t days_of(const Civil& date) {
  const int64_t year = date.year - (date.month <= 2);
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

Civil civil_of(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t of_era = days - era * 146'097;
  const int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const auto shifted = static_cast<int>((5 * of_year + 2) / 153);
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year + era * 400 + (month <= 2), month, static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1)};
}

int days_in(int64_t year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

/// What is left of a text while it is read. Confined to its task.
struct Cursor {
  std::string_view rest;

  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  char peek() const { return rest.empty() ? '\0' : rest.front(); }
  void skip_blanks() {
    while (peek() == ' ' || peek() == '\t') rest.remove_prefix(1);
  }
  /// A number of at least one and at most `most` digits; how many it had goes into `count`.
  std::optional<int64_t> number(size_t most, size_t& count) {
    count = 0;
    int64_t value = 0;
    while (count < most && peek() >= '0' && peek() <= '9') {
      value = value * 10 + (peek() - '0');
      rest.remove_prefix(1);
      ++count;
    }
    if (count == 0) return std::nullopt;
    return value;
  }
  std::optional<int64_t> number(size_t most) {
    size_t count;
    return number(most, count);
  }
};

ErrorCode check(const Civil& date) {
  if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1) return kOverflow;
  return date.day > days_in(date.year, date.month) ? kOverflow : kGood;
}

ErrorCode read_date(Cursor& at, int64_t& days) {
  size_t count;
  const auto first = at.number(8, count);
  if (!first) return kInvalid;
  Civil date{*first, 1, 1};
  if (count == 8) {
    date = {*first / 10'000, static_cast<int>(*first / 100 % 100), static_cast<int>(*first % 100)};
  } else {
    if (count < 4 || !at.take('-')) return kInvalid;
    const auto month = at.number(2);
    if (!month || !at.take('-')) return kInvalid;
    const auto day = at.number(2);
    if (!day) return kInvalid;
    date.month = static_cast<int>(*month);
    date.day = static_cast<int>(*day);
  }
  const ErrorCode wrong = check(date);
  days = wrong == kGood ? days_of(date) : 0;
  return wrong;
}

// PostgreSQL rounds a fraction of a second as a double.
int64_t read_fraction(Cursor& at) {
  const char* begin = at.rest.data();
  while (at.number(18)) {
  }
  double fraction = 0;
  const std::string text = "0." + std::string(begin, static_cast<size_t>(at.rest.data() - begin));
  std::from_chars(text.data(), text.data() + text.size(), fraction);
  return std::llrint(fraction * static_cast<double>(kMicrosPerSecond));
}

ErrorCode read_time(Cursor& at, int64_t& micros) {
  const auto hour = at.number(2);
  if (!hour || !at.take(':')) return kInvalid;
  const auto minute = at.number(2);
  if (!minute) return kInvalid;
  int64_t second = 0, fraction = 0;
  if (at.take(':')) {
    const auto read = at.number(2);
    if (!read) return kInvalid;
    second = *read;
    if (at.take('.')) fraction = read_fraction(at);
  }
  micros = ((*hour * 60 + *minute) * 60 + second) * kMicrosPerSecond + fraction;
  return *hour > 24 || *minute > 59 || second > 60 || micros > kMicrosPerDay ? kOverflow : kGood;
}

ErrorCode read_zone(Cursor& at, int64_t& offset) {
  at.skip_blanks();
  offset = 0;
  const char sign = at.peek();
  if (sign != '+' && sign != '-') {
    for (const std::string_view name : {"Z", "z", "UTC", "utc", "GMT", "gmt"}) {
      if (at.rest == name) at.rest = {};
    }
    return at.rest.empty() ? kGood : kInvalid;
  }
  at.rest.remove_prefix(1);
  size_t count;
  const auto first = at.number(4, count);
  if (!first || count == 3) return kInvalid;
  int64_t hours = *first, minutes = 0, seconds = 0;
  if (count == 4) {
    hours = *first / 100;
    minutes = *first % 100;
  } else if (at.take(':')) {
    const auto read = at.number(2);
    if (!read) return kInvalid;
    minutes = *read;
    if (at.take(':')) {
      const auto last = at.number(2);
      if (!last) return kInvalid;
      seconds = *last;
    }
  }
  offset = ((hours * 60 + minutes) * 60 + seconds) * kMicrosPerSecond * (sign == '+' ? 1 : -1);
  if (!at.rest.empty()) return kInvalid;
  return hours > 15 || minutes > 59 || seconds > 59 ? kOverflow : kGood;
}

ErrorCode read_all(std::string_view text, bool zoned, int64_t& days, int64_t& micros) {
  Cursor at{trim_blanks(text)};
  micros = 0;
  if (const ErrorCode wrong = read_date(at, days); wrong != kGood) return wrong;
  if (at.rest.empty()) return kGood;
  if (!at.take('T') && !at.take('t') && at.peek() != ' ') return kInvalid;
  at.skip_blanks();
  if (const ErrorCode wrong = read_time(at, micros); wrong != kGood) return wrong;
  int64_t offset;
  const ErrorCode wrong = read_zone(at, offset);
  if (wrong == kGood && zoned) micros -= offset;
  return wrong;
}

}  // namespace

ErrorCode parse_date(std::string_view text, int32_t& days) {
  int64_t wide = 0, micros;
  const ErrorCode wrong = read_all(text, false, wide, micros);
  days = wrong == kGood ? static_cast<int32_t>(wide) : 0;
  return wrong;
}

ErrorCode parse_time(std::string_view text, int64_t& micros) {
  Cursor at{trim_blanks(text)};
  const ErrorCode wrong = read_time(at, micros);
  if (wrong == kGood && at.rest.empty()) return kGood;
  micros = 0;
  return wrong == kGood ? kInvalid : wrong;
}

ErrorCode parse_timestamp(std::string_view text, bool zoned, int64_t& micros) {
  int64_t days = 0, of_day;
  micros = 0;
  if (const ErrorCode wrong = read_all(text, zoned, days, of_day); wrong != kGood) return wrong;
  int64_t value;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &value) || __builtin_add_overflow(value, of_day, &value) || value < kTimestampMin) {
    return kOverflow;
  }
  micros = value;
  return kGood;
}

std::string print_date(int64_t days) {
  const Civil date = civil_of(days);
  const bool before = date.year <= 0;
  std::array<char, 48> text;
  const int size = std::snprintf(text.data(), text.size(), "%04lld-%02d-%02d%s", static_cast<long long>(before ? 1 - date.year : date.year),
                                 date.month, date.day, before ? " BC" : "");
  return {text.data(), static_cast<size_t>(size)};
}

std::string print_time(int64_t micros) {
  const int64_t seconds = micros / kMicrosPerSecond, fraction = micros % kMicrosPerSecond;
  std::array<char, 48> text;
  int size = std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%06d", static_cast<int>(seconds / 3600),
                           static_cast<int>(seconds / 60 % 60), static_cast<int>(seconds % 60), static_cast<int>(fraction));
  while (text[static_cast<size_t>(size - 1)] == '0') --size;
  constexpr int kWithoutFraction = 8;
  return {text.data(), static_cast<size_t>(fraction == 0 ? kWithoutFraction : size)};
}

std::string print_timestamp(int64_t micros, bool zoned) {
  const int64_t days = micros / kMicrosPerDay - (micros % kMicrosPerDay < 0);
  std::string date = print_date(days), era;
  if (date.ends_with(" BC")) {
    era = " BC";
    date.resize(date.size() - era.size());
  }
  return date + " " + print_time(micros - days * kMicrosPerDay) + (zoned ? "+00" : "") + era;
}

}  // namespace laketide::expr
