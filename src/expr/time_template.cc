#include "expr/time_template.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "expr/civil.h"
#include "expr/template_words.h"

namespace laketide::expr {
namespace {

void append_padded(int64_t value, size_t width, std::string& to) {
  const std::string digits = std::to_string(value < 0 ? -value : value);
  if (value < 0) to += '-';
  if (digits.size() < width) to.append(width - digits.size(), '0');
  to += digits;
}

// A name in the spelling of its word: DAY, Day or day; `width`: filled up with blanks.
void append_name(std::string_view name, std::string_view word, size_t width, std::string& to) {
  const size_t at = to.size();
  to += name;
  const bool lower = std::islower(static_cast<unsigned char>(word[0])) != 0, upper = !lower && std::isupper(static_cast<unsigned char>(word[1])) != 0;
  std::transform(to.begin() + static_cast<long>(at), to.end(), to.begin() + static_cast<long>(at),
                 [&](unsigned char c) { return static_cast<char>(upper ? std::toupper(c) : lower ? std::tolower(c) : c); });
  if (name.size() < width) to.append(width - name.size(), ' ');
}

/// The fields of one moment. Immutable.
struct Moment {
  explicit Moment(int64_t micros)
      : day(floor_divide(micros, kMicrosPerDay)), clock(micros - day * kMicrosPerDay), date(civil_of(day)), shown_year(date.year > 0 ? date.year : 1 - date.year) {}
  int64_t second() const { return clock / kMicrosPerSecond; }
  int64_t fraction() const { return clock % kMicrosPerSecond; }
  int64_t hour() const { return second() / 3600; }
  int64_t day_of_year() const { return day - days_of({date.year, 1, 1}) + 1; }
  int64_t weekday() const { return day + 4 - floor_divide(day + 4, 7) * 7; }  // 0: Sunday
  int64_t iso_weekday() const { return weekday() == 0 ? 7 : weekday(); }
  Civil thursday() const { return civil_of(day - iso_weekday() + 4); }  // whose year the ISO week belongs to
  int64_t iso_day_of_year() const {
    const int64_t fourth = days_of({thursday().year, 1, 4});
    const int64_t of_week = (fourth + 3) - floor_divide(fourth + 3, 7) * 7;  // 0: Monday
    return day - (fourth - of_week) + 1;
  }

