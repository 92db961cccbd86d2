#include "base/iso_time.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>
#include <vector>

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
  EXPECT_EQ(read("9999-12-31T23:59:59.999999"), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(read("9999-12-31T23:59:59-00:00"), "9999-12-31T23:59:59.000000Z offset");
}

TEST(IsoTime, RefusesEverythingElse) {
  for (const char* text : {"", "2026", "2026-1-2", "2026-13-01", "2026-00-01", "2026-02-30", "1900-02-29", "0000-01-01", "20260102",
                           "2026-01-02T", "2026-01-02T3:04", "2026-01-02T24:00", "2026-01-02T03:60", "2026-01-02T03:04:61",
                           "2026-01-02T03:04:05.", "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+",
                           "2026-01-02T03:04:05+1", "2026-01-02T03:04:05+19:00", "2026-01-02T03:04:05+01:60",
                           "2026-01-02T03:04:05 +01:00", " 2026-01-02", "2026-01-02 ", "+2026-01-02", "2026-01-02X03:04",
                           "9999-12-31T23:59:60Z", "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00+00:01"}) {
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

// The commonest form has a way of its own; with `t` in place of `T` the same text goes the long one.
std::string the_long_way(std::string text) {
  if (text.size() > 10 && text[10] == 'T') text[10] = 't';
  return read(text);
}

TEST(IsoTime, ReadsTheCommonFormAsTheLongWayDoes) {
  for (const int year : {0, 1, 1900, 1969, 1970, 2000, 2023, 2024, 9999}) {
    for (int month = 0; month <= 13; ++month) {
      for (int day = 0; day <= 32; ++day) {
        char text[32];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT23:59:59.999Z", year, month, day);
        ASSERT_EQ(read(text), the_long_way(text)) << text;
      }
    }
  }
  for (const char* clock : {"00:00:00", "23:59:59", "24:00:00", "23:60:00", "23:59:60", "23:59:61", "99:99:99"}) {
    for (const char* fraction : {"", ".", ".0", ".9", ".12", ".123", ".1234", ".12345", ".123456", ".1234567", ".12345678", ".999999999",
                                 ".9999999999", ",123", ".12a", ".12/", ".12:"}) {
      const std::string text = std::string("2026-01-02T") + clock + fraction + "Z";
      ASSERT_EQ(read(text), the_long_way(text)) << text;
    }
  }
}

TEST(IsoTime, ReadsDamagedTextsAsTheLongWayDoes) {
  std::mt19937 random(20260102);
  for (int i = 0; i < 300'000; ++i) {
    std::string text = i % 2 == 0 ? "2024-02-29T23:59:58.123456Z" : "1999-12-31T00:00:00Z";
    for (unsigned n = 1 + random() % 3; n > 0; --n) {
      const size_t at = random() % text.size();
      const char byte = random() % 4 == 0 ? static_cast<char>(random()) : "0123456789/:-.TZ+ "[random() % 18];
      switch (random() % 6) {
        case 0: text.erase(at, 1); break;
        case 1: text.insert(at, 1, byte); break;
        default: text[at] = byte;
      }
    }
    if (text.size() > 10 && text[10] == 't') continue;
    ASSERT_EQ(read(text), the_long_way(text)) << text;
  }
}

TEST(IsoTime, ReadsTimesOfDay) {
  EXPECT_EQ(parse_iso_time_of_day("00:00"), 0);
  EXPECT_EQ(parse_iso_time_of_day("23:59:59.999999"), 86'399'999'999);
  EXPECT_EQ(parse_iso_time_of_day("23:59:59Z"), std::nullopt);
}

// One reader for all of them, so that each follows another's date.
TEST(CommonTimeReader, ReadsWhatTheLongWayReadsOrNothing) {
  CommonTimeReader reader;
  const std::string first = "2026-03-01T23:59:58.123456Z";
  std::vector<std::string> texts = {first, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.1Z", "2026-02-29T00:00:00Z", "2024-02-29T12:34:56.987654321Z", "2026-03-01T00:00:00.1234567891Z",
                                    "2026-03-01T00:00:00.Z", "2026-03-01T00:00:00", "2026-03-01T00:00:60Z", "2026-03-01T24:00:00Z", "2026-03-01t00:00:00Z", "0001-01-01T00:00:00Z",
                                    "9999-12-31T23:59:59.999999Z", "0000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", std::string(30, '\0'), std::string(30, '\xff'), ""};
  for (size_t at = 0; at < first.size(); ++at) {
    for (const char c : {'0', '9', ':', '-', 'T', 'Z', '.', '/', '\0', '\x7f', '\x80', '\xff'}) texts.push_back(first.substr(0, at) + c + first.substr(at + 1));
  }
  int taken = 0;
  for (const std::string& text : texts) {
    for (const std::string& one : {text, first}) {
      const std::string padded = one + std::string(CommonTimeReader::kReadable, '\0');
      int64_t micros = 0;
      const size_t size = reader.read(padded.data(), micros);
      if (size == 0) continue;
      ++taken;
      const auto expected = parse_iso_time(one.substr(0, size));
      ASSERT_TRUE(expected.has_value()) << one;
      EXPECT_EQ(micros, expected->instant.micros) << one;
    }
  }
  EXPECT_GT(taken, static_cast<int>(texts.size()));
}

}  // namespace
}  // namespace laketide
