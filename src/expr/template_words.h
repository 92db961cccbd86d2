// The words of templates for dates and times, such as YYYY (PostgreSQL's manual, table 9.26).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace laketide::expr {

/// What a word stands for.
enum TemplateField : uint8_t {
  kMeridiem, kHour12, kHour24, kMinute, kSecond, kMilli, kMicro, kFraction, kSecondsOfDay, kZone, kZoneHour, kZoneMinute, kOffset, kEra, kMonthName, kMonthShort,
  kMonth, kDayName, kDayShort, kDayOfYear, kIsoDayOfYear, kDay, kWeekday, kIsoWeekday, kWeekOfYear, kIsoWeek, kWeekOfMonth, kQuarter, kCentury, kJulian, kRoman,
  kYearWithComma, kYear, kIsoYear
};

/// Immutable.
struct TemplateWord {
  std::string_view text;
  TemplateField field;
};

/// The word at the beginning of a template, read in any case where the case says nothing; null: there is none. Lives as long as the process.
const TemplateWord* template_word_at(std::string_view text);
/// Whether the spelling of the word says how its value is written (Month, MONTH).
bool has_spellings(TemplateField field);

inline constexpr std::array<std::string_view, 12> kMonthNames{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"};
inline constexpr std::array<std::string_view, 7> kDayNames{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
inline constexpr std::array<std::string_view, 12> kRomanMonths{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"};

}  // namespace laketide::expr