  const int64_t day, clock;
  const Civil date;
  const int64_t shown_year;
};

int64_t century_of_year(int64_t year) { return year > 0 ? (year - 1) / 100 + 1 : year / 100 - 1; }

// A number that may be filled with zeros: its value, and how many digits.
struct PaddedNumber {
  int64_t value;
  size_t width;
};

PaddedNumber number_of(int field, std::string_view word, const Moment& moment) {
  constexpr std::array<int64_t, 7> kTens{1, 10, 100, 1000, 10'000, 100'000, 1'000'000};
  const auto digits_of_year = [&](int64_t year) {
    const size_t count = word.size();
    return PaddedNumber{count == 4 ? year : year % kTens[count], count};
  };
  switch (field) {
    case kHour12: return {moment.hour() % 12 == 0 ? 12 : moment.hour() % 12, 2};
    case kHour24: return {moment.hour(), 2};
    case kMinute: return {moment.second() / 60 % 60, 2};
    case kSecond: return {moment.second() % 60, 2};
    case kMonth: return {moment.date.month, 2};
    case kDay: return {moment.date.day, 2};
    case kDayOfYear: return {moment.day_of_year(), 3};
    case kIsoDayOfYear: return {moment.iso_day_of_year(), 3};
    case kWeekday: return {moment.weekday() + 1, 0};
    case kIsoWeekday: return {moment.iso_weekday(), 0};
    case kWeekOfYear: return {(moment.day_of_year() - 1) / 7 + 1, 2};
    case kIsoWeek: return {(moment.iso_day_of_year() - 1) / 7 + 1, 2};
    case kWeekOfMonth: return {(moment.date.day - 1) / 7 + 1, 0};
    case kQuarter: return {(moment.date.month - 1) / 3 + 1, 0};
    case kCentury: return {century_of_year(moment.date.year), 2};
    case kJulian: return {moment.day + 2'440'588, 0};
    case kYear: return digits_of_year(moment.shown_year);
    case kIsoYear: {
      const int64_t year = moment.thursday().year;
      return digits_of_year(year > 0 ? year : 1 - year);
    }
    case kSecondsOfDay: return {moment.second(), 0};
    case kMilli: return {moment.fraction() / 1000, 3};
    case kMicro: return {moment.fraction(), 6};
    default: return {moment.fraction() / kTens[6 - static_cast<size_t>(word[2] - '0')], static_cast<size_t>(word[2] - '0')};
  }
}

std::string_view ordinal_of(int64_t value) {
  const int64_t tens = value % 100;
  if (tens >= 11 && tens <= 13) return "th";
  return value % 10 == 1 ? "st" : value % 10 == 2 ? "nd" : value % 10 == 3 ? "rd" : "th";
}

// What is no number. False: it is one.
bool append_word(int field, std::string_view word, bool fill, const Moment& moment, bool zoned, std::string& to) {
  const auto meridiem = [&](std::string_view first, std::string_view second) {
    const bool lower = std::islower(static_cast<unsigned char>(word[0])) != 0, dotted = word.find('.') != std::string_view::npos;
    for (const char c : first.empty() ? second : first) {
      to += static_cast<char>(lower ? std::tolower(c) : c);
      if (dotted) to += '.';
    }
  };
  const auto month = static_cast<size_t>(moment.date.month - 1), weekday = static_cast<size_t>(moment.weekday());
  switch (field) {
    case kMeridiem: meridiem(moment.hour() >= 12 ? "PM" : "AM", {}); return true;
    case kEra: meridiem(moment.date.year <= 0 ? "BC" : "AD", {}); return true;
    case kMonthName: append_name(kMonthNames[month], word, fill ? 9 : 0, to); return true;
    case kMonthShort: append_name(kMonthNames[month].substr(0, 3), word, 0, to); return true;
    case kDayName: append_name(kDayNames[weekday], word, fill ? 9 : 0, to); return true;
    case kDayShort: append_name(kDayNames[weekday].substr(0, 3), word, 0, to); return true;
    case kRoman: append_name(kRomanMonths[month], word, fill ? 4 : 0, to); return true;
    case kZone: to += !zoned ? "" : word == "tz" ? "utc" : "UTC"; return true;
    case kZoneHour:
    case kOffset: to += "+00"; return true;
    case kZoneMinute: to += "00"; return true;
    case kYearWithComma:
      to += std::to_string(moment.shown_year / 1000) + ",";
      append_padded(moment.shown_year % 1000, 3, to);
      return true;
    default: return false;
  }
}

}  // namespace

Result<TimeTemplate> TimeTemplate::parse(std::string_view text) {
  TimeTemplate made;
  const auto literal = [&](char c) {
    if (made.parts_.empty() || made.parts_.back().field >= 0) made.parts_.emplace_back();
    made.parts_.back().text += c;
  };
  for (size_t at = 0; at < text.size();) {
    Part part;
    size_t next = at;
    for (const std::string_view prefix : {"FM", "fm", "FX", "fx", "TM", "tm"}) {
      if (!text.substr(next).starts_with(prefix)) continue;
      if (prefix == "TM" || prefix == "tm") return Status::user("sql_unsupported", "TM in a template, names in other languages, is not supported");
      part.fill &= prefix != "FM" && prefix != "fm";
      next += 2;
      break;
    }
    if (const TemplateWord* const word = template_word_at(text.substr(next))) {
      part.field = word->field;
      part.text = std::string(text.substr(next, word->text.size()));
      if (!has_spellings(word->field)) part.text = word->text;
      at = next + word->text.size();
      const std::string_view suffix = text.substr(at, 2);
      if (suffix == "SP" || suffix == "sp") return Status::user("sql_unsupported", "SP in a template, numbers spelt out, is not supported");
      if (suffix == "TH" || suffix == "th") {
        part.ordinal = suffix[0];
        at += 2;
      }
      made.parts_.push_back(std::move(part));
    } else if (next > at) {
      at = next;  // a modifier of nothing
    } else if (text[at] == '"') {
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        literal(text[at]);
      }
      ++at;
    } else {
      if (text[at] == '\\' && at + 1 < text.size() && text[at + 1] == '"') ++at;
      literal(text[at++]);
    }
  }
  return made;
}

void TimeTemplate::append(int64_t micros, bool zoned, std::string& to) const {
  const Moment moment(micros);
  for (const Part& part : parts_) {
    if (part.field < 0) {
      to += part.text;
      continue;
    }
    if (append_word(part.field, part.text, part.fill, moment, zoned, to)) continue;
    const PaddedNumber number = number_of(part.field, part.text, moment);
    const bool always = part.field == kMilli || part.field == kMicro || part.field == kFraction;
    append_padded(number.value, part.fill || always ? number.width : 0, to);
    if (part.ordinal == 0) continue;
    for (const char c : ordinal_of(number.value)) to += static_cast<char>(part.ordinal == 'T' ? std::toupper(c) : c);
  }
}

}  // namespace laketide::expr
