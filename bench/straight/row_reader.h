// One record's text to a row, for one schema.
#pragma once

#include <simdjson.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

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

/// One record's text to a Row, in place. Confined to its task.
class RowReader {
 public:
  bool read(const char* text, size_t size, Row& row) {
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    return open(text, size, document, object) && object["id"].get_int64().get(row.id) == simdjson::SUCCESS &&
           object["event_type"].get_string().get(row.event_type) == simdjson::SUCCESS && read_time(object, row) &&
           object["value"].get_double().get(row.value) == simdjson::SUCCESS &&
           object["source"].get_string().get(row.source) == simdjson::SUCCESS &&
           object["user_id"].get_int64().get(row.user_id) == simdjson::SUCCESS;
  }

  /// Only what the window needs: time, value and source.
  bool read_some(const char* text, size_t size, Row& row) {
    simdjson::ondemand::document document;
    simdjson::ondemand::object object;
    return open(text, size, document, object) && read_time(object, row) &&
           object["value"].get_double().get(row.value) == simdjson::SUCCESS &&
           object["source"].get_string().get(row.source) == simdjson::SUCCESS;
  }

 private:
  bool open(const char* text, size_t size, simdjson::ondemand::document& document, simdjson::ondemand::object& object) {
    return parser_.iterate(with_padding(text, size), size, size + simdjson::SIMDJSON_PADDING).get(document) == simdjson::SUCCESS &&
           document.get_object().get(object) == simdjson::SUCCESS;
  }
  bool read_time(simdjson::ondemand::object& object, Row& row) {
    std::string_view text;
    return object["ts"].get_string().get(text) == simdjson::SUCCESS && time_.read(text, row.ts_micros);
  }
  /// simdjson reads up to SIMDJSON_PADDING bytes behind the text. That is safe in place unless the text ends that close to the end of
  /// its page: whatever stands there is ours to read, as a page is mapped as a whole.
  const char* with_padding(const char* text, size_t size) {
    constexpr size_t kPage = 4096;
    if ((reinterpret_cast<uintptr_t>(text + size) & (kPage - 1)) <= kPage - simdjson::SIMDJSON_PADDING) return text;
    if (copy_.size() < size + simdjson::SIMDJSON_PADDING) copy_.resize(2 * size + simdjson::SIMDJSON_PADDING);
    std::memcpy(copy_.data(), text, size);
    return copy_.data();
  }

  simdjson::ondemand::parser parser_;
  TimeReader time_;
  std::vector<char> copy_;
};

}  // namespace straight
