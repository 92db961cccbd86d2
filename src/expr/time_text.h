// Dates and times as ISO 8601 text, read and written as PostgreSQL does with DateStyle ISO and time zone UTC.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "expr/row_error.h"

namespace laketide::expr {

inline constexpr int64_t kMicrosPerSecond = 1'000'000;
inline constexpr int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

/// `2026-01-31` or `20260131`, to days since 1970-01-01; a time behind it is read and dropped. kInvalidDatetimeFormat, or
/// kDatetimeFieldOverflow for a field that is no date.
ErrorCode parse_date(std::string_view text, int32_t& days);
/// `23:59[:59[.999999]]`, also `24:00`, to microseconds of the day.
ErrorCode parse_time(std::string_view text, int64_t& micros);
/// A date, and behind a blank or a T a time with or without an offset (`Z`, `+02`, `+02:00`, `UTC`), to microseconds since 1970. With
/// `zoned` the offset counts; without, it is read and ignored, as PostgreSQL does for timestamp.
ErrorCode parse_timestamp(std::string_view text, bool zoned, int64_t& micros);

/// `2026-01-31`; years before 1 end in ` BC`.
std::string print_date(int64_t days);
/// `23:59:59.5`
std::string print_time(int64_t micros);
/// `2026-01-31 23:59:59.5`, with `+00` if `zoned`.
std::string print_timestamp(int64_t micros, bool zoned);

}  // namespace laketide::expr
