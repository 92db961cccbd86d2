#include "expr/time_input.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <climits>

#include "expr/civil.h"
#include "expr/utf8.h"

namespace laketide::expr {
namespace {

using Item = TimeInput::Item;

constexpr auto kNoMatch = ErrorCode::kInvalidDatetimeFormat;
constexpr auto kNoSuchTime = ErrorCode::kDatetimeFieldOverflow;

bool is_time_blank(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_template_separator(char c) { return c > 0x20 && c < 0x7f && std::isalnum(static_cast<unsigned char>(c)) == 0; }

// A number may follow without anything between.
bool is_number_field(TemplateField field) {
  switch (field) {
    case kMeridiem: case kEra: case kMonthName: case kMonthShort: case kDayName: case kDayShort: case kRoman: case kFraction: case kZoneHour: return false;
    default: return true;
  }
}

size_t first_character(std::string_view text) { return byte_of_character(text, 1); }

/// The fields that were read; 0: it was not there, which PostgreSQL does not tell from 0. Confined to its task.
struct TimeFields {
  enum class Calendar : uint8_t { kNone, kGregorian, kIso };
  Calendar calendar = Calendar::kNone;
  bool half_day = false;
  int64_t pm = 0, hour = 0, minute = 0, second = 0, milli = 0, micro = 0, second_of_day = 0, digits = 0;
  int64_t zone_sign = 0, zone_hour = 0, zone_minute = 0;
  int64_t bc = 0, century = 0, year = 0, year_digits = 0, month = 0, day = 0, day_of_year = 0, weekday = 0, week = 0, week_of_month = 0, julian = 0;
};

/// Reads one text item by item. Confined to its task.
class Reading {
 public:
  explicit Reading(std::string_view text) : rest_(text) {}

  ErrorCode all(const std::vector<Item>& items) {
    for (size_t i = 0; i < items.size() && !rest_.empty(); ++i) {
      const Item& item = items[i];
      if (!fixed_ && item.kind != Item::Kind::kFixed && (item.kind == Item::Kind::kField || i == 0)) skip_blanks();
      if (item.kind == Item::Kind::kFixed) {
        fixed_ = true;
      } else if (item.kind == Item::Kind::kField) {
        if (const ErrorCode code = field(item); code != kGood) return code;
        extra_ = 0;
        if (!fixed_) skip_blanks();
      } else {
        between(item.kind);
      }
    }
    return kGood;
  }

  const TimeFields& fields() const { return fields_; }

 private:
  void skip_blanks() {
    for (; !rest_.empty() && is_time_blank(rest_.front()); ++extra_) take(1);
  }
  void take(size_t bytes) {
    bytes = std::min(bytes, rest_.size());
    if (bytes > 0) before_ = rest_[bytes - 1];
    rest_.remove_prefix(bytes);
  }

  // Outside of FX a blank or separator may be missing, and a character stands for whatever more was skipped before.
  void between(Item::Kind kind) {
    if (fixed_) {
      take(first_character(rest_));
    } else if (kind == Item::Kind::kText) {
      if (extra_ > 0) {
        --extra_;
      } else {
        take(first_character(rest_));
      }
    } else {
      --extra_;
      if (rest_.empty() || !(is_time_blank(rest_.front()) || is_template_separator(rest_.front()))) return;
      take(1);
      ++extra_;
    }
  }

  // As C's strtol: blanks, a sign, digits. `used`: how many characters; none without a digit.
  static ErrorCode leading_number(std::string_view text, int64_t& value, size_t& used) {
    size_t at = 0;
    while (at < text.size() && is_time_blank(text[at])) ++at;
    const bool negative = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    const size_t first = at;
    bool large = false;
    for (value = 0; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
      value = value * 10 + (text[at] - '0');
      large |= value > static_cast<int64_t>(INT_MAX) + 1;
      if (large) value = 0;
    }
    used = at > first ? at : 0;
    if (negative) value = -value;
    return large || value > INT_MAX ? kNoSuchTime : kGood;
  }

  // `digits`: how many a number has that another one may follow.
  ErrorCode number(const Item& item, size_t digits, int64_t& value, size_t& length) {
    const size_t before = rest_.size();
    size_t used = 0;
    ErrorCode code = kGood;
    if (item.slurps) {
      code = leading_number(rest_, value, used);
    } else {
      while (!rest_.empty() && is_time_blank(rest_.front())) take(1);
      if (rest_.size() < digits) return kNoMatch;
      code = leading_number(rest_.substr(0, digits), value, used);
      if (used > 0 && used < digits) return kNoMatch;
    }
    take(used);
    length = before - rest_.size();
    if (length == 0) return kNoMatch;
    return code;
  }

  static ErrorCode set(int64_t& field, int64_t value) {
    if (field != 0 && field != value) return kNoMatch;
    field = value;
    return kGood;
  }

  ErrorCode set_number(const Item& item, size_t digits, int64_t& into) {
    size_t length = 0;
    return set_number(item, digits, into, length);
  }
  ErrorCode set_number(const Item& item, size_t digits, int64_t& into, size_t& length) {
    int64_t value = 0;
    if (const ErrorCode code = number(item, digits, value, length); code != kGood) return code;
    const ErrorCode code = set(into, value);
    if (item.ordinal) take(byte_of_character(rest_, 2));
    return code;
  }

  // The first of the names that the text begins with, in any case.
  template <size_t kCount>
  ErrorCode name(const std::array<std::string_view, kCount>& names, size_t length_max, int64_t& index) {
    for (size_t i = 0; i < kCount; ++i) {
      const std::string_view name = names[i].substr(0, length_max);
      const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
      if (rest_.size() < name.size() || !std::equal(name.begin(), name.end(), rest_.begin(), same)) continue;
      take(name.size());
      index = static_cast<int64_t>(i);
      return kGood;
    }
    return kNoMatch;
  }

  ErrorCode set_calendar(TemplateField field) {
    using enum TimeFields::Calendar;
    TimeFields::Calendar wanted = kNone;
    switch (field) {
      case kIsoDayOfYear: case kIsoWeekday: case kIsoWeek: case kIsoYear: wanted = kIso; break;
      case kDayOfYear: case kDay: case kWeekday: case kMonth: case kMonthName: case kMonthShort: case kRoman: case kWeekOfYear: case kWeekOfMonth:
      case kYearWithComma: case kYear: wanted = kGregorian; break;
      default: return kGood;
    }
    if (fields_.calendar != kNone && fields_.calendar != wanted) return kNoMatch;
    fields_.calendar = wanted;
    return kGood;
  }

  ErrorCode field(const Item& item) {
    if (const ErrorCode code = set_calendar(item.field); code != kGood) return code;
    TimeFields& f = fields_;
    const size_t digits = item.word.size();
    switch (item.field) {
      case kMeridiem: case kEra: case kMonthName: case kMonthShort: case kDayName: case kDayShort: case kRoman: return word(item);
      case kHour12: f.half_day = true; return set_number(item, 2, f.hour);
      case kHour24: return set_number(item, 2, f.hour);
      case kMinute: return set_number(item, 2, f.minute);
      case kSecond: return set_number(item, 2, f.second);
      case kMilli: return set_fraction(item, 3, f.milli);
      case kMicro: return set_fraction(item, 6, f.micro);
      case kFraction: f.digits = item.word[2] - '0'; return set_fraction(item, static_cast<size_t>(f.digits), f.micro);
      case kSecondsOfDay: return set_number(item, digits, f.second_of_day);
      case kZoneHour: set_zone_sign(); return set_number(item, 2, f.zone_hour);
      case kZoneMinute: f.zone_sign = f.zone_sign == 0 ? 1 : f.zone_sign; return set_number(item, 2, f.zone_minute);
      case kMonth: return set_number(item, digits, f.month);
      case kDay: return set_number(item, digits, f.day);
      case kDayOfYear: return set_number(item, digits, f.day_of_year);
      case kIsoDayOfYear: return set_number(item, 3, f.day_of_year);
      case kWeekday: return set_number(item, digits, f.weekday);
      case kIsoWeekday: return set_iso_weekday(item);
      case kWeekOfYear: case kIsoWeek: return set_number(item, digits, f.week);
      case kWeekOfMonth: return set_number(item, digits, f.week_of_month);
      case kCentury: return set_number(item, digits, f.century);
      case kJulian: return set_number(item, digits, f.julian);
      case kYearWithComma: return set_year_with_comma(item);
      case kYear: case kIsoYear: return set_year(item);
      default: break;
    }
    int64_t nobody = 0;  // a quarter is read, and says nothing
    return set_number(item, digits, nobody);
  }

  ErrorCode word(const Item& item) {
    constexpr std::array<std::string_view, 2> kHalves{"am", "pm"}, kDottedHalves{"a.m.", "p.m."}, kEras{"ad", "bc"}, kDottedEras{"a.d.", "b.c."};
    // The longer first: XII begins with X.
    constexpr std::array<std::string_view, 12> kRomans{"XII", "XI", "X", "IX", "VIII", "VII", "VI", "V", "IV", "III", "II", "I"};
    constexpr size_t kWhole = 16, kShort = 3;
    TimeFields& f = fields_;
    const bool dotted = item.word.find('.') != std::string_view::npos;
    int64_t index = 0;
    ErrorCode code = kGood;
    switch (item.field) {
      case kMeridiem:
        f.half_day = true;
        code = name(dotted ? kDottedHalves : kHalves, kWhole, index);
        return code == kGood ? set(f.pm, index) : code;
      case kEra:
        code = name(dotted ? kDottedEras : kEras, kWhole, index);
        return code == kGood ? set(f.bc, index) : code;
      case kMonthName: case kMonthShort:
        code = name(kMonthNames, item.field == kMonthName ? kWhole : kShort, index);
        return code == kGood ? set(f.month, index + 1) : code;
      case kRoman:
        code = name(kRomans, kWhole, index);
        return code == kGood ? set(f.month, 12 - index) : code;
      default: break;
    }
    code = name(kDayNames, item.field == kDayName ? kWhole : kShort, index);
    if (code == kGood) code = set(f.weekday, index);
    if (code == kGood) ++f.weekday;
    return code;
  }

  // 25 is 0.25, and so is 250; 025 is 0.025.
  ErrorCode set_fraction(const Item& item, size_t digits, int64_t& into) {
    size_t length = 0;
    const ErrorCode code = set_number(item, digits, into, length);
    for (; code == kGood && length < (item.field == kMilli ? 3 : 6); ++length) into *= 10;
    return code;
  }

  // A minus may have been taken for a separator.
  void set_zone_sign() {
    const char next = rest_.empty() ? '\0' : rest_.front();
    if (next == '+' || next == '-' || next == ' ') {
      fields_.zone_sign = next == '-' ? -1 : 1;
      take(1);
    } else {
      fields_.zone_sign = extra_ > 0 && before_ == '-' ? -1 : 1;
    }
  }

  ErrorCode set_iso_weekday(const Item& item) {
    const ErrorCode code = set_number(item, 1, fields_.weekday);
    if (code == kGood) fields_.weekday = fields_.weekday >= 7 ? 1 : fields_.weekday + 1;
    return code;
  }

  ErrorCode set_year(const Item& item) {
    size_t length = 0;
    const ErrorCode code = set_number(item, item.word.size(), fields_.year, length);
    if (code != kGood) return code;
    fields_.year_digits = static_cast<int64_t>(item.word.size());
    if (item.word.size() == 4 || length >= 4) return kGood;
    int64_t& year = fields_.year;  // of few digits: the one nearest to 2020
    year += year < 70 ? 2000 : year < 100 ? 1900 : year < 520 ? 2000 : year < 1000 ? 1000 : 0;
    return kGood;
  }

  ErrorCode set_year_with_comma(const Item& item) {
    int64_t thousands = 0, years = 0;
    size_t used = 0, more = 0;
    const ErrorCode of_thousands = leading_number(rest_, thousands, used);
    if (used == 0 || used >= rest_.size() || rest_[used] != ',') return kNoMatch;
    if (of_thousands != kGood) return of_thousands;
    const std::string_view behind = rest_.substr(used + 1, 3);
    if (leading_number(behind, years, more) != kGood || more == 0) return kNoMatch;
    take(used + 1 + more);
    fields_.year_digits = 4;
    const ErrorCode code = set(fields_.year, thousands * 1000 + years);
    if (item.ordinal) take(byte_of_character(rest_, 2));
    return code;
  }

  std::string_view rest_;
  char before_ = '\0';  // the character that was taken last
  bool fixed_ = false;
  int extra_ = 0;  // characters skipped beyond what the template has
  TimeFields fields_;
};

// Behind the Monday of the first week of an ISO year, in days since 1970.
int64_t iso_week_begin(int64_t year, int64_t week) {
  const int64_t fourth = days_of({year, 1, 4});
  return fourth - ((fourth + 3) - floor_divide(fourth + 3, 7) * 7) + (week - 1) * 7;
}

/// A date as fields give it, piece by piece; what is missing is 1. Confined to its task.
class DateOfFields {
 public:
  explicit DateOfFields(const TimeFields& fields) : f_(fields) {}

  ErrorCode find(Civil& out) {
    set_year();
    if (f_.julian != 0) set_whole(f_.julian - 2'440'588);
    set_week();
    if (f_.week_of_month != 0) f_.day = (f_.week_of_month - 1) * 7 + 1;
    has_day_ |= f_.day != 0;
    if (f_.day != 0) day_ = f_.day;
    has_month_ |= f_.month != 0;
    if (f_.month != 0) month_ = f_.month;
    if (f_.day_of_year != 0 && (month_ <= 1 || day_ <= 1)) {
      if (year_ == 0 && f_.bc == 0) return kNoMatch;
      set_day_of_year();
    }
    if (has_month_ && (month_ < 1 || month_ > 12)) return kNoSuchTime;
    if (has_day_ && (day_ < 1 || day_ > 31)) return kNoSuchTime;
    if (has_year_ && has_month_ && has_day_ && day_ > days_in(year_, static_cast<int>(month_))) return kNoSuchTime;
    out = {year_, static_cast<int>(month_), static_cast<int>(day_)};
    return kGood;
  }

 private:
  // The 21st century began in 2001, the 6th before Christ in 600.
  void set_year() {
    has_year_ = f_.year != 0 || f_.century != 0;
    const int64_t century = f_.bc != 0 ? -f_.century : f_.century;
    if (f_.year != 0 && f_.century != 0 && f_.year_digits <= 2) {
      const int64_t within = f_.year % 100;
      if (within == 0) {
        year_ = century * 100 + (century >= 0 ? 0 : 1);
      } else {
        year_ = century >= 0 ? within + (century - 1) * 100 : (century + 1) * 100 - within + 1;
      }
    } else if (f_.year != 0) {
      year_ = f_.bc != 0 ? -f_.year : f_.year;
      if (year_ < 0) ++year_;
    } else if (f_.century != 0) {
      year_ = century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
    }
  }

  void set_whole(int64_t days) {
    const Civil date = civil_of(days);
    year_ = date.year;
    month_ = date.month;
    day_ = date.day;
    has_year_ = has_month_ = has_day_ = true;
  }

  void set_week() {
    if (f_.week == 0) return;
    if (f_.calendar != TimeFields::Calendar::kIso) {
      f_.day_of_year = (f_.week - 1) * 7 + 1;
      return;
    }
    const int64_t behind_monday = f_.weekday == 0 ? 0 : f_.weekday > 1 ? f_.weekday - 2 : 6;
    set_whole(iso_week_begin(year_, f_.week) + behind_monday);
  }

  void set_day_of_year() {
    if (f_.calendar == TimeFields::Calendar::kIso) {
      set_whole(iso_week_begin(year_, 1) - 1 + f_.day_of_year);
      return;
    }
    int64_t month = 1, left = f_.day_of_year;
    for (; month <= 12 && left > days_in(year_, static_cast<int>(month)); ++month) left -= days_in(year_, static_cast<int>(month));
    if (month_ <= 1) month_ = month;
    if (day_ <= 1) day_ = left;
    has_month_ = has_day_ = true;
  }

  TimeFields f_;
  int64_t year_ = 0, month_ = 1, day_ = 1;
  bool has_year_ = false, has_month_ = false, has_day_ = false;
};

ErrorCode clock_of(const TimeFields& f, int64_t& micros) {
  int64_t hour = f.second_of_day / 3600, minute = f.second_of_day % 3600 / 60, second = f.second_of_day % 60;
  if (f.second != 0) second = f.second;
  if (f.minute != 0) minute = f.minute;
  if (f.hour != 0) hour = f.hour;
  if (f.half_day) {
    if (hour < 1 || hour > 12) return kNoMatch;
    hour = f.pm != 0 ? (hour < 12 ? hour + 12 : hour) : (hour == 12 ? 0 : hour);
  }
  const int64_t fraction = f.milli * 1000 + f.micro;
  if (hour < 0 || hour >= 24 || minute < 0 || minute >= 60 || second < 0 || second >= 60 || fraction < 0 || fraction >= kMicrosPerSecond) return kNoSuchTime;
  micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return kGood;
}

// Halves away from 1970.
int64_t to_digits(int64_t micros, int64_t digits) {
  int64_t unit = 1;
  for (int64_t i = digits; i < 6; ++i) unit *= 10;
  return (micros + (micros < 0 ? -1 : 1) * (unit / 2)) / unit * unit;
}

Status check_word(const TemplateWord& word) {
  if (word.field != kZone && word.field != kOffset) return {};
  return Status::user("sql_unsupported", "this stands in to_char alone, as in PostgreSQL: a time with an offset is read by TZH and TZM, by AT TIME ZONE or as ISO 8601 by a cast: " + std::string(word.text));
}

}  // namespace

Result<TimeInput> TimeInput::parse(std::string_view text) {
  TimeInput made;
  std::vector<Item>& items = made.items_;
  const auto literal = [&](size_t at, bool quoted) {
    const char c = text[at];
    Item item;
    if (!quoted && is_template_separator(c)) item.kind = Item::Kind::kSeparator;
    if (!quoted && is_time_blank(c)) item.kind = Item::Kind::kBlank;
    item.digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    items.push_back(item);
    return std::max<size_t>(1, first_character(text.substr(at)));
  };
  for (size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    Item item;
    size_t prefix = 0;
    if (rest.starts_with("TM") || rest.starts_with("tm")) return Status::user("sql_unsupported", "TM in a template, names in other languages, is not supported");
    item.slurps = rest.starts_with("FM") || rest.starts_with("fm");
    if (item.slurps) prefix = 2;
    if (rest.substr(prefix).starts_with("FX") || rest.substr(prefix).starts_with("fx")) {
      item.kind = Item::Kind::kFixed;
      items.push_back(item);
      at += prefix + 2;
    } else if (const TemplateWord* const word = template_word_at(rest.substr(prefix))) {
      LT_RETURN_IF_ERROR(check_word(*word));
      item.kind = Item::Kind::kField;
      item.field = word->field;
      item.word = word->text;
      at += prefix + word->text.size();
      const std::string_view suffix = text.substr(at, 2);
      if (suffix == "SP" || suffix == "sp") return Status::user("sql_unsupported", "SP in a template, numbers spelt out, is not supported");
      item.ordinal = suffix == "TH" || suffix == "th";
      if (item.ordinal) at += 2;
      items.push_back(item);
    } else if (prefix > 0) {
      at += prefix;  // a modifier of nothing
    } else if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"';) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        at += literal(at, true);
      }
      ++at;
    } else {
      if (rest.starts_with("\\\"")) ++at;
      at += literal(at, false);
    }
  }
  for (size_t i = 0; i < items.size(); ++i) {
    const bool last = i + 1 == items.size();
    const Item* const next = last ? nullptr : &items[i + 1];
    const bool digits_follow = next && (next->kind == Item::Kind::kField ? is_number_field(next->field) : next->digit);
    items[i].slurps |= items[i].ordinal || !digits_follow;
  }
  return made;
}

