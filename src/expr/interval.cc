#include "expr/interval.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>

#include "expr/civil.h"
#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/time_text.h"

namespace laketide::expr {
namespace {

constexpr auto kNoInterval = ErrorCode::kInvalidDatetimeFormat;
constexpr int64_t kMicrosPerHour = 3600 * kMicrosPerSecond, kMicrosPerMinute = 60 * kMicrosPerSecond;

/// A unit: so many months, days or microseconds.
struct Unit {
  std::string_view names;  // separated by blanks (datetime.c, deltatktbl)
  int64_t months, days, micros;
};

constexpr Unit kUnits[] = {
    {" us usec usecs usecond useconds microsecon microsecond microseconds ", 0, 0, 1},
    {" ms msec msecs mseconds millisecon millisecond milliseconds ", 0, 0, 1000},
    {" s sec secs second seconds ", 0, 0, kMicrosPerSecond},
    {" m min mins minute minutes ", 0, 0, kMicrosPerMinute},
    {" h hr hrs hour hours ", 0, 0, kMicrosPerHour},
    {" d day days ", 0, 1, 0},
    {" w week weeks ", 0, 7, 0},
    {" mon mons month months ", 1, 0, 0},
    {" y yr yrs year years ", 12, 0, 0},
    {" dec decs decade decades ", 120, 0, 0},
    {" c cent century centuries ", 1200, 0, 0},
    {" mil mils millennia millennium ", 12'000, 0, 0},
};

const Unit* unit_of(std::string_view word) {
  std::string name(" ");
  for (const char c : word) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  name += ' ';
  const auto found = std::find_if(std::begin(kUnits), std::end(kUnits), [&](const Unit& unit) { return unit.names.find(name) != std::string_view::npos; });
  return found == std::end(kUnits) ? nullptr : found;
}

/// Whole and fraction of a number as it was written, with its sign. Immutable.
struct Number {
  int64_t whole = 0;
  double fraction = 0;
};

/// Reads an interval from left to right into a sum. Confined to its task.
class IntervalReader {
 public:
  explicit IntervalReader(std::string_view text) : rest_(trim_blanks(text)) {}

  ErrorCode read(Interval& out) {
    const bool iso = !rest_.empty() && rest_.front() == 'P';
    const ErrorCode wrong = iso ? read_iso() : read_words();
    if (wrong != kGood) return wrong;
    if (overflow_) return ErrorCode::kDatetimeFieldOverflow;
    return make_interval(months_, days_, micros_, out);
  }

 private:
  static bool digit(char c) { return c >= '0' && c <= '9'; }
  static bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void skip() {
    while (!rest_.empty() && blank(rest_.front())) rest_.remove_prefix(1);
  }
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }

  std::string_view word() {
    size_t size = 0;
    while (size < rest_.size() && letter(rest_[size])) ++size;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  // Digits, and behind a point more of them; false: there are none, or too many.
  bool unsigned_number(Number& number) {
    const char* const begin = rest_.data();
    const auto [end, error] = std::from_chars(begin, begin + rest_.size(), number.whole);
    const bool digits = error == std::errc() && digit(peek());
    if (error == std::errc::result_out_of_range) overflow_ = true;
    if (digits) rest_.remove_prefix(static_cast<size_t>(end - begin));
    else number.whole = 0;
    if (overflow_ || (!digits && peek() != '.')) return false;
    if (peek() != '.') return true;
    size_t size = 1;
    while (size < rest_.size() && digit(rest_[size])) ++size;
    if (size == 1 && !digits) return false;
    const std::string text = "0" + std::string(rest_.substr(0, size));
    std::from_chars(text.data(), text.data() + text.size(), number.fraction);
    rest_.remove_prefix(size);
    return true;
  }

  // PostgreSQL: no unit twice, and no seconds beside a time.
  bool first_of(uint32_t units) {
    const bool first = (seen_ & units) == 0;
    seen_ |= units;
    return first;
  }
  static uint32_t bit(const Unit& unit) { return 1U << (&unit - kUnits); }
  uint32_t bits(const Unit& unit, const Number& number) const {
    constexpr uint32_t kSeconds = 0b111;  // with those of milliseconds and microseconds
    return bit(unit) == 0b100 && number.fraction != 0 ? kSeconds : bit(unit);
  }

  void add(int64_t& sum, int64_t count, int64_t size) {
    int64_t product = 0;
    overflow_ |= __builtin_mul_overflow(count, size, &product) || __builtin_add_overflow(sum, product, &sum);
  }

  // PostgreSQL: a fraction of a year becomes whole months, one of a month days and time, one of a week or day days and time.
  void add_number(const Number& number, int sign, const Unit& unit) {
    add(months_, sign * number.whole, unit.months);
    add(days_, sign * number.whole, unit.days);
    add(micros_, sign * number.whole, unit.micros);
    const double fraction = sign * number.fraction;
    if (unit.months > 1) {
      add(months_, std::llrint(fraction * static_cast<double>(unit.months)), 1);
    } else if (unit.months == 1) {
      add_days(fraction * 30);
    } else if (unit.days > 0) {
      add_days(fraction * static_cast<double>(unit.days));
    } else {
      add(micros_, std::llrint(fraction * static_cast<double>(unit.micros)), 1);
    }
  }
  void add_days(double days) {
    const double whole = std::trunc(days);
    add(days_, static_cast<int64_t>(whole), 1);
    add(micros_, std::llrint((days - whole) * static_cast<double>(kMicrosPerDay)), 1);
  }

  // hours:minutes[:seconds]; `hours` was read before.
  ErrorCode read_clock(int64_t hours, int sign) {
    Number minutes, seconds;
    if (!take(':') || !unsigned_number(minutes)) return overflow_ ? ErrorCode::kDatetimeFieldOverflow : kNoInterval;
    if (minutes.fraction != 0) {  // minutes:seconds.fraction
      seconds = minutes;
      minutes = {hours, 0};
      hours = 0;
    } else if (take(':') && !unsigned_number(seconds)) {
      return overflow_ ? ErrorCode::kDatetimeFieldOverflow : kNoInterval;
    }
    constexpr uint32_t kClock = 0b11111;
    if (!first_of(kClock)) return kNoInterval;
    if (minutes.whole > 59 || seconds.whole > 60) return ErrorCode::kDatetimeFieldOverflow;
    add(micros_, sign * hours, kMicrosPerHour);
    add(micros_, sign * minutes.whole, kMicrosPerMinute);
    add(micros_, sign * seconds.whole, kMicrosPerSecond);
    add(micros_, std::llrint(sign * seconds.fraction * static_cast<double>(kMicrosPerSecond)), 1);
    return kGood;
  }

  ErrorCode read_words() {
    if (take('@')) skip();
    if (rest_.empty()) return kNoInterval;
    while (!rest_.empty()) {
      if (ago_) return kNoInterval;
      if (const ErrorCode wrong = read_part(); wrong != kGood) return wrong;
      skip();
    }
    if (!any_) return kNoInterval;
    if (!ago_) return kGood;
    months_ = -months_;
    days_ = -days_;
    micros_ = -micros_;
    return kGood;
  }

  ErrorCode read_part() {
    if (letter(peek())) {
      const std::string_view name = word();
      ago_ = any_ && name.size() == 3 && std::tolower(name[0]) == 'a' && std::tolower(name[1]) == 'g' && std::tolower(name[2]) == 'o';
      return ago_ ? kGood : kNoInterval;
    }
    const int sign = peek() == '-' ? -1 : 1;
    if (peek() == '-' || peek() == '+') rest_.remove_prefix(1);
    Number number;
    if (!unsigned_number(number)) return overflow_ ? ErrorCode::kDatetimeFieldOverflow : kNoInterval;
    any_ = true;
    if (peek() == ':') return number.fraction != 0 ? kNoInterval : read_clock(number.whole, sign);
    if (peek() == '-' && rest_.size() > 1 && digit(rest_[1])) return read_year_month(number.whole, sign);
    skip();
    if (letter(peek())) {
      const std::string_view before = rest_;
      if (const Unit* const unit = unit_of(word())) {
        if (!first_of(bits(*unit, number))) return kNoInterval;
        add_number(number, sign, *unit);
        return kGood;
      }
      rest_ = before;
    }
    // A bare number: days if a time follows, else seconds.
    const bool time_follows = rest_.find(':') != std::string_view::npos && !letter(peek());
    const Unit& unit = *unit_of(time_follows ? "day" : "second");
    if (!first_of(bits(unit, number))) return kNoInterval;
    add_number(number, sign, unit);
    return kGood;
  }

  ErrorCode read_year_month(int64_t years, int sign) {
    Number months;
    rest_.remove_prefix(1);
    if (!unsigned_number(months) || months.fraction != 0) return kNoInterval;
    if (months.whole > 11) return ErrorCode::kDatetimeFieldOverflow;
    if (!first_of(bit(*unit_of("year")) | bit(*unit_of("mon")))) return kNoInterval;
    add(months_, sign * years, 12);
    add(months_, sign * months.whole, 1);
    return kGood;
  }

  // P1Y2M3W4DT5H6M7.8S
  ErrorCode read_iso() {
    take('P');
    bool time = false;
    while (!rest_.empty()) {
      if (!time && take('T')) {
        time = any_ = true;
        continue;
      }
      const int sign = peek() == '-' ? -1 : 1;
      if (peek() == '-' || peek() == '+') rest_.remove_prefix(1);
      Number number;
      if (!unsigned_number(number)) return overflow_ ? ErrorCode::kDatetimeFieldOverflow : kNoInterval;
      const char letter = peek();
      const Unit* const unit = !time ? (letter == 'Y' ? unit_of("y") : letter == 'M' ? unit_of("mon") : letter == 'W' ? unit_of("w") : letter == 'D' ? unit_of("d") : nullptr)
                                     : (letter == 'H' ? unit_of("h") : letter == 'M' ? unit_of("m") : letter == 'S' ? unit_of("s") : nullptr);
      if (unit == nullptr) return kNoInterval;
      rest_.remove_prefix(1);
      add_number(number, sign, *unit);
      any_ = true;
    }
    return any_ ? kGood : kNoInterval;
  }

  std::string_view rest_;
  int64_t months_ = 0, days_ = 0, micros_ = 0;
  uint32_t seen_ = 0;  // units, by their place in kUnits
  bool overflow_ = false, any_ = false, ago_ = false;
};

// A part of what is printed; `negative`: the one before it was below 0.
void append_part(std::string& text, int64_t value, const char* unit, bool& negative) {
  if (value == 0) return;
  text += (text.empty() ? "" : " ") + std::string(negative && value > 0 ? "+" : "") + std::to_string(value) + " " + unit + (value == 1 ? "" : "s");
  negative = value < 0;
}

Int128 length_of(const Interval& interval) {
  return static_cast<Int128>(interval.months) * 30 * kMicrosPerDay + static_cast<Int128>(interval.days) * kMicrosPerDay + interval.micros();
}

}  // namespace

ErrorCode make_interval(int64_t months, int64_t days, int64_t micros, Interval& out) {
  out = {};
  int64_t nanos = 0;
  constexpr int64_t kLeast = std::numeric_limits<int32_t>::min(), kMost = std::numeric_limits<int32_t>::max();
  if (months < kLeast || months > kMost || days < kLeast || days > kMost || __builtin_mul_overflow(micros, int64_t{1000}, &nanos)) return ErrorCode::kDatetimeFieldOverflow;
  out = {static_cast<int32_t>(months), static_cast<int32_t>(days), nanos};
  return kGood;
}

ErrorCode parse_interval(std::string_view text, Interval& out) {
  out = {};
  return IntervalReader(text).read(out);
}

std::string print_interval(const Interval& interval) {
  std::string text;
  bool negative = false;
  append_part(text, interval.months / 12, "year", negative);
  append_part(text, interval.months % 12, "mon", negative);
  append_part(text, interval.days, "day", negative);
  const int64_t micros = interval.micros();
  if (micros == 0 && !text.empty()) return text;
  const uint64_t size = micros < 0 ? 0 - static_cast<uint64_t>(micros) : static_cast<uint64_t>(micros);
  const uint64_t hours = size / static_cast<uint64_t>(kMicrosPerHour);
  // Hours may have any number of digits; what is left is a time of the day.
  const std::string clock = print_time(static_cast<int64_t>(size % static_cast<uint64_t>(kMicrosPerHour)));
  const std::string digits = std::to_string(hours);
  text += (text.empty() ? "" : " ") + std::string(micros < 0 ? "-" : negative ? "+" : "");
  return text + (digits.size() < 2 ? "0" : "") + digits + clock.substr(2);
}

int compare(const Interval& left, const Interval& right) {
  const Int128 a = length_of(left), b = length_of(right);
  return a < b ? -1 : a > b ? 1 : 0;
}

ErrorCode shift_timestamp(int64_t micros, const Interval& by, int sign, int64_t& out) {
  out = 0;
  int64_t days = floor_divide(micros, kMicrosPerDay);
  const int64_t of_day = micros - days * kMicrosPerDay;
  if (by.months != 0) {
    Civil date = civil_of(days);
    const int64_t month = date.year * 12 + date.month - 1 + sign * int64_t{by.months};
    date.year = floor_divide(month, 12);
    date.month = static_cast<int>(month - date.year * 12) + 1;
    date.day = std::min(date.day, days_in(date.year, date.month));
    days = days_of(date);
  }
  days += sign * int64_t{by.days};
  int64_t value = 0;
  if (__builtin_mul_overflow(days, kMicrosPerDay, &value) || __builtin_add_overflow(value, of_day, &value) ||
      __builtin_add_overflow(value, sign * by.micros(), &value) || value < kTimestampMin) {
    return ErrorCode::kDatetimeFieldOverflow;
  }
  out = value;
  return kGood;
}

}  // namespace laketide::expr
