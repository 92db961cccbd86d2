// Times, numbers, quantities and offsets as text: what is read is written as a text that is read as the same.
#include <cmath>
#include <cstdlib>
#include <string>

#include "base/iso_time.h"
#include "base/offset_setting.h"
#include "base/quantity.h"
#include "expr/decimal.h"
#include "expr/number_text.h"
#include "expr/time_text.h"
#include "formats/json/base64.h"
#include "fuzz/target.h"

namespace laketide::fuzz {
namespace {

using expr::kGood;

void check_times(std::string_view text) {
  for (const bool zoned : {false, true}) {
    int64_t micros = 0, again = 0;
    if (expr::parse_timestamp(text, zoned, micros) != kGood) continue;
    const std::string printed = expr::print_timestamp(micros, zoned);
    if (printed.ends_with("BC") || printed.find(" BC") != std::string::npos) continue;  // written, not read
    must(expr::parse_timestamp(printed, zoned, again) == kGood && again == micros, "a timestamp became another", printed);
  }
  int32_t days = 0, days_again = 0;
  if (expr::parse_date(text, days) == kGood) {
    const std::string printed = expr::print_date(days);
    must(printed.ends_with(" BC") || (expr::parse_date(printed, days_again) == kGood && days_again == days), "a date became another", printed);
  }
  int64_t micros = 0, again = 0;
  if (expr::parse_time(text, micros) == kGood) {
    must(expr::parse_time(expr::print_time(micros), again) == kGood && again == micros, "a time became another", expr::print_time(micros));
  }
}

/// The two readers of ISO times agree on what both take.
void check_iso(std::string_view text) {
  const auto iso = parse_iso_time(text);
  int64_t micros = 0;
  if (iso && expr::parse_timestamp(text, true, micros) == kGood) {
    // One cuts a seventh digit off, the other rounds it.
    must(std::abs(iso->instant.micros - micros) <= 1, "two readers, two times", text);
  }
  int32_t days = 0;
  if (const auto date = parse_iso_date(text); date && expr::parse_date(text, days) == kGood) must(*date == days, "two readers, two dates", text);
}

template <typename Real>
void check_real(std::string_view text) {
  Real value = 0, again = 0;
  if (expr::parse(text, value) != kGood) return;
  must(expr::parse(expr::print_float(value), again) == kGood, "a number that is written cannot be read", expr::print_float(value));
  must(again == value || (std::isnan(value) && std::isnan(again)), "a number became another", expr::print_float(value));
}

void check_numbers(std::string_view text) {
  check_real<double>(text);
  check_real<float>(text);
  int64_t big = 0;
  if (expr::parse(text, big) == kGood) {
    int64_t again = 0;
    must(expr::parse(std::to_string(big), again) == kGood && again == big, "an integer became another", text);
  }
  for (const int scale : {0, 2, 38}) {
    bool overflow = false;
    const auto value = expr::parse_numeric(text, 38, scale, overflow);
    if (!value || overflow) continue;
    const std::string printed = expr::to_text(*value, scale);
    const auto again = expr::parse_numeric(printed, 38, scale, overflow);
    must(again && !overflow && *again == *value, "a numeric became another", printed);
  }
  (void)expr::digits_of_literal(text);
}

void check_quantities(std::string_view text) {
  if (const auto duration = parse_duration(text)) must(parse_duration(duration_text(*duration)) == duration, "a duration became another", text);
  if (const auto size = parse_size(text)) must(parse_size(size_text(*size)) == size, "a size became another", text);
  if (const auto number = parse_number(text); number && std::isfinite(*number)) {
    must(parse_number(number_text(*number)) == number, "a number became another", text);
  }
  if (const auto ratio = parse_ratio(text)) must(std::isfinite(*ratio), "no ratio", text);
}

void check_offsets(std::string_view text) {
  const auto setting = parse_offsets(text, "start");
  if (!setting.ok()) return must_be_refusal(setting.status());
  const std::string written = offsets_text(*setting);
  const auto again = parse_offsets(written, "start");
  must(again.ok() && again->value == setting->value, "offsets became others", written);
}

}  // namespace

void read_bytes(std::string_view bytes) {
  check_times(bytes);
  check_iso(bytes);
  check_numbers(bytes);
  check_quantities(bytes);
  check_offsets(bytes);
  std::string room(json::base64_decoded_size_max(bytes.size()), '\0');
  if (const auto size = json::decode_base64(bytes, room.data())) must(*size <= room.size(), "base64 wrote too much");
}

}  // namespace laketide::fuzz
