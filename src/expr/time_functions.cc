// extract, date_trunc and the like: fields of dates, times and intervals, and values made of fields. All in UTC.
#include <algorithm>
#include <cctype>
#include <cmath>
#include <optional>

#include <arrow/array/data.h>

#include "expr/civil.h"
#include "expr/decimal.h"
#include "expr/function.h"
#include "expr/interval.h"
#include "expr/strict_kernel.h"
#include "expr/zone_argument.h"

namespace laketide::expr {
namespace {

constexpr int64_t kMicrosPerHour = 3600 * kMicrosPerSecond, kMicrosPerMinute = 60 * kMicrosPerSecond;

enum class Field { kMicroseconds, kMilliseconds, kSecond, kMinute, kHour, kDay, kDow, kIsodow, kDoy, kWeek, kMonth, kQuarter, kYear, kIsoyear, kDecade,
                   kCentury, kMillennium, kEpoch };

struct FieldName {
  std::string_view names;  // separated by blanks (datetime.c: deltatktbl, datetktbl)
  Field field;
};

constexpr FieldName kFields[] = {
    {" microseconds microsecond us usec usecs usecond useconds microsecon ", Field::kMicroseconds},
    {" milliseconds millisecond ms msec msecs mseconds millisecon ", Field::kMilliseconds},
    {" second seconds s sec secs ", Field::kSecond},
    {" minute minutes m min mins ", Field::kMinute},
    {" hour hours h hr hrs ", Field::kHour},
    {" day days d ", Field::kDay},
    {" dow ", Field::kDow},
    {" isodow ", Field::kIsodow},
    {" doy ", Field::kDoy},
    {" week weeks w ", Field::kWeek},
    {" month months mon mons ", Field::kMonth},
    {" quarter qtr ", Field::kQuarter},
    {" year years y yr yrs ", Field::kYear},
    {" isoyear ", Field::kIsoyear},
    {" decade decades dec decs ", Field::kDecade},
    {" century centuries c cent ", Field::kCentury},
    {" millennium millennia mil mils ", Field::kMillennium},
    {" epoch ", Field::kEpoch},
};

std::optional<Field> field_of(Text text) {
  std::string name(" ");
  for (const char c : text) name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  name += ' ';
  if (name.size() == 2 || name.find(' ', 1) + 1 != name.size()) return {};
  const auto found = std::find_if(std::begin(kFields), std::end(kFields), [&](const FieldName& one) { return one.names.find(name) != Text::npos; });
  if (found == std::end(kFields)) return {};
  return found->field;
}

// Digits behind the point of what extract gives (PostgreSQL 14 and later).
int scale_of(Field field, bool of_date) {
  if (field == Field::kSecond) return 6;
  if (field == Field::kMilliseconds) return 3;
  return field == Field::kEpoch && !of_date ? 6 : 0;
}

int64_t week_day(int64_t days) { return floor_divide(days + 4, 7) * -7 + days + 4; }  // 0: Sunday
int64_t iso_week_day(int64_t days) { return week_day(days) == 0 ? 7 : week_day(days); }

// ISO 8601: a week belongs to the year of its Thursday.
Civil week_year(int64_t days, int64_t& week) {
  const Civil thursday = civil_of(days - iso_week_day(days) + 4);
  week = (days - iso_week_day(days) + 4 - days_of({thursday.year, 1, 1})) / 7 + 1;
  return thursday;
}

int64_t shown_year(int64_t year) { return year > 0 ? year : year - 1; }  // there is no year 0
int64_t century_of(int64_t year) { return year > 0 ? (year + 99) / 100 : -((99 - (year - 1)) / 100); }
int64_t millennium_of(int64_t year) { return year > 0 ? (year + 999) / 1000 : -((999 - (year - 1)) / 1000); }

// A field as a whole number of units of 10^-scale; none: the type does not have it.
std::optional<Int128> of_clock(Field field, int64_t micros) {
  switch (field) {
    case Field::kMicroseconds:
    case Field::kMilliseconds:
    case Field::kSecond: return micros % kMicrosPerMinute;
    case Field::kMinute: return micros / kMicrosPerMinute % 60;
    case Field::kHour: return micros / kMicrosPerHour;
    default: return {};
  }
}

std::optional<Int128> of_days(Field field, int64_t days) {
  const Civil date = civil_of(days);
  int64_t week = 0;
  switch (field) {
    case Field::kDay: return date.day;
    case Field::kDow: return week_day(days);
    case Field::kIsodow: return iso_week_day(days);
    case Field::kDoy: return days - days_of({date.year, 1, 1}) + 1;
    case Field::kWeek: (void)week_year(days, week); return week;
    case Field::kMonth: return date.month;
    case Field::kQuarter: return (date.month - 1) / 3 + 1;
    case Field::kYear: return shown_year(date.year);
    case Field::kIsoyear: return shown_year(week_year(days, week).year);
    case Field::kDecade: return floor_divide(date.year, 10);
    case Field::kCentury: return century_of(date.year);
    case Field::kMillennium: return millennium_of(date.year);
    default: return {};
  }
}

std::optional<Int128> of_timestamp(Field field, int64_t micros) {
  if (field == Field::kEpoch) return micros;
  const int64_t days = floor_divide(micros, kMicrosPerDay);
  const auto clock = of_clock(field, micros - days * kMicrosPerDay);
  return clock ? clock : of_days(field, days);
}

std::optional<Int128> of_date(Field field, int32_t days) {
  return field == Field::kEpoch ? std::optional<Int128>(int64_t{days} * 86'400) : of_days(field, days);
}

std::optional<Int128> of_time(Field field, int64_t micros) { return field == Field::kEpoch ? micros : of_clock(field, micros); }

// A year has 365.25 days here, and a month 30 (timestamp.c, interval_part_common).
std::optional<Int128> of_interval(Field field, Interval span) {
  const int64_t years = span.months / 12;
  switch (field) {
    case Field::kDay: return span.days;
    case Field::kMonth: return span.months % 12;
    case Field::kQuarter: return span.months % 12 / 3 + 1;
    case Field::kYear: return years;
    case Field::kDecade: return years / 10;
    case Field::kCentury: return years / 100;
    case Field::kMillennium: return years / 1000;
    case Field::kEpoch:
      return static_cast<Int128>(years) * (1461 * kMicrosPerDay / 4) + static_cast<Int128>(span.months % 12) * 30 * kMicrosPerDay +
             static_cast<Int128>(span.days) * kMicrosPerDay + span.micros();
    default: return of_clock(field, span.micros());
  }
}

// In the order of PostgreSQL's sum, which the last digits of a double show.
double epoch_of(Interval span) {
  double seconds = static_cast<double>(span.micros()) / 1e6;
  seconds += 365.25 * 86'400 * (span.months / 12);
  seconds += 30.0 * 86'400 * (span.months % 12);
  return seconds + 86'400.0 * span.days;
}

std::optional<Int128> part_of(Field field, int64_t micros, TypeId id) { return id == TypeId::kTime ? of_time(field, micros) : of_timestamp(field, micros); }
std::optional<Int128> part_of(Field field, int32_t days, TypeId) { return of_date(field, days); }
std::optional<Int128> part_of(Field field, Interval span, TypeId) { return of_interval(field, span); }

template <typename T>
struct Extract {
  Extract(const Call& call, std::span<const Column> args) : field(*field_of(constant_text(*call.node.args[0]))), id(args[1].type.id) {}
  ErrorCode operator()(Text, T value, Int128& out) const {
    const auto part = part_of(field, value, id);
    out = part.value_or(0);
    return part ? kGood : ErrorCode::kInvalidArgument;
  }
  Field field;
  TypeId id;
};

template <typename T>
struct DatePart {
  DatePart(const Call&, std::span<const Column> args) : id(args[1].type.id) {}
  ErrorCode operator()(Text name, T value, double& out) const {
    const auto field = field_of(name);
    const auto part = field ? part_of(*field, value, id) : std::nullopt;
    out = 0;
    if (!part) return ErrorCode::kInvalidArgument;
    if constexpr (std::is_same_v<T, Interval>) {
      if (*field == Field::kEpoch) {
        out = epoch_of(value);
        return kGood;
      }
    }
    const int scale = scale_of(*field, std::is_same_v<T, int32_t>);
    out = static_cast<double>(*part) / (scale == 6 ? 1e6 : scale == 3 ? 1e3 : 1);
    return kGood;
  }
  TypeId id;
};

// The field decides the digits, and whether the type has it at all.
Result<Type> extract_type(std::span<const ExprPtr> args) {
  if (args[0]->kind != Expression::Kind::kConstant || is_null_constant(*args[0])) {
    return Status::user("sql_type", "the field must be written down here: it decides the type of the result; date_part takes any text");
  }
  const auto field = field_of(constant_text(*args[0]));
  const TypeId id = args[1]->type.id;
  if (!field) return Status::user("sql_function", "there is no field '" + std::string(constant_text(*args[0])) + "': there are year, quarter, month, week, day, dow, doy, "
                                                  "hour, minute, second, milliseconds, microseconds, epoch and others");
  const bool has = id == TypeId::kDate ? of_date(*field, 0).has_value()
                   : id == TypeId::kTime ? of_time(*field, 0).has_value()
                   : id == TypeId::kInterval ? of_interval(*field, {}).has_value() : true;
  if (!has) return Status::user("sql_function", args[1]->type.name() + " has no field '" + std::string(constant_text(*args[0])) + "'");
  return Type::numeric(24, scale_of(*field, id == TypeId::kDate));
}

std::optional<int64_t> truncated(Field field, int64_t micros) {
  const auto to = [&](int64_t unit) { return floor_divide(micros, unit) * unit; };
  const int64_t days = floor_divide(micros, kMicrosPerDay);
  const Civil date = civil_of(days);
  const auto begin = [](int64_t year, int month) { return days_of({year, month, 1}) * kMicrosPerDay; };
  const auto of_years = [&](int64_t size) { return begin(date.year > 0 ? (date.year + size - 1) / size * size - size + 1 : -((size - 1 - (date.year - 1)) / size) * size + 1, 1); };
  switch (field) {
    case Field::kMicroseconds: return micros;
    case Field::kMilliseconds: return to(1000);
    case Field::kSecond: return to(kMicrosPerSecond);
    case Field::kMinute: return to(kMicrosPerMinute);
    case Field::kHour: return to(kMicrosPerHour);
    case Field::kDay: return days * kMicrosPerDay;
    case Field::kWeek: return (days - iso_week_day(days) + 1) * kMicrosPerDay;
    case Field::kMonth: return begin(date.year, date.month);
    case Field::kQuarter: return begin(date.year, (date.month - 1) / 3 * 3 + 1);
    case Field::kYear: return begin(date.year, 1);
    case Field::kDecade: return begin(floor_divide(date.year, 10) * 10, 1);
    case Field::kCentury: return of_years(100);
    case Field::kMillennium: return of_years(1000);
    default: return {};
  }
}

/// As a clock in the zone shows it. Confined to its task.
struct DateTruncInZone {
  ErrorCode operator()(Text name, int64_t micros, Text zone_name, int64_t& out) const {
    out = 0;
    const TimeZone* zone = nullptr;
    if (const ErrorCode code = last.find(zone_name, zone); code != kGood) return code;
    const auto field = field_of(name);
    const auto clock = zone->clock_at(micros);
    if (!clock) return ErrorCode::kDatetimeFieldOverflow;
    const auto cut = field ? truncated(*field, *clock) : std::nullopt;
    if (!cut) return ErrorCode::kInvalidArgument;
    // Within a day the offset stays what it is; a day's beginning has its own.
    const bool within = *field == Field::kHour || *field == Field::kMinute || *field == Field::kSecond || *field == Field::kMilliseconds || *field == Field::kMicroseconds;
    const auto made = within ? std::optional(micros - (*clock - *cut)) : zone->instant_of(*cut);
    out = made.value_or(0);
    return made && out >= kTimestampMin ? kGood : ErrorCode::kDatetimeFieldOverflow;
  }
  LastZone last;
};

struct DateTrunc {
  ErrorCode operator()(Text name, int64_t micros, int64_t& out) const {
    const auto field = field_of(name);
    const auto made = field ? truncated(*field, micros) : std::nullopt;
    out = made.value_or(0);
    if (!made) return ErrorCode::kInvalidArgument;
    return out < kTimestampMin ? ErrorCode::kDatetimeFieldOverflow : kGood;
  }
  ErrorCode operator()(Text name, Interval span, Interval& out) const {
    out = {};
    const auto field = field_of(name);
    if (!field) return ErrorCode::kInvalidArgument;
    constexpr std::pair<Field, int> kYears[] = {{Field::kMillennium, 12'000}, {Field::kCentury, 1200}, {Field::kDecade, 120}, {Field::kYear, 12}, {Field::kQuarter, 3}, {Field::kMonth, 1}};
    for (const auto& [one, months] : kYears) {
      if (*field == one) return make_interval(span.months / months * months, 0, 0, out);
    }
    constexpr std::pair<Field, int64_t> kTimes[] = {{Field::kDay, 0}, {Field::kHour, kMicrosPerHour}, {Field::kMinute, kMicrosPerMinute},
                                                    {Field::kSecond, kMicrosPerSecond}, {Field::kMilliseconds, 1000}, {Field::kMicroseconds, 1}};
    for (const auto& [one, unit] : kTimes) {
      if (*field == one) return make_interval(span.months, span.days, unit == 0 ? 0 : span.micros() / unit * unit, out);
    }
    return ErrorCode::kInvalidArgument;
  }
};

// Stride without months, from an origin (timestamp.c, timestamp_bin).
struct DateBin {
  ErrorCode operator()(Interval stride, int64_t micros, int64_t origin, int64_t& out) const {
    out = 0;
    int64_t size = 0, difference = 0;
    if (stride.months != 0) return ErrorCode::kInvalidArgument;
    if (__builtin_mul_overflow(int64_t{stride.days}, kMicrosPerDay, &size) || __builtin_add_overflow(size, stride.micros(), &size)) return ErrorCode::kDatetimeFieldOverflow;
    if (size <= 0) return ErrorCode::kDatetimeFieldOverflow;
    if (__builtin_sub_overflow(micros, origin, &difference)) return ErrorCode::kDatetimeFieldOverflow;
    out = origin + floor_divide(difference, size) * size;
    return kGood;
  }
};

bool is_date(int64_t year, int month, int day) { return year != 0 && month >= 1 && month <= 12 && day >= 1 && day <= days_in(year < 0 ? year + 1 : year, month); }

struct MakeDate {
  ErrorCode operator()(int32_t year, int32_t month, int32_t day, int32_t& out) const {
    out = 0;
    if (!is_date(year, month, day)) return ErrorCode::kDatetimeFieldOverflow;
    const int64_t days = days_of({year < 0 ? int64_t{year} + 1 : year, month, day});
    if (days < kDayMin || days > kDayMax) return ErrorCode::kDatetimeFieldOverflow;
    out = static_cast<int32_t>(days);
    return kGood;
  }
};

std::optional<int64_t> clock_of(int32_t hour, int32_t minute, double second) {
  if (std::isnan(second) || second < 0 || second > 60 || hour < 0 || minute < 0 || minute > 59) return {};
  const int64_t micros = hour * kMicrosPerHour + minute * kMicrosPerMinute + std::llrint(second * 1e6);
  if (hour > 24 || micros > kMicrosPerDay) return {};
  return micros;
}

struct MakeTime {
  ErrorCode operator()(int32_t hour, int32_t minute, double second, int64_t& out) const {
    const auto micros = clock_of(hour, minute, second);
    out = micros.value_or(0);
    return micros ? kGood : ErrorCode::kDatetimeFieldOverflow;
  }
};

struct MakeTimestamp {
  ErrorCode operator()(int32_t year, int32_t month, int32_t day, int32_t hour, int32_t minute, double second, int64_t& out) const {
    out = 0;
    const auto micros = clock_of(hour, minute, second);
    if (!micros || !is_date(year, month, day)) return ErrorCode::kDatetimeFieldOverflow;
    int64_t value = 0;
    if (__builtin_mul_overflow(days_of({year < 0 ? int64_t{year} + 1 : year, month, day}), kMicrosPerDay, &value) ||
        __builtin_add_overflow(value, *micros, &value) || value < kTimestampMin) {
      return ErrorCode::kDatetimeFieldOverflow;
    }
    out = value;
    return kGood;
  }
};

struct ToTimestamp {
  ErrorCode operator()(double seconds, int64_t& out) const {
    out = 0;
    if (!(seconds >= static_cast<double>(kTimestampMin) / 1e6 && seconds < 9.22e12)) return ErrorCode::kDatetimeFieldOverflow;
    out = static_cast<int64_t>(std::rint(seconds * 1e6));
    return kGood;
  }
};

// Years, months, days and time from the second to the first (timestamp.c, timestamp_age).
struct Age {
  ErrorCode operator()(int64_t a, int64_t b, Interval& out) const {
    out = {};
    const int sign = a < b ? -1 : 1;
    const int64_t later = std::max(a, b), earlier = std::min(a, b);
    const int64_t later_day = floor_divide(later, kMicrosPerDay), earlier_day = floor_divide(earlier, kMicrosPerDay);
    const Civil to = civil_of(later_day), from = civil_of(earlier_day);
    int64_t micros = (later - later_day * kMicrosPerDay) - (earlier - earlier_day * kMicrosPerDay);
    int64_t days = to.day - from.day, months = (to.year - from.year) * 12 + to.month - from.month;
    if (micros < 0) {
      micros += kMicrosPerDay;
      --days;
    }
    while (days < 0) {
      days += days_in(from.year, from.month);
      --months;
    }
    return make_interval(sign * months, sign * days, sign * micros, out);
  }
};

template <typename T>
void add_parts(std::vector<Function>& all, TypeId id) {
  using enum TypeId;
  all.push_back({"extract", {kText, id}, kNumeric, &strict<Extract<T>, Int128, Text, T>, id == kInterval, extract_type});
  all.push_back({"date_part", {kText, id}, kDouble, &strict<DatePart<T>, double, Text, T>, true});
}

template <typename Op, typename Out, typename... In>
void add_time(std::vector<Function>& all, std::string_view name, std::vector<TypeId> args, TypeId result) {
  all.push_back({name, std::move(args), result, &strict<Op, Out, In...>, true});
}

}  // namespace

std::vector<Function> time_functions() {
  using enum TypeId;
  std::vector<Function> all;
  for (const TypeId id : {kTimestamp, kTimestamptz, kTime}) add_parts<int64_t>(all, id);
  add_parts<int32_t>(all, kDate);
  add_parts<Interval>(all, kInterval);
  for (const TypeId id : {kTimestamp, kTimestamptz}) {
    add_time<DateTrunc, int64_t, Text, int64_t>(all, "date_trunc", {kText, id}, id);
    add_time<DateBin, int64_t, Interval, int64_t, int64_t>(all, "date_bin", {kInterval, id, id}, id);
    add_time<Age, Interval, int64_t, int64_t>(all, "age", {id, id}, kInterval);
  }
  add_time<DateTruncInZone, int64_t, Text, int64_t, Text>(all, "date_trunc", {kText, kTimestamptz, kText}, kTimestamptz);
  all.back().result_type = [](std::span<const ExprPtr> args) { return zoned(args, 2, kTimestamptz); };
  add_time<DateTrunc, Interval, Text, Interval>(all, "date_trunc", {kText, kInterval}, kInterval);
  add_time<MakeDate, int32_t, int32_t, int32_t, int32_t>(all, "make_date", {kInt, kInt, kInt}, kDate);
  add_time<MakeTime, int64_t, int32_t, int32_t, double>(all, "make_time", {kInt, kInt, kDouble}, kTime);
  add_time<MakeTimestamp, int64_t, int32_t, int32_t, int32_t, int32_t, int32_t, double>(all, "make_timestamp", {kInt, kInt, kInt, kInt, kInt, kDouble}, kTimestamp);
  add_time<ToTimestamp, int64_t, double>(all, "to_timestamp", {kDouble}, kTimestamptz);
  return all;
}

}  // namespace laketide::expr
