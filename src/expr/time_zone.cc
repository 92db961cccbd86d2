#include "expr/time_zone.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <exception>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>

#include <arrow/vendored/datetime.h>  // not tz.h alone: this says how the library was built

#include "base/mutex.h"
#include "expr/civil.h"
#include "expr/zone_rule.h"

namespace laketide::expr {
namespace {

namespace date = arrow_vendored::date;
using std::chrono::seconds;

std::string lower_name(std::string_view name) {
  std::string made(name);
  std::transform(made.begin(), made.end(), made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

/// One zone of the library, and of its file what the library does not read. Immutable.
class Zone : public TimeZone {
 public:
  Zone(const date::time_zone& zone, std::optional<ZoneEnd> end) : zone_(zone), end_(std::move(end)) {}

  std::optional<int64_t> clock_at(int64_t micros) const override {
    const int64_t second = floor_divide(micros, kMicrosPerSecond);
    if (end_ && second >= end_->last_change) return shifted(micros, end_->rule.offset_at(second));
    return shifted(micros, zone_.get_info(date::sys_seconds(seconds(second))).offset.count());
  }

  std::optional<int64_t> instant_of(int64_t clock) const override {
    constexpr int64_t kSettled = 2 * 86'400;  // behind the last change that is listed no clock shows a time before it any more
    const int64_t second = floor_divide(clock, kMicrosPerSecond);
    if (end_ && second - kSettled >= end_->last_change) return shifted(clock, -end_->rule.offset_of(second));
    const auto info = zone_.get_info(date::local_seconds(seconds(second)));
    const bool twice = info.result == date::local_info::ambiguous;
    return shifted(clock, -(twice ? info.second : info.first).offset.count());
  }

 private:
  static std::optional<int64_t> shifted(int64_t micros, int64_t by) {
    int64_t made = 0;
    if (__builtin_add_overflow(micros, by * kMicrosPerSecond, &made) || made < kTimestampMin) return {};
    return made;
  }

  const date::time_zone& zone_;
  const std::optional<ZoneEnd> end_;
};

// The library looks for its files there, too.
std::optional<ZoneEnd> end_of(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return zone_end_of_file(bytes);
}

/// The zones that were asked for. Those of the library's list are not ready to be asked: it reads a zone's file when that is located.
/// Thread-safe.
class Zones {
 public:
  Zones() {
    try {
      for (const date::time_zone& one : date::get_tzdb().zones) names_.emplace(lower_name(one.name()), one.name());
      names_.erase("localtime");  // each machine's own
    } catch (const std::exception&) {
      names_.clear();
    }
  }

  Result<const TimeZone*> find(const std::string& wanted) {
    if (names_.empty()) return missing();
    const auto name = names_.find(wanted);
    if (name == names_.end()) return Status::user("invalid_parameter_value", "there is no time zone of that name: " + wanted);
    const MutexLock lock(mutex_);
    auto& zone = made_[wanted];
    try {
      if (!zone) zone = std::make_unique<const Zone>(*date::locate_zone(name->second), end_of(name->second));
    } catch (const std::exception& failure) {
      return missing().in(failure.what());
    }
    return zone.get();
  }

 private:
  static Status missing() { return Status::external("time_zones_missing", "this machine has no table of time zones, or it cannot be read: install tzdata"); }

  std::map<std::string, std::string> names_;  // as the library spells them, by what they are in small letters
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<const Zone>> made_ LT_GUARDED_BY(mutex_);
};

bool is_abbreviation(std::string_view name) {
  constexpr size_t kLongest = 5;
  return name != "utc" && name != "gmt" && name.size() <= kLongest && std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalpha(c); });
}

}  // namespace

Result<const TimeZone*> TimeZone::find(std::string_view name) {
  const std::string wanted = lower_name(name);
  if (is_abbreviation(wanted)) {
    return Status::user("sql_unsupported", "an abbreviation of a time zone stands for one offset in winter and in summer: write the zone's name, as 'Europe/Berlin', or 'UTC': " + std::string(name));
  }
  if (!wanted.empty() && (wanted[0] == '+' || wanted[0] == '-' || std::isdigit(static_cast<unsigned char>(wanted[0])))) {
    return Status::user("sql_unsupported", "an offset in quotes counts westwards in PostgreSQL: write AT TIME ZONE INTERVAL '2 hours', which counts eastwards: " + std::string(name));
  }
  static Zones zones;
  return zones.find(wanted);
}

}  // namespace laketide::expr
