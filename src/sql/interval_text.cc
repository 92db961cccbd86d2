#include "sql/interval_text.h"

#include <charconv>
#include <cmath>
#include <iterator>

namespace laketide::sql {
namespace {

constexpr int64_t kMilli = 1000, kSecond = 1000 * kMilli, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr double kLongest = 100'000.0 * static_cast<double>(kDay);

struct Unit {
  std::string_view names;  // separated by blanks
  int64_t microseconds;
};

// PostgreSQL's spellings (datetime.c, deltatktbl).
constexpr Unit kUnits[] = {
    {" us usec usecs usecond useconds microsecond microseconds ", 1},
    {" ms msec msecs msecond mseconds millisecond milliseconds ", kMilli},
    {" s sec secs second seconds ", kSecond},
    {" m min mins minute minutes ", kMinute},
    {" h hr hrs hour hours ", kHour},
    {" d day days ", kDay},
    {" w week weeks ", 7 * kDay},
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Reads an interval from left to right. Confined to its task.
class Reading {
 public:
  explicit Reading(std::string_view text) : rest_(text) {}

  std::optional<int64_t> read() {
    double sum = 0;
    bool any = false;
    for (skip(); !rest_.empty(); skip()) {
      const auto part = this->part();
      if (!part) return {};
      sum += *part;
      any = true;
    }
    if (!any || !(std::fabs(sum) <= kLongest)) return {};
    return std::llround(sum);
  }

 private:
  void skip() {
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  std::optional<double> number() {
    double value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value, std::chars_format::fixed);
    if (error != std::errc() || !std::isfinite(value)) return {};
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    return value;
  }
  // "10 seconds" or "01:30:00".
  std::optional<double> part() {
    double sign = 1;
    if (rest_.front() == '-' || rest_.front() == '+') {
      sign = rest_.front() == '-' ? -1 : 1;
      rest_.remove_prefix(1);
    }
    if (rest_.empty() || rest_.front() == '-') return {};
    const auto value = number();
    if (!value) return {};
    if (!rest_.empty() && rest_.front() == ':') return clock(*value, sign);
    skip();
    std::string name(1, ' ');
    for (; !rest_.empty() && is_letter(rest_.front()); rest_.remove_prefix(1)) name += static_cast<char>(rest_.front() | 0x20);
    name += ' ';
    for (const Unit& unit : kUnits) {
      if (name.size() > 2 && unit.names.find(name) != std::string_view::npos) return sign * *value * static_cast<double>(unit.microseconds);
    }
    return {};
  }
  std::optional<double> clock(double hours, double sign) {
    double parts[3] = {hours, 0, 0};
    int count = 1;
    for (; count < 3 && !rest_.empty() && rest_.front() == ':'; ++count) {
      rest_.remove_prefix(1);
      const auto next = number();
      if (!next || *next < 0 || *next >= 60) return {};
      parts[count] = *next;
    }
    return sign * (parts[0] * static_cast<double>(kHour) + parts[1] * static_cast<double>(kMinute) + parts[2] * static_cast<double>(kSecond));
  }

  std::string_view rest_;
};

}  // namespace

std::optional<int64_t> interval_microseconds(std::string_view text) { return Reading(text).read(); }

std::string interval_text(int64_t microseconds) {
  constexpr std::pair<int64_t, const char*> kShown[] = {{kDay, " d"}, {kHour, " h"}, {kMinute, " min"}, {kSecond, " s"}, {kMilli, " ms"}, {1, " us"}};
  std::string text = microseconds < 0 ? "-" : "";
  for (int64_t rest = std::abs(microseconds); const auto& [unit, name] : kShown) {
    if (rest < unit) continue;
    text += (text.size() > 1 ? " " : "") + std::to_string(rest / unit) + name;
    rest %= unit;
  }
  return text.empty() ? "0 s" : text;
}

}  // namespace laketide::sql
