#include "expr/template_words.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace laketide::expr {
namespace {

// What begins another word stands behind it. Words whose spelling says how the value is written come in each spelling.
constexpr TemplateWord kTemplateWords[] = {
    {"A.D.", kEra}, {"a.d.", kEra}, {"B.C.", kEra}, {"b.c.", kEra}, {"AD", kEra}, {"ad", kEra}, {"BC", kEra}, {"bc", kEra},
    {"A.M.", kMeridiem}, {"a.m.", kMeridiem}, {"P.M.", kMeridiem}, {"p.m.", kMeridiem}, {"AM", kMeridiem}, {"am", kMeridiem}, {"PM", kMeridiem}, {"pm", kMeridiem},
    {"CC", kCentury}, {"DAY", kDayName}, {"Day", kDayName}, {"day", kDayName}, {"DDD", kDayOfYear}, {"DD", kDay}, {"DY", kDayShort}, {"Dy", kDayShort}, {"dy", kDayShort}, {"D", kWeekday},
    {"FF1", kFraction}, {"FF2", kFraction}, {"FF3", kFraction}, {"FF4", kFraction}, {"FF5", kFraction}, {"FF6", kFraction},
    {"HH24", kHour24}, {"HH12", kHour12}, {"HH", kHour12}, {"IDDD", kIsoDayOfYear}, {"ID", kIsoWeekday}, {"IW", kIsoWeek}, {"IYYY", kIsoYear}, {"IYY", kIsoYear}, {"IY", kIsoYear}, {"I", kIsoYear},
    {"J", kJulian}, {"MI", kMinute}, {"MM", kMonth}, {"MONTH", kMonthName}, {"Month", kMonthName}, {"month", kMonthName}, {"MON", kMonthShort}, {"Mon", kMonthShort}, {"mon", kMonthShort},
    {"MS", kMilli}, {"OF", kOffset}, {"Q", kQuarter}, {"RM", kRoman}, {"rm", kRoman}, {"SSSSS", kSecondsOfDay}, {"SSSS", kSecondsOfDay}, {"SS", kSecond}, {"TZH", kZoneHour}, {"TZM", kZoneMinute},
    {"TZ", kZone}, {"tz", kZone}, {"US", kMicro}, {"WW", kWeekOfYear}, {"W", kWeekOfMonth}, {"Y,YYY", kYearWithComma}, {"YYYY", kYear}, {"YYY", kYear}, {"YY", kYear}, {"Y", kYear},
};

bool begins_with(std::string_view text, std::string_view word) { return text.substr(0, word.size()) == word; }

}  // namespace

bool has_spellings(TemplateField field) {
  switch (field) {
    case kEra: case kMeridiem: case kDayName: case kDayShort: case kMonthName: case kMonthShort: case kRoman: case kZone: return true;
    default: return false;
  }
}

const TemplateWord* template_word_at(std::string_view text) {
  std::string upper(text.substr(0, 6));
  std::transform(upper.begin(), upper.end(), upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  for (const TemplateWord& word : kTemplateWords) {
    if (begins_with(has_spellings(word.field) ? text : std::string_view(upper), word.text)) return &word;
  }
  return nullptr;
}

}  // namespace laketide::expr
