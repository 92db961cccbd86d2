// Time of day as the product counts it: microseconds since 1970-01-01T00:00:00Z.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace laketide {

/// A point of UTC time in microseconds since the epoch. Immutable.
struct Instant {
  int64_t micros = 0;
  auto operator<=>(const Instant&) const = default;
};

/// ISO-8601 in UTC with microseconds: "2026-01-02T03:04:05.678901Z".
std::string to_iso(Instant instant);

/// The wall clock, so that tests can set their own. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
};

/// The machine's clock; lives as long as the process.
const Clock& system_clock();

}  // namespace laketide
