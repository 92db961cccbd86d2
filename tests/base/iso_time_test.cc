#include "base/iso_time.h"

#include <gtest/gtest.h>

namespace laketide {
namespace {

std::string read(std::string_view text) {
  const auto time = parse_iso_time(text);
  return time ? to_iso(time->instant) + (time->has_offset ? " offset" : "") : "none";
}

TEST(IsoTime, ReadsEveryForm) {
  EXPECT_EQ(read("2026-01-02T03:04:05.678901Z"), "2026-01-02T03:04:05.678901Z offset");
  EXPECT_EQ(read("2026-01-02t03:04:05.6z"), "2026-01-02T03:04:05.600000Z offset");
  EXPECT_EQ(read("2026-01-02 03:04:05.123456789"), "2026-01-02T03:04:05.123456Z");
  EXPECT_EQ(read("2026-01-02T03:04"), "2026-01-02T03:04:00.000000Z");
  EXPECT_EQ(read("2026-01-02"), "2026-01-02T00:00:00.000000Z");
  EXPECT_EQ(read("2026-01-02T03:04:05+05:30"), "2026-01-01T21:34:05.000000Z offset");
  EXPECT_EQ(read("2026-01-02T03:04:05-0800"), "2026-01-02T11:04:05.000000Z offset");
  EXPECT_EQ(read("2026-01-02T03:04:05+01"), "2026-01-02T02:04:05.000000Z offset");
  EXPECT_EQ(read("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000000Z offset");
  EXPECT_EQ(read("1969-12-31T23:59:59.999999Z"), "1969-12-31T23:59:59.999999Z offset");
  EXPECT_EQ(read("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000000Z offset");
  EXPECT_EQ(read("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59.000000Z offset");
}

TEST(IsoTime, RefusesEverythingElse) {
  for (const char* text : {"", "2026", "2026-1-2", "2026-13-01", "2026-00-01", "2026-02-30", "1900-02-29", "0000-01-01", "20260102",
                           "2026-01-02T", "2026-01-02T3:04", "2026-01-02T24:00", "2026-01-02T03:60", "2026-01-02T03:04:61",
                           "2026-01-02T03:04:05.", "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+",
                           "2026-01-02T03:04:05+1", "2026-01-02T03:04:05+19:00", "2026-01-02T03:04:05+01:60",
                           "2026-01-02T03:04:05 +01:00", " 2026-01-02", "2026-01-02 ", "+2026-01-02", "2026-01-02X03:04"}) {
    EXPECT_EQ(read(text), "none") << text;
  }
}

TEST(IsoTime, ReadsEveryDayBackAsItWasWritten) {
  for (int64_t day = -719162; day <= 2932896; day += 97) {
    const Instant instant{day * 86'400 * 1'000'000 + 12'345'678};
    const auto time = parse_iso_time(to_iso(instant));
    ASSERT_TRUE(time);
    ASSERT_EQ(time->instant.micros, instant.micros);
    ASSERT_EQ(parse_iso_date(to_iso(instant).substr(0, 10)), day);
  }
}

TEST(IsoTime, ReadsTimesOfDay) {
  EXPECT_EQ(parse_iso_time_of_day("00:00"), 0);
  EXPECT_EQ(parse_iso_time_of_day("23:59:59.999999"), 86'399'999'999);
  EXPECT_EQ(parse_iso_time_of_day("23:59:59Z"), std::nullopt);
}

}  // namespace
}  // namespace laketide
