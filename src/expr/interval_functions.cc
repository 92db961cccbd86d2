// Intervals: conversions, comparisons, and arithmetic with dates and times.
#include <cmath>

#include "expr/cast.h"
#include "expr/civil.h"
#include "expr/function.h"
#include "expr/interval.h"
#include "expr/strict_kernel.h"

namespace laketide::expr {
namespace {

constexpr auto kIntervalOverflow = ErrorCode::kDatetimeFieldOverflow;

struct ParseInterval {
  ErrorCode operator()(Text text, Interval& out) const { return parse_interval(text, out); }
};
struct PrintInterval {
  ErrorCode operator()(Interval value, TextWriter& out) const {
    out.append(print_interval(value));
    return kGood;
  }
};
struct TimeToInterval {
  ErrorCode operator()(int64_t time, Interval& out) const { return make_interval(0, 0, time, out); }
};
struct IntervalToTime {
  ErrorCode operator()(Interval value, int64_t& out) const {
    out = value.micros() - floor_divide(value.micros(), kMicrosPerDay) * kMicrosPerDay;
    return kGood;
  }
};

enum class Order { kEqual, kUnequal, kLess, kLessEqual, kGreater, kGreaterEqual };

template <Order wanted>
struct CompareIntervals {
  ErrorCode operator()(Interval a, Interval b, bool& out) const {
    const int order = compare(a, b);
    switch (wanted) {
      case Order::kEqual: out = order == 0; break;
      case Order::kUnequal: out = order != 0; break;
      case Order::kLess: out = order < 0; break;
      case Order::kLessEqual: out = order <= 0; break;
      case Order::kGreater: out = order > 0; break;
      case Order::kGreaterEqual: out = order >= 0; break;
    }
    return kGood;
  }
};

template <int sign>
struct ShiftTimestamp {
  ErrorCode operator()(int64_t micros, Interval by, int64_t& out) const { return shift_timestamp(micros, by, sign, out); }
  ErrorCode operator()(Interval by, int64_t micros, int64_t& out) const { return shift_timestamp(micros, by, sign, out); }
};

template <int sign>
struct ShiftDate {
  ErrorCode operator()(int32_t days, Interval by, int64_t& out) const {
    int64_t micros = out = 0;
    if (__builtin_mul_overflow(int64_t{days}, kMicrosPerDay, &micros)) return kIntervalOverflow;
    return shift_timestamp(micros, by, sign, out);
  }
  ErrorCode operator()(Interval by, int32_t days, int64_t& out) const { return (*this)(days, by, out); }
};

// A time goes round the day; only the interval's own time counts.
template <int sign>
struct ShiftTime {
  ErrorCode operator()(int64_t time, Interval by, int64_t& out) const {
    const int64_t moved = time + sign * (by.micros() % kMicrosPerDay);
    out = moved - floor_divide(moved, kMicrosPerDay) * kMicrosPerDay;
    return kGood;
  }
  ErrorCode operator()(Interval by, int64_t time, int64_t& out) const { return (*this)(time, by, out); }
};

struct JoinDateAndTime {
  ErrorCode operator()(int32_t days, int64_t time, int64_t& out) const {
    const bool overflow = __builtin_mul_overflow(int64_t{days}, kMicrosPerDay, &out) || __builtin_add_overflow(out, time, &out);
    return overflow ? kIntervalOverflow : kGood;
  }
  ErrorCode operator()(int64_t time, int32_t days, int64_t& out) const { return (*this)(days, time, out); }
};

// PostgreSQL gives days and time, never months.
struct SubtractTimestamps {
  ErrorCode operator()(int64_t a, int64_t b, Interval& out) const {
    int64_t micros = 0;
    out = {};
    if (__builtin_sub_overflow(a, b, &micros)) return kIntervalOverflow;
    return make_interval(0, micros / kMicrosPerDay, micros % kMicrosPerDay, out);
  }
};
struct SubtractTimes {
  ErrorCode operator()(int64_t a, int64_t b, Interval& out) const { return make_interval(0, 0, a - b, out); }
};

template <int sign>
struct AddIntervals {
  ErrorCode operator()(Interval a, Interval b, Interval& out) const {
    int64_t micros = 0;
    out = {};
    if (__builtin_add_overflow(a.micros(), sign * b.micros(), &micros)) return kIntervalOverflow;
    return make_interval(int64_t{a.months} + sign * int64_t{b.months}, int64_t{a.days} + sign * int64_t{b.days}, micros, out);
  }
};
struct NegateInterval {
  ErrorCode operator()(Interval a, Interval& out) const { return make_interval(-int64_t{a.months}, -int64_t{a.days}, -a.micros(), out); }
};

double rounded_to_micros(double value) { return std::rint(value * 1e6) / 1e6; }

// PostgreSQL (timestamp.c, interval_mul): what is left of months goes into days, what is left of those into time.
template <bool divide>
struct ScaleInterval {
  static double scaled(double value, double factor) { return divide ? value / factor : value * factor; }

