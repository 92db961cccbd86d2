// PostgreSQL's interval: months, days and microseconds, none of which says how long the others are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "expr/row_error.h"

namespace laketide::expr {

/// As Arrow holds it (month_day_nano). `nanos` are whole microseconds. Immutable.
struct Interval {
  int32_t months = 0;
  int32_t days = 0;
  int64_t nanos = 0;

  int64_t micros() const { return nanos / 1000; }
  bool operator==(const Interval&) const = default;
};
static_assert(sizeof(Interval) == 16);

/// From parts that may be too large for an interval: kDatetimeFieldOverflow.
ErrorCode make_interval(int64_t months, int64_t days, int64_t micros, Interval& out);

/// `1 year 2 mons -3 days 04:05:06.7`, `1-2`, `P1Y2M3DT4H`, `3 4:05`, a number of seconds; with PostgreSQL's names of units and its
/// rules for fractions. kInvalidDatetimeFormat or kDatetimeFieldOverflow.
ErrorCode parse_interval(std::string_view text, Interval& out);
/// As PostgreSQL writes it with IntervalStyle postgres.
std::string print_interval(const Interval& interval);

/// Which is longer, counting a month as 30 days and a day as 24 hours: below 0, 0 or above 0.
int compare(const Interval& left, const Interval& right);

/// An instant so much later; months first, to the same day or the month's last, then days, then time. kDatetimeFieldOverflow.
ErrorCode shift_timestamp(int64_t micros, const Interval& by, int sign, int64_t& out);

}  // namespace laketide::expr
