// A record as bench/fill_topic writes it, in one pass and without a parser.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "row.h"

namespace straight {

/// Takes records whose fields stand in this order, without white space or escapes, with ASCII text and numbers of up to 15 digits. What is
/// otherwise is left to the parser. Of what stands behind the text less than SIMDJSON_PADDING bytes are looked at. Confined to its task.
class PlainRow {
 public:
  PlainRow(const char* text, size_t size, TimeReader& time) : at_(text), end_(text + size), time_(time) {}

  bool read(Row& row) {
    std::string_view ts;
    return take("{\"id\":") && integer(row.id) && take(",\"event_type\":") && text(row.event_type) && take(",\"ts\":") && text(ts) &&
           time_.read(ts, row.ts_micros) && take(",\"value\":") && real(row.value) && take(",\"source\":") && text(row.source) &&
           take(",\"user_id\":") && integer(row.user_id) && take("}") && at_ == end_;
  }

 private:
  template <size_t N>
  bool take(const char (&wanted)[N]) {
    if (at_ >= end_ || std::memcmp(at_, wanted, N - 1) != 0) return false;  // of a length known here: no call
    at_ += N - 1;
    return true;
  }
  bool digits(uint64_t& number, int& count) {
    for (unsigned digit; (digit = static_cast<unsigned char>(*at_) - unsigned{'0'}) <= 9 && count <= kDigitsMax; ++at_, ++count) number = number * 10 + digit;
    return count <= kDigitsMax;
  }
  bool integer(int64_t& out) {
    uint64_t number = 0;
    int count = 0;
    const char first = *at_;
    if (!digits(number, count) || count == 0 || (first == '0' && count > 1)) return false;
    out = static_cast<int64_t>(number);
    return true;
  }
  /// A quotient of two numbers that a double holds exactly is rounded once.
  bool real(double& out) {
    uint64_t number = 0;
    int whole = 0, behind = 0;
    const char first = *at_;
    if (!digits(number, whole) || whole == 0 || (first == '0' && whole > 1)) return false;
    if (*at_ == '.' && (++at_, !digits(number, behind) || behind == 0)) return false;
    if (whole + behind > kDigitsMax) return false;
    out = static_cast<double>(number) / kPowers[static_cast<size_t>(behind)];
    return true;
  }
  bool text(std::string_view& out) {
    if (*at_ != '"') return false;
    const char* const begin = ++at_;
    uint64_t found = 0;
    while ((found = ends_in(at_)) == 0) {
      if ((at_ += 8) >= end_) return false;
    }
    at_ += std::countr_zero(found) / 8;
    out = {begin, static_cast<size_t>(at_ - begin)};
    return *at_++ == '"';
  }
  /// The top bit of each of eight characters that is a quote, a backslash, a control character or not ASCII; right up to the first of them.
  static uint64_t ends_in(const char* at) {
    constexpr uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
    uint64_t eight = 0;
    std::memcpy(&eight, at, sizeof eight);
    const uint64_t plain = ((eight ^ (kOnes * '"')) + kOnes * 0x7f) & ((eight ^ (kOnes * '\\')) + kOnes * 0x7f) & (eight + kOnes * 0x60);
    return (~plain | eight) & kTops;
  }

  static constexpr int kDigitsMax = 15;
  static constexpr std::array<double, kDigitsMax + 1> kPowers = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

  const char* at_;
  const char* const end_;
  TimeReader& time_;
};

}  // namespace straight