ErrorCode TimeInput::read(std::string_view text, TimeRead& out) const {
  Reading reading(text);
  if (const ErrorCode code = reading.all(items_); code != kGood) return code;
  const TimeFields& fields = reading.fields();
  int64_t clock = 0;
  Civil date{0, 1, 1};
  // The hour of a half day is looked at before the date.
  const ErrorCode of_clock = clock_of(fields, clock);
  if (of_clock == kNoMatch) return of_clock;
  if (const ErrorCode code = DateOfFields(fields).find(date); code != kGood) return code;
  if (of_clock != kGood) return of_clock;
  if (fields.zone_sign != 0 && (fields.zone_hour < 0 || fields.zone_hour > 15 || fields.zone_minute < 0 || fields.zone_minute >= 60)) return kNoSuchTime;
  out.day = days_of(date);
  const int64_t zone = fields.zone_sign * (fields.zone_hour * 60 + fields.zone_minute) * 60 * kMicrosPerSecond;
  if (__builtin_mul_overflow(out.day, kMicrosPerDay, &out.micros) || __builtin_add_overflow(out.micros, clock - zone, &out.micros) || out.micros < kTimestampMin) {
    out.micros = INT64_MIN;
    return kGood;
  }
  if (fields.digits > 0) out.micros = to_digits(out.micros, fields.digits);
  return kGood;
}

}  // namespace laketide::expr