  ErrorCode operator()(Interval span, double factor, Interval& out) const {
    out = {};
    if (divide && factor == 0) return ErrorCode::kDivisionByZero;
    const double months = scaled(span.months, factor), days = scaled(span.days, factor);
    if (std::isnan(months) || std::isnan(days) || std::fabs(months) > 2147483647.0 || std::fabs(days) > 2147483647.0) return kIntervalOverflow;
    double month_days = rounded_to_micros((months - std::trunc(months)) * 30);
    double seconds = rounded_to_micros((days - std::trunc(days) + month_days - std::trunc(month_days)) * 86'400);
    double whole_days = std::trunc(days);
    if (std::fabs(seconds) >= 86'400) {
      const double carried = std::trunc(seconds / 86'400);
      whole_days += carried;
      seconds -= carried * 86'400;
    }
    whole_days += std::trunc(month_days);
    const double micros = std::rint(scaled(static_cast<double>(span.micros()), factor) + seconds * 1e6);
    if (std::isnan(micros) || std::fabs(micros) >= 9.2e18) return kIntervalOverflow;
    return make_interval(static_cast<int64_t>(std::trunc(months)), static_cast<int64_t>(whole_days), static_cast<int64_t>(micros), out);
  }
  ErrorCode operator()(double factor, Interval span, Interval& out) const { return (*this)(span, factor, out); }
};

// justify_hours, justify_days and both (timestamp.c): signs of the parts agree afterwards.
template <bool hours, bool days>
struct Justify {
  ErrorCode operator()(Interval span, Interval& out) const {
    int64_t month = span.months, day = span.days, micros = span.micros();
    if (hours) {
      day += micros / kMicrosPerDay;
      micros %= kMicrosPerDay;
    }
    if (days) {
      month += day / 30;
      day %= 30;
    }
    if (days && month > 0 && (day < 0 || (hours && day == 0 && micros < 0))) {
      day += 30;
      --month;
    } else if (days && month < 0 && (day > 0 || (hours && day == 0 && micros > 0))) {
      day -= 30;
      ++month;
    }
    if (hours && day > 0 && micros < 0) {
      micros += kMicrosPerDay;
      --day;
    } else if (hours && day < 0 && micros > 0) {
      micros -= kMicrosPerDay;
      ++day;
    }
    return make_interval(month, day, micros, out);
  }
};

template <typename Op, typename Out, typename A, typename B>
void add_interval(std::vector<Function>& all, std::string_view name, TypeId left, TypeId right, TypeId result) {
  all.push_back({name, {left, right}, result, &strict<Op, Out, A, B>, true, nullptr, Function::Style::kInfix});
}

template <Order order>
void add_comparison(std::vector<Function>& all, std::string_view name) {
  all.push_back({name, {TypeId::kInterval, TypeId::kInterval}, TypeId::kBoolean, &strict<CompareIntervals<order>, bool, Interval, Interval>, false, nullptr,
                 Function::Style::kInfix});
}

template <template <int> typename Op, typename T>
void add_shift(std::vector<Function>& all, TypeId id, TypeId result) {
  add_interval<Op<1>, int64_t, T, Interval>(all, "+", id, TypeId::kInterval, result);
  add_interval<Op<1>, int64_t, Interval, T>(all, "+", TypeId::kInterval, id, result);
  add_interval<Op<-1>, int64_t, T, Interval>(all, "-", id, TypeId::kInterval, result);
}

}  // namespace

std::vector<Function> interval_functions() {
  using enum TypeId;
  std::vector<Function> all;
  add_comparison<Order::kEqual>(all, "=");
  add_comparison<Order::kUnequal>(all, "<>");
  add_comparison<Order::kLess>(all, "<");
  add_comparison<Order::kLessEqual>(all, "<=");
  add_comparison<Order::kGreater>(all, ">");
  add_comparison<Order::kGreaterEqual>(all, ">=");
  add_shift<ShiftTimestamp, int64_t>(all, kTimestamp, kTimestamp);
  add_shift<ShiftTimestamp, int64_t>(all, kTimestamptz, kTimestamptz);
  add_shift<ShiftDate, int32_t>(all, kDate, kTimestamp);
  add_shift<ShiftTime, int64_t>(all, kTime, kTime);
  add_interval<SubtractTimestamps, Interval, int64_t, int64_t>(all, "-", kTimestamp, kTimestamp, kInterval);
  add_interval<SubtractTimestamps, Interval, int64_t, int64_t>(all, "-", kTimestamptz, kTimestamptz, kInterval);
  add_interval<SubtractTimes, Interval, int64_t, int64_t>(all, "-", kTime, kTime, kInterval);
  add_interval<JoinDateAndTime, int64_t, int32_t, int64_t>(all, "+", kDate, kTime, kTimestamp);
  add_interval<JoinDateAndTime, int64_t, int64_t, int32_t>(all, "+", kTime, kDate, kTimestamp);
  add_interval<AddIntervals<1>, Interval, Interval, Interval>(all, "+", kInterval, kInterval, kInterval);
  add_interval<AddIntervals<-1>, Interval, Interval, Interval>(all, "-", kInterval, kInterval, kInterval);
  add_interval<ScaleInterval<false>, Interval, Interval, double>(all, "*", kInterval, kDouble, kInterval);
  add_interval<ScaleInterval<false>, Interval, double, Interval>(all, "*", kDouble, kInterval, kInterval);
  add_interval<ScaleInterval<true>, Interval, Interval, double>(all, "/", kInterval, kDouble, kInterval);
  all.push_back({"-", {kInterval}, kInterval, &strict<NegateInterval, Interval, Interval>, true, nullptr, Function::Style::kPrefix});
  all.push_back({"justify_hours", {kInterval}, kInterval, &strict<Justify<true, false>, Interval, Interval>, true});
  all.push_back({"justify_days", {kInterval}, kInterval, &strict<Justify<false, true>, Interval, Interval>, true});
  all.push_back({"justify_interval", {kInterval}, kInterval, &strict<Justify<true, true>, Interval, Interval>, true});
  return all;
}

std::vector<Function> interval_casts() {
  using enum TypeId;
  return {
      conversion(kText, kInterval, &strict<ParseInterval, Interval, Text>, true),
      conversion(kInterval, kText, &strict<PrintInterval, Text, Interval>, false),
      conversion(kTime, kInterval, &strict<TimeToInterval, Interval, int64_t>, true),
      conversion(kInterval, kTime, &strict<IntervalToTime, int64_t, Interval>, false),
  };
}

}  // namespace laketide::expr
