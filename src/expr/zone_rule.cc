#include "expr/zone_rule.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "expr/civil.h"

namespace laketide::expr {
namespace {

constexpr int64_t kDaySeconds = 86'400;

/// A TZ string, read from its beginning. Confined to its task.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // An abbreviation: letters, or anything in angle brackets.
  bool name() {
    const bool quoted = take('<');
    size_t size = 0;
    while (size < rest_.size() && (quoted ? rest_[size] != '>' : std::isalpha(static_cast<unsigned char>(rest_[size])) != 0)) ++size;
    if (size == 0) return false;
    rest_.remove_prefix(size);
    return !quoted || take('>');
  }
  std::optional<int> number(int most) {
    int value = 0;
    size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9' && value <= most; ++digits) value = value * 10 + (rest_[digits] - '0');
    if (digits == 0 || value > most) return {};
    rest_.remove_prefix(digits);
    return value;
  }
  // [+-]hh[:mm[:ss]], of up to a week.
  std::optional<int64_t> time() {
    constexpr int kHoursMax = 167;
    const int64_t sign = take('-') ? -1 : 1;
    if (sign > 0) take('+');
    const auto hours = number(kHoursMax);
    if (!hours) return {};
    int64_t seconds = int64_t{*hours} * 3600;
    for (int64_t unit = 60; unit >= 1 && take(':'); unit /= 60) {
      const auto part = number(59);
      if (!part) return {};
      seconds += *part * unit;
    }
    return sign * seconds;
  }
  std::optional<ZoneRule::Change> change() {
    using Kind = ZoneRule::Change::Kind;
    ZoneRule::Change made;
    if (take('M')) {
      const auto month = number(12);
      if (!month || *month < 1 || !take('.')) return {};
      const auto week = number(5);
      if (!week || *week < 1 || !take('.')) return {};
      const auto day = number(6);
      if (!day) return {};
      made = {Kind::kMonth, *month, *week, *day};
    } else {
      made.kind = take('J') ? Kind::kJulian : Kind::kDay;
      const auto day = number(365);
      if (!day || (made.kind == Kind::kJulian && *day < 1)) return {};
      made.day = *day;
    }
    if (!take('/')) return made;
    const auto second = time();
    if (!second) return {};
    made.second = *second;
    return made;
  }

 private:
  std::string_view rest_;
};

int64_t year_of(int64_t second) { return civil_of(floor_divide(second, kDaySeconds)).year; }

// Big-endian, as TZif has its numbers.
int64_t big_endian(std::string_view bytes, size_t at, size_t size) {
  uint64_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return static_cast<int64_t>(value);
}

}  // namespace

int64_t ZoneRule::Change::in_year(int64_t year) const {
  int64_t on = days_of({year, 1, 1});
  if (kind == Kind::kDay) {
    on += day;
  } else if (kind == Kind::kJulian) {
    on += day - 1 + (day > 59 && days_in(year, 2) == 29 ? 1 : 0);
  } else {
    const int64_t first = days_of({year, month, 1});
    const int64_t weekday = first + 4 - floor_divide(first + 4, 7) * 7;  // 0: Sunday
    int64_t of_month = (day - weekday + 7) % 7 + (week - 1) * 7;
    if (of_month >= days_in(year, month)) of_month -= 7;
    on = first + of_month;
  }
  return on * kDaySeconds + second;
}

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
  RuleReader reader(text);
  ZoneRule made;
  if (!reader.name()) return {};
  const auto standard = reader.time();
  if (!standard) return {};
  made.standard_ = made.summer_ = -*standard;  // there it counts westwards
  if (reader.done()) return made;
  if (!reader.name()) return {};
  made.summer_ = made.standard_ + 3600;
  if (!reader.next_is(',')) {
    const auto summer = reader.time();
    if (!summer) return {};
    made.summer_ = -*summer;
  }
  if (!reader.take(',') || !(made.begin_ = reader.change()) || !reader.take(',') || !(made.end_ = reader.change()) || !reader.done()) return {};
  return made;
}

int64_t ZoneRule::offset_at(int64_t second) const {
  if (!begin_) return standard_;
  const int64_t year = year_of(second + standard_);
  const int64_t begin = begin_->in_year(year) - standard_, end = end_->in_year(year) - summer_;
  const bool summer = begin < end ? second >= begin && second < end : second >= begin || second < end;
  return summer ? summer_ : standard_;
}

int64_t ZoneRule::offset_of(int64_t clock) const {
  if (!begin_) return standard_;
  // The later instant that shows it is the one by the smaller offset.
  const int64_t least = std::min(standard_, summer_), most = std::max(standard_, summer_);
  if (offset_at(clock - least) == least) return least;
  if (offset_at(clock - most) == most) return most;
  return least;  // left out: clocks were put forward from the smaller one
}

std::optional<ZoneEnd> zone_end_of_file(std::string_view bytes) {
  constexpr size_t kHeader = 44, kCounts = 20;
  const auto counts_at = [&](size_t header) {
    std::array<size_t, 6> counts{};  // of UT marks, standard marks, leap seconds, changes, kinds of time, bytes of abbreviations
    for (size_t i = 0; i < counts.size(); ++i) counts[i] = static_cast<size_t>(big_endian(bytes, header + kCounts + 4 * i, 4));
    return counts;
  };
  const auto size_of = [](const std::array<size_t, 6>& n, size_t time) { return n[3] * (time + 1) + n[4] * 6 + n[5] + n[2] * (time + 4) + n[1] + n[0]; };
  if (bytes.size() < kHeader || !bytes.starts_with("TZif") || bytes[4] < '2') return {};
  const size_t second = kHeader + size_of(counts_at(0), 4);
  if (bytes.size() < second + kHeader || !bytes.substr(second).starts_with("TZif")) return {};
  const auto counts = counts_at(second);
  const size_t data = second + kHeader, footer = data + size_of(counts, 8);
  if (bytes.size() < footer + 2 || bytes[footer] != '\n' || bytes.back() != '\n') return {};
  const auto rule = ZoneRule::parse(bytes.substr(footer + 1, bytes.size() - footer - 2));
  if (!rule) return {};
  return ZoneEnd{counts[3] == 0 ? INT64_MIN : big_endian(bytes, data + (counts[3] - 1) * 8, 8), *rule};
}

}  // namespace laketide::expr
