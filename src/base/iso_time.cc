#include "base/iso_time.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/eight_digits.h"

namespace laketide {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

/// Eats a text from its front. Confined to its task.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool done() const { return at_ == end_; }
  size_t left() const { return static_cast<size_t>(end_ - at_); }
  char peek() const { return at_ == end_ ? '\0' : *at_; }
  bool take(char wanted) {
    if (at_ == end_ || *at_ != wanted) return false;
    ++at_;
    return true;
  }
  /// Exactly `count` digits; -1 if they are not there.
  int digits(int count) {
    if (left() < static_cast<size_t>(count)) return -1;
    int value = 0;
    for (int i = 0; i < count; ++i) {
      const unsigned digit = static_cast<unsigned char>(at_[i]) - unsigned{'0'};
      if (digit > 9) return -1;
      value = value * 10 + static_cast<int>(digit);
    }
    at_ += count;
    return value;
  }
  /// Digits of a fraction as microseconds; -1 if there is none.
  int fraction() {
    int value = 0;
    int count = 0;
    for (; at_ != end_ && *at_ >= '0' && *at_ <= '9'; ++at_, ++count) {
      if (count < 6) value = value * 10 + (*at_ - '0');
    }
    for (int i = count; i < 6; ++i) value *= 10;
    return count == 0 ? -1 : value;
  }

