// AT TIME ZONE.
#include "expr/civil.h"
#include "expr/function.h"
#include "expr/interval.h"
#include "expr/strict_kernel.h"
#include "expr/zone_argument.h"

namespace laketide::expr {
namespace {

ErrorCode give_time(std::optional<int64_t> micros, int64_t& out) {
  out = micros.value_or(0);
  return micros ? kGood : ErrorCode::kDatetimeFieldOverflow;
}

/// An instant as a clock in the zone shows it, or the other way round. Confined to its task.
template <bool to_clock>
struct AtZone {
  ErrorCode operator()(Text name, int64_t micros, int64_t& out) const {
    out = 0;
    const TimeZone* zone = nullptr;
    if (const ErrorCode code = last.find(name, zone); code != kGood) return code;
    return give_time(to_clock ? zone->clock_at(micros) : zone->instant_of(micros), out);
  }
  // An offset as an interval counts eastwards, and has no months or days.
  ErrorCode operator()(Interval offset, int64_t micros, int64_t& out) const {
    out = 0;
    if (offset.months != 0 || offset.days != 0) return ErrorCode::kInvalidArgument;
    const int64_t seconds = offset.micros() / kMicrosPerSecond;
    return shift_timestamp(micros, {0, 0, seconds * 1'000'000'000}, to_clock ? 1 : -1, out);
  }
  LastZone last;
};

template <TypeId result>
Result<Type> zoned_first(std::span<const ExprPtr> args) { return zoned(args, 0, result); }

}  // namespace

std::vector<Function> zone_functions() {
  using enum TypeId;
  return {
      {"timezone", {kText, kTimestamp}, kTimestamptz, &strict<AtZone<false>, int64_t, Text, int64_t>, true, &zoned_first<kTimestamptz>},
      {"timezone", {kText, kTimestamptz}, kTimestamp, &strict<AtZone<true>, int64_t, Text, int64_t>, true, &zoned_first<kTimestamp>},
      {"timezone", {kInterval, kTimestamp}, kTimestamptz, &strict<AtZone<false>, int64_t, Interval, int64_t>, true},
      {"timezone", {kInterval, kTimestamptz}, kTimestamp, &strict<AtZone<true>, int64_t, Interval, int64_t>, true},
  };
}

}  // namespace laketide::expr
