#include "sinks/postgres/staged_place.h"

#include <gtest/gtest.h>

#include <vector>

namespace laketide::postgres {
namespace {

std::string bytes_of(const StagedPlace& place) {
  std::string bytes(place_bytes(place), '\xff');
  EXPECT_EQ(put_place(place, bytes.data()), bytes.data() + bytes.size());
  return bytes;
}

std::string digits_of(const std::string& bytes) {
  std::string digits;
  for (const unsigned char byte : bytes) digits += {"0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]};
  return digits;
}

TEST(StagedPlace, its_bytes_are_in_the_order_of_rows) {
  const std::vector<StagedPlace> rising = {
      {"", -1, -1, 0},       {"", -1, -1, 255},     {"", -1, -1, int64_t{1} << 48}, {"", 0, 0, 0},          {"", 0, 0, 1, true},  {"", 0, 0, 2},
      {"", 0, 255, 0},       {"", 0, 256, 0},       {"", 1, 0, 0},                  {"", INT32_MAX, 0, 0},  {"", INT32_MAX, INT64_MAX, 0},
      {"a", 0, 0, 0},        {"a", 7, 9, INT64_MAX}, {"a-", 0, 0, 0},               {"a.b", 0, 0, 0},       {"a0", 0, 0, 0},
      {"ab", 0, 0, 0},       {"b", 0, 0, 0},
  };
  for (size_t at = 1; at < rising.size(); ++at) EXPECT_LT(bytes_of(rising[at - 1]), bytes_of(rising[at])) << at;
}

TEST(StagedPlace, is_read_from_what_the_server_answers) {
  for (const StagedPlace& place : std::vector<StagedPlace>{{"", 3, 0x0102030405060708, 5}, {"clicks-eu", INT32_MAX, INT64_MAX, int64_t{3} << 48 | 77}, {"", 1, 2, 3, true}, {"", -1, -1, 42}, {"", -1, -1, 43, true}}) {
    std::string kept;
    const StagedPlace read = place_of(digits_of(bytes_of(place)), kept);
    EXPECT_EQ(read.topic, place.topic);
    EXPECT_EQ(read.partition, place.partition);
    EXPECT_EQ(read.offset, place.offset);
    EXPECT_EQ(read.sequence, place.sequence);
    EXPECT_EQ(read.deletes, place.deletes);
    EXPECT_EQ(read.is_known(), place.is_known());
  }
  std::string kept;
  EXPECT_FALSE(place_of("", kept).is_known());
}

}  // namespace
}  // namespace laketide::postgres
