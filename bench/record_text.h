// The benchmark's records: the same seed and number give the same text on every machine.
#pragma once

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace bench {

inline constexpr int64_t kFirstMillis = 1767225600000;  // 2026-01-01T00:00:00Z
inline constexpr std::array<std::string_view, 8> kEventTypes = {"view",     "view",   "view",   "click",
                                                         "click",    "search", "purchase", "page_leave"};

/// What every right copy of the records adds up to; bench/pairs.py asks the tables for the same sums.
struct Sums {
  int64_t id = 0, ts_millis = 0, value_cents = 0, user_id = 0, text_bytes = 0;  // ts_millis: since the first
};

inline uint64_t splitmix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Text that is put together left to right. Confined to its task.
class Line {
 public:
  void clear() { size_ = 0; }
  std::string_view view() const { return {text_.data(), size_}; }
  Line& operator<<(std::string_view part) {
    std::memcpy(text_.data() + size_, part.data(), part.size());
    size_ += part.size();
    return *this;
  }
  Line& operator<<(int64_t number) {
    size_ = static_cast<size_t>(std::to_chars(text_.data() + size_, text_.data() + text_.size(), number).ptr - text_.data());
    return *this;
  }
  Line& padded(int64_t number, int digits) {
    for (int i = digits; i-- > 0; number /= 10) text_[size_ + static_cast<size_t>(i)] = static_cast<char>('0' + number % 10);
    size_ += static_cast<size_t>(digits);
    return *this;
  }

 private:
  std::array<char, 512> text_;
  size_t size_ = 0;
};

inline void put_time(Line& line, int64_t millis) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(millis)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss time(at - day);
  line.padded(static_cast<int>(date.year()), 4) << "-";
  line.padded(static_cast<unsigned>(date.month()), 2) << "-";
  line.padded(static_cast<unsigned>(date.day()), 2) << "T";
  line.padded(time.hours().count(), 2) << ":";
  line.padded(time.minutes().count(), 2) << ":";
  line.padded(time.seconds().count(), 2) << ".";
  line.padded(time.subseconds().count(), 3) << "Z";
}

inline void put_record(Line& line, int64_t id, uint64_t seed, Sums& sums) {
  const uint64_t dice = splitmix(seed ^ splitmix(static_cast<uint64_t>(id)));
  const std::string_view event_type = kEventTypes[dice % kEventTypes.size()];
  // A millisecond a record, each up to half a second late: nearly ordered, as streams are.
  const int64_t millis = kFirstMillis + id + static_cast<int64_t>((dice >> 3) % 500);
  const int64_t cents = static_cast<int64_t>((dice >> 12) % 10'000);
  const int64_t sensor = static_cast<int64_t>((dice >> 26) % 200);
  const int64_t user_id = 100'000 + static_cast<int64_t>((dice >> 34) % 900'000);

  line.clear();
  line << "{\"id\":" << id << ",\"event_type\":\"" << event_type << "\",\"ts\":\"";
  put_time(line, millis);
  line << "\",\"value\":" << cents / 100 << ".";
  line.padded(cents % 100, 2) << ",\"source\":\"sensor-";
  line.padded(sensor, 3) << ".hall-" << sensor % 7 << "\",\"user_id\":" << user_id << "}";

  sums.id += id;
  sums.ts_millis += millis - kFirstMillis;
  sums.value_cents += cents;
  sums.user_id += user_id;
  sums.text_bytes += static_cast<int64_t>(event_type.size()) + 17;
}

}  // namespace bench
