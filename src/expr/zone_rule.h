// The rule by which a zone's clocks go on changing behind the last change that its file lists: a TZ string (POSIX, and RFC 8536, 3.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace laketide::expr {

/// Offsets are seconds eastwards, instants and clocks seconds since 1970. Immutable.
class ZoneRule {
 public:
  /// `CET-1CEST,M3.5.0,M10.5.0/3`, `<+03>-3`. None: it is not such a string.
  static std::optional<ZoneRule> parse(std::string_view text);

  /// The offset at an instant.
  int64_t offset_at(int64_t second) const;
  /// The offset that a clock's time is meant by: of a time that is twice, the second; of one that is left out, the one before.
  int64_t offset_of(int64_t clock) const;

  /// A day of each year, and a time on it, which may be before or behind the day. Immutable.
  struct Change {
    enum class Kind : uint8_t { kMonth, kJulian, kDay };  // Mm.w.d; Jn, without February 29; n, with it
    Kind kind = Kind::kMonth;
    int month = 0, week = 0, day = 0;
    int64_t second = 7200;
    /// As a clock shows it, before it is changed.
    int64_t in_year(int64_t year) const;
  };

 private:
  int64_t standard_ = 0, summer_ = 0;
  std::optional<Change> begin_, end_;  // of summer time; none: there is none
};

/// What a zone's file says of the time behind its list. Immutable.
struct ZoneEnd {
  int64_t last_change = INT64_MIN;  // that is listed
  ZoneRule rule = {};
};
/// Reads the bytes of a TZif file of version 2 or later. None: it is no such file, or has no rule.
std::optional<ZoneEnd> zone_end_of_file(std::string_view bytes);

}  // namespace laketide::expr
