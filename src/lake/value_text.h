// Dates and times as Delta spells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace laketide::lake {

/// "2026-01-02" of days since 1970-01-01, in the proleptic Gregorian calendar.
std::string date_text(int64_t days);
/// "2026-01-02T03:04:05.678901Z" of microseconds since 1970-01-01T00:00Z; `between` stands between date and time,
/// `digits` (0, 3 or 6) behind the point, cut off and not rounded.
std::string timestamp_text(int64_t micros, char between, int digits, bool zulu);
/// What lies outside of years 1 to 9999 has no spelling that readers agree on.
bool has_plain_text(int64_t micros);
/// Reads both forms: with 'T' or ' ', with or without fraction and Z.
std::optional<int64_t> parse_timestamp_micros(std::string_view text);

}  // namespace laketide::lake
