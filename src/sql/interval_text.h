// Intervals as constants of a query: sizes of windows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace laketide::sql {

/// Microseconds of what PostgreSQL reads as an interval ('10 seconds', '1 hour 30 min', '1 day', '00:05:00', '-1.5 s'), a day being 24
/// hours; none for another text, for months and years, which have no fixed length, and beyond 100,000 days.
std::optional<int64_t> interval_microseconds(std::string_view text);

/// "1 h 30 min", "10 s", "250 ms".
std::string interval_text(int64_t microseconds);

}  // namespace laketide::sql
