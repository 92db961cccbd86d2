// Reads ISO-8601 dates and times: exactly, fast, and without a locale or a time zone database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"

namespace laketide {

/// A date and time as a text gave it. Without an offset it counts as UTC. Immutable.
struct IsoTime {
  Instant instant;
  bool has_offset = false;
};

/// `YYYY-MM-DD`, then `T`, `t` or a space, then `HH:MM[:SS[.fraction]]`, then nothing, `Z`, `z`, `±HH`, `±HHMM` or `±HH:MM`; or the
/// date alone (its midnight). Years 0001 to 9999, also in UTC; second 60 is the next minute's first; a fraction beyond microseconds is cut off, so
/// that no time moves up. None if the text is anything else.
std::optional<IsoTime> parse_iso_time(std::string_view text);

/// Reads `YYYY-MM-DDTHH:MM:SS[.fraction]Z`, as nearly every program writes times, and remembers the date: the next time has the same,
/// most often. Confined to its task.
class CommonTimeReader {
 public:
  static constexpr size_t kReadable = 36;  // bytes that are looked at

  /// How long the time is that stands at `at`, of which kReadable bytes can be read, and what it is, as parse_iso_time has it; 0: what
  /// stands there must be read the long way.
  size_t read(const char* at, int64_t& micros);

 private:
  bool read_date(const char* at);

  uint64_t date_[2] = {0, ~uint64_t{0}};  // characters 0 to 7 and 3 to 10 of it; at first such as cannot be
  int64_t midnight_ = 0;   // of it, in microseconds
};

/// `YYYY-MM-DD`, as days since 1970-01-01.
std::optional<int32_t> parse_iso_date(std::string_view text);

/// `HH:MM[:SS[.fraction]]`, as microseconds since midnight.
std::optional<int64_t> parse_iso_time_of_day(std::string_view text);

}  // namespace laketide
