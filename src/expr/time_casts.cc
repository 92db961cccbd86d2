// Conversions among dates and times, all in UTC.
#include "expr/cast.h"
#include "expr/strict_kernel.h"
#include "expr/time_text.h"

namespace laketide::expr {
namespace {

int64_t day_of(int64_t micros) { return micros / kMicrosPerDay - (micros % kMicrosPerDay < 0); }

struct DateToTimestamp {
  ErrorCode operator()(int32_t days, int64_t& out) const {
    const bool overflow = __builtin_mul_overflow(static_cast<int64_t>(days), kMicrosPerDay, &out);
    return overflow ? ErrorCode::kDatetimeFieldOverflow : ErrorCode::kNone;
  }
};
struct TimestampToDate {
  ErrorCode operator()(int64_t micros, int32_t& out) const {
    out = static_cast<int32_t>(day_of(micros));
    return ErrorCode::kNone;
  }
};
struct TimestampToTime {
  ErrorCode operator()(int64_t micros, int64_t& out) const {
    out = micros % kMicrosPerDay + (micros % kMicrosPerDay < 0 ? kMicrosPerDay : 0);
    return ErrorCode::kNone;
  }
};
struct Same {
  ErrorCode operator()(int64_t micros, int64_t& out) const {
    out = micros;
    return ErrorCode::kNone;
  }
};

template <typename Op, typename From, typename To>
Function between(TypeId from, TypeId to, bool can_fail) {
  return {"CAST", {from}, to, &strict<Op, To, From>, can_fail, nullptr, Function::Style::kCast};
}

}  // namespace

std::vector<Function> time_casts() {
  using enum TypeId;
  return {
      between<DateToTimestamp, int32_t, int64_t>(kDate, kTimestamp, true),
      between<DateToTimestamp, int32_t, int64_t>(kDate, kTimestamptz, true),
      between<TimestampToDate, int64_t, int32_t>(kTimestamp, kDate, false),
      between<TimestampToDate, int64_t, int32_t>(kTimestamptz, kDate, false),
      between<TimestampToTime, int64_t, int64_t>(kTimestamp, kTime, false),
      between<TimestampToTime, int64_t, int64_t>(kTimestamptz, kTime, false),
      between<Same, int64_t, int64_t>(kTimestamp, kTimestamptz, false),
      between<Same, int64_t, int64_t>(kTimestamptz, kTimestamp, false),
  };
}

}  // namespace laketide::expr
