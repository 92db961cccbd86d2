// Days and dates of the proleptic Gregorian calendar.
#pragma once

#include <array>
#include <cstdint>

#include "expr/time_text.h"

namespace laketide::expr {

// The range of PostgreSQL's timestamps, in microseconds since 1970: 4714-11-24 BC, and the end of int64 here (year 294247).
inline constexpr int64_t kTimestampMin = -210'866'803'200 * kMicrosPerSecond;

// The range of PostgreSQL's dates, in days since 1970: 4714-11-24 BC to 5874897-12-31.
inline constexpr int64_t kDayMin = -2'440'588, kDayMax = 2'145'031'948;

struct Civil {
  int64_t year;
  int month, day;
};

// Days since 1970-01-01 in the proleptic Gregorian calendar; by Howard Hinnant's days_from_civil.
inline int64_t days_of(const Civil& date) {
  const int64_t year = date.year - (date.month <= 2);
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

inline Civil civil_of(int64_t days) {
  days += 719'468;
  const int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const int64_t of_era = days - era * 146'097;
  const int64_t year = (of_era - of_era / 1460 + of_era / 36'524 - of_era / 146'096) / 365;
  const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
  const auto shifted = static_cast<int>((5 * of_year + 2) / 153);
  const int month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {year + era * 400 + (month <= 2), month, static_cast<int>(of_year - (153 * shifted + 2) / 5 + 1)};
}

inline int days_in(int64_t year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return kDays[static_cast<size_t>(month - 1)] + (month == 2 && leap ? 1 : 0);
}

/// Toward smaller numbers: the day of an instant before 1970, too.
inline int64_t floor_divide(int64_t value, int64_t by) { return value / by - (value % by < 0); }

}  // namespace laketide::expr
