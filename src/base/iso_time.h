// Reads ISO-8601 dates and times: exactly, fast, and without a locale or a time zone database.
#pragma once

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
/// date alone (its midnight). Years 0001 to 9999; second 60 is the next minute's first; a fraction beyond microseconds is cut off, so
/// that no time moves up. None if the text is anything else.
std::optional<IsoTime> parse_iso_time(std::string_view text);

/// `YYYY-MM-DD`, as days since 1970-01-01.
std::optional<int32_t> parse_iso_date(std::string_view text);

/// `HH:MM[:SS[.fraction]]`, as microseconds since midnight.
std::optional<int64_t> parse_iso_time_of_day(std::string_view text);

}  // namespace laketide