 private:
  const char* at_;
  const char* end_;
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

// Howard Hinnant's days_from_civil: years begin in March, so that the leap day is the last.
int32_t days_since_1970(int year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

std::optional<int32_t> date(Scanner& in) {
  const int year = in.digits(4);
  if (year < 1 || !in.take('-')) return std::nullopt;
  const int month = in.digits(2);
  if (month < 1 || month > 12 || !in.take('-')) return std::nullopt;
  const int day = in.digits(2);
  if (day < 1 || day > days_in(year, month)) return std::nullopt;
  return days_since_1970(year, month, day);
}

std::optional<int64_t> time_of_day(Scanner& in) {
  const int hour = in.digits(2);
  if (hour < 0 || hour > 23 || !in.take(':')) return std::nullopt;
  const int minute = in.digits(2);
  if (minute < 0 || minute > 59) return std::nullopt;
  int second = 0;
  int micros = 0;
  if (in.take(':')) {
    second = in.digits(2);
    if (second < 0 || second > 60) return std::nullopt;
    if (in.take('.')) {
      micros = in.fraction();
      if (micros < 0) return std::nullopt;
    }
  }
  return ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + micros;
}

/// Seconds that local time is ahead of UTC.
std::optional<int> offset(Scanner& in) {
  if (in.take('Z') || in.take('z')) return 0;
  const bool west = in.peek() == '-';
  if (!in.take('+') && !in.take('-')) return std::nullopt;
  const int hours = in.digits(2);
  if (hours < 0 || hours > 18) return std::nullopt;
  int minutes = 0;
  if (!in.done()) {
    in.take(':');
    minutes = in.digits(2);
    if (minutes < 0 || minutes > 59) return std::nullopt;
  }
  const int seconds = (hours * 60 + minutes) * 60;
  return west ? -seconds : seconds;
}

constexpr int64_t kFirstMicros = -62'135'596'800'000'000;  // 0001-01-01T00:00Z
constexpr int64_t kEndMicros = 253'402'300'800'000'000;    // 10000-01-01T00:00Z

template <typename At>
constexpr uint64_t word_of(At at) {
  std::array<char, 8> bytes{};
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = at(i);
  return std::bit_cast<uint64_t>(bytes);
}

/// Eight characters that a text may have: `0` stands for any digit, all else for itself. Immutable.
class Shape {
 public:
  constexpr explicit Shape(const char (&text)[9]) : text_(word_of([&](size_t i) { return text[i]; })),
      fixed_(word_of([&](size_t i) { return text[i] == '0' ? '\0' : '\xff'; })) {}

  bool fits(const char* at) const {
    constexpr uint64_t kHighBits = 0x8080808080808080, kToHighBit = 0x7676767676767676;  // what takes 10 there, and 9 not
    const uint64_t differs = eight_at(at) ^ text_;
    return (((differs + kToHighBit) | differs) & kHighBits) == 0 && (differs & fixed_) == 0;
  }

 private:
  uint64_t text_;
  uint64_t fixed_;
};

constexpr Shape kYearMonth("0000-00-"), kDayHour("00T00:00"), kClock("00:00:00");

int two_digits(const char* at) { return (at[0] - '0') * 10 + (at[1] - '0'); }

/// The fraction's digits, one to nine, as microseconds; how many there are is 0 if there are none, or more.
int fraction_micros(const char* at, int64_t& micros) {
  constexpr std::array<int, 7> kToMicros = {1'000'000, 100'000, 10'000, 1'000, 100, 10, 1};
  const uint64_t eight = eight_at(at);
  int digits = leading_digits(eight);
  if (digits == 0) return 0;
  const int kept = std::min(digits, 6);
  micros += static_cast<int64_t>(digits_value(eight, kept)) * kToMicros[static_cast<size_t>(kept)];
  if (digits == 8) digits += std::min(leading_digits(eight_at(at + 8)), 2);
  return digits <= 9 ? digits : 0;
}

/// As CommonTimeReader, of a text with nothing behind it.
bool parse_common_form(std::string_view text, int64_t& micros) {
  constexpr size_t kMost = 30;
  if (text.size() > kMost) return false;
  std::array<char, kMost + CommonTimeReader::kReadable> padded{};
  if (!text.empty()) std::memcpy(padded.data(), text.data(), text.size());
  return !text.empty() && CommonTimeReader().read(padded.data(), micros) == text.size();
}

}  // namespace

bool CommonTimeReader::read_date(const char* at) {
  if (!kYearMonth.fits(at) || !kDayHour.fits(at + 8)) return false;
  const int year = two_digits(at) * 100 + two_digits(at + 2), month = two_digits(at + 5), day = two_digits(at + 8);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > days_in(year, month)) return false;
  date_[0] = eight_at(at);
  date_[1] = eight_at(at + 3);
  midnight_ = days_since_1970(year, month, day) * kSecondsPerDay * kMicrosPerSecond;
  return true;
}

size_t CommonTimeReader::read(const char* at, int64_t& micros) {
  if ((eight_at(at) != date_[0] || eight_at(at + 3) != date_[1]) && !read_date(at)) return 0;
  if (!kClock.fits(at + 11)) return 0;
  // Two digits are added up in each byte that the first of them had.
  const uint64_t clock = eight_at(at + 11) ^ eight_at("00:00:00"), pairs = clock * 10 + (clock >> 8);
  const auto hour = static_cast<int64_t>(pairs & 0xff), minute = static_cast<int64_t>(pairs >> 24 & 0xff), second = static_cast<int64_t>(pairs >> 48 & 0xff);
  if (hour > 23 || minute > 59 || second > 59) return 0;
  size_t end = 19;
  micros = midnight_ + ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond;
  if (at[end] == '.') {
    const int digits = fraction_micros(at + end + 1, micros);
    if (digits == 0) return 0;
    end += static_cast<size_t>(digits) + 1;
  }
  return at[end] == 'Z' ? end + 1 : 0;
}

std::optional<IsoTime> parse_iso_time(std::string_view text) {
  if (int64_t micros = 0; parse_common_form(text, micros)) return IsoTime{Instant{micros}, true};
  Scanner in(text);
  const auto days = date(in);
  if (!days) return std::nullopt;
  IsoTime result{Instant{*days * kSecondsPerDay * kMicrosPerSecond}, false};
  if (in.done()) return result;
  if (!in.take('T') && !in.take(' ') && !in.take('t')) return std::nullopt;
  const auto micros = time_of_day(in);
  if (!micros) return std::nullopt;
  result.instant.micros += *micros;
  if (!in.done()) {
    const auto ahead = offset(in);
    if (!ahead || !in.done()) return std::nullopt;
    result.instant.micros -= *ahead * kMicrosPerSecond;
    result.has_offset = true;
  }
  // An offset, or a second 60, leads out of the years that can be written.
  const int64_t at = result.instant.micros;
  return kFirstMicros <= at && at < kEndMicros ? std::optional(result) : std::nullopt;
}

std::optional<int32_t> parse_iso_date(std::string_view text) {
  Scanner in(text);
  const auto days = date(in);
  return in.done() ? days : std::nullopt;
}

std::optional<int64_t> parse_iso_time_of_day(std::string_view text) {
  Scanner in(text);
  const auto micros = time_of_day(in);
  return in.done() ? micros : std::nullopt;
}

}  // namespace laketide
