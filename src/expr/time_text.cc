#include "expr/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "expr/civil.h"
#include "expr/number_text.h"

namespace laketide::expr {
namespace {

constexpr auto kNoTime = ErrorCode::kInvalidDatetimeFormat;
constexpr auto kTextOverflow = ErrorCode::kDatetimeFieldOverflow;

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
  if (date.year < 1 || date.month < 1 || date.month > 12 || date.day < 1) return kTextOverflow;
  return date.day > days_in(date.year, date.month) ? kTextOverflow : kGood;
}

ErrorCode read_date(Cursor& at, int64_t& days) {
  size_t count;
  const auto first = at.number(8, count);
  if (!first) return kNoTime;
  Civil date{*first, 1, 1};
  if (count == 8) {
    date = {*first / 10'000, static_cast<int>(*first / 100 % 100), static_cast<int>(*first % 100)};
  } else {
    if (count < 4 || !at.take('-')) return kNoTime;
    const auto month = at.number(2);
    if (!month || !at.take('-')) return kNoTime;
    const auto day = at.number(2);
    if (!day) return kNoTime;
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
  if (!hour || !at.take(':')) return kNoTime;
  const auto minute = at.number(2);
  if (!minute) return kNoTime;
  int64_t second = 0, fraction = 0;
  if (at.take(':')) {
    const auto read = at.number(2);
    if (!read) return kNoTime;
    second = *read;
    if (at.take('.')) fraction = read_fraction(at);
  }
  micros = ((*hour * 60 + *minute) * 60 + second) * kMicrosPerSecond + fraction;
  return *hour > 24 || *minute > 59 || second > 60 || micros > kMicrosPerDay ? kTextOverflow : kGood;
}

ErrorCode read_zone(Cursor& at, int64_t& offset) {
  at.skip_blanks();
  offset = 0;
  const char sign = at.peek();
  if (sign != '+' && sign != '-') {
    for (const std::string_view name : {"Z", "z", "UTC", "utc", "GMT", "gmt"}) {
      if (at.rest == name) at.rest = {};
    }
    return at.rest.empty() ? kGood : kNoTime;
  }
  at.rest.remove_prefix(1);
  size_t count;
  const auto first = at.number(4, count);
  if (!first || count == 3) return kNoTime;
  int64_t hours = *first, minutes = 0, seconds = 0;
  if (count == 4) {
    hours = *first / 100;
    minutes = *first % 100;
  } else if (at.take(':')) {
    const auto read = at.number(2);
    if (!read) return kNoTime;
    minutes = *read;
    if (at.take(':')) {
      const auto last = at.number(2);
      if (!last) return kNoTime;
      seconds = *last;
    }
  }
  offset = ((hours * 60 + minutes) * 60 + seconds) * kMicrosPerSecond * (sign == '+' ? 1 : -1);
  if (!at.rest.empty()) return kNoTime;
  return hours > 15 || minutes > 59 || seconds > 59 ? kTextOverflow : kGood;
}

ErrorCode read_all(std::string_view text, bool zoned, int64_t& days, int64_t& micros) {
  Cursor at{trim_blanks(text)};
  micros = 0;
  if (const ErrorCode wrong = read_date(at, days); wrong != kGood) return wrong;
  if (at.rest.empty()) return kGood;
  if (!at.take('T') && !at.take('t') && at.peek() != ' ') return kNoTime;
  at.skip_blanks();
  if (const ErrorCode wrong = read_time(at, micros); wrong != kGood) return wrong;
  int64_t offset;
  const ErrorCode wrong = read_zone(at, offset);
  if (wrong == kGood && zoned) micros -= offset;
  return wrong;
}

/// Digits into a buffer that is long enough for every timestamp. Confined to its task.
class TimeWriter {
 public:
  /// Year, month and day; true if the year is before 1.
  bool day(int64_t days) {
    const Civil date = civil_of(days);
    const bool before = date.year <= 0;
    const int64_t year = before ? 1 - date.year : date.year;
    if (year > 9999) {
      end_ = std::to_chars(end_, text_.data() + text_.size(), year).ptr;
    } else {
      two(year / 100);
      two(year % 100);
    }
    add("-");
    two(date.month);
    add("-");
    two(date.day);
    return before;
  }
  void date(int64_t days) {
    if (day(days)) add(" BC");
  }
  void time(int64_t micros) {
    const int64_t seconds = micros / kMicrosPerSecond;
    two(seconds / 3600);
    add(":");
    two(seconds / 60 % 60);
    add(":");
    two(seconds % 60);
    int64_t fraction = micros % kMicrosPerSecond;
    if (fraction == 0) return;
    add(".");
    for (int64_t unit = kMicrosPerSecond / 10; fraction > 0; unit /= 10) {
      *end_++ = static_cast<char>('0' + fraction / unit);
      fraction %= unit;
    }
  }
  void add(std::string_view text) { end_ = std::copy(text.begin(), text.end(), end_); }
  std::string taken() const { return {text_.data(), static_cast<size_t>(end_ - text_.data())}; }

 private:
  void two(int64_t value) {
    *end_++ = static_cast<char>('0' + value / 10);
    *end_++ = static_cast<char>('0' + value % 10);
  }

  std::array<char, 64> text_;
  char* end_ = text_.data();
};

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
  return wrong == kGood ? kNoTime : wrong;
}

ErrorCode parse_timestamp(std::string_view text, bool zoned, int64_t& micros) {
  int64_t days = 0, of_day;
  micros = 0;
  if (const ErrorCode wrong = read_all(text, zoned, days, of_day); wrong != kGood) return wrong;
  int64_t value;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &value) || __builtin_add_overflow(value, of_day, &value) || value < kTimestampMin) {
    return kTextOverflow;
  }
  micros = value;
  return kGood;
}

std::string print_date(int64_t days) {
  TimeWriter text;
  text.date(days);
  return text.taken();
}

std::string print_time(int64_t micros) {
  TimeWriter text;
  text.time(micros);
  return text.taken();
}

std::string print_timestamp(int64_t micros, bool zoned) {
  const int64_t days = micros / kMicrosPerDay - (micros % kMicrosPerDay < 0);
  TimeWriter text;
  const bool before = text.day(days);
  text.add(" ");
  text.time(micros - days * kMicrosPerDay);
  if (zoned) text.add("+00");
  if (before) text.add(" BC");
  return text.taken();
}

}  // namespace laketide::expr
