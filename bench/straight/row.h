// What a record holds, and how its time is read.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace straight {

struct Row {
  int64_t id, ts_micros, user_id;
  double value;
  std::string_view event_type, source;  // valid until the next record is read
};

/// ISO 8601 with an offset to microseconds since 1970 UTC. Remembers the last date: the next record's is nearly always the same.
/// Confined to its task.
class TimeReader {
 public:
  bool read(std::string_view text, int64_t& micros) {
    if (text.size() < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':') return false;
    if (std::memcmp(text.data(), date_.data(), date_.size()) != 0 && !turn_to(text.data())) return false;
    const unsigned hour = two_digits(text.data() + 11), minute = two_digits(text.data() + 14), second = two_digits(text.data() + 17);
    if (hour > 23 || minute > 59 || second > 59) return false;
    const char* at = text.data() + 19;
    const char* const end = text.data() + text.size();
    int64_t fraction = 0, unit = 1'000'000;
    if (*at == '.') {
      while (++at < end && is_digit(*at)) {
        if (unit > 1) fraction += (*at - '0') * (unit /= 10);
      }
    }
    int64_t offset_minutes = 0;
    if (end - at != 1 || *at != 'Z') {
      if (end - at != 6 || (*at != '+' && *at != '-') || at[3] != ':') return false;
      const unsigned hours = two_digits(at + 1), minutes = two_digits(at + 4);
      if (hours > 18 || minutes > 59) return false;
      offset_minutes = (*at == '-' ? -1 : 1) * static_cast<int64_t>(hours * 60 + minutes);
    }
    micros = midnight_ + ((hour * 60 + minute - offset_minutes) * 60 + second) * 1'000'000 + fraction;
    return true;
  }

 private:
  static bool is_digit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }
  static unsigned two_digits(const char* text) {
    return is_digit(text[0]) && is_digit(text[1]) ? static_cast<unsigned>(10 * (text[0] - '0') + text[1] - '0') : 100;
  }
  bool turn_to(const char* text) {
    using namespace std::chrono;
    const unsigned century = two_digits(text), year = two_digits(text + 2), month = two_digits(text + 5), day = two_digits(text + 8);
    if (century > 99 || year > 99 || text[4] != '-' || text[7] != '-') return false;
    const year_month_day date(std::chrono::year(static_cast<int>(100 * century + year)), std::chrono::month(month), std::chrono::day(day));
    if (!date.ok()) return false;
    midnight_ = duration_cast<microseconds>(sys_days(date).time_since_epoch()).count();
    std::memcpy(date_.data(), text, date_.size());
    return true;
  }

  std::array<char, 10> date_{};
  int64_t midnight_ = 0;
};

}  // namespace straight
