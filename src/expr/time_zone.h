// Time zones by name, from the system's own table (Debian's tzdata).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "laketide/status.h"

namespace laketide::expr {

/// A zone's offsets from UTC. Lives as long as the process. Immutable.
class TimeZone {
 public:
  /// By its name (`Europe/Berlin`, `UTC`), whatever its case. Not by abbreviations, which stand for one offset in PostgreSQL, in
  /// winter and in summer (CET), nor by offsets, whose sign is not what it looks like ('+02' is two hours west). Fails `kUser`
  /// sql_unsupported for those, invalid_parameter_value for what is no name, `kExternal` time_zones_missing without a table.
  static Result<const TimeZone*> find(std::string_view name);

  virtual ~TimeZone() = default;
  /// What a clock in the zone shows at an instant, both in microseconds since 1970; none: it is no time any more.
  virtual std::optional<int64_t> clock_at(int64_t micros) const = 0;
  /// When a clock in the zone shows that: of a time that is twice, the second; one that is left out as if it had not been.
  virtual std::optional<int64_t> instant_of(int64_t clock) const = 0;

 protected:
  TimeZone() = default;
};

}  // namespace laketide::expr
