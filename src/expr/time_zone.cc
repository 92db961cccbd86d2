#include "expr/time_zone.h"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <string>

#include <arrow/vendored/datetime.h>  // not tz.h alone: this says how the library was built

#include "base/mutex.h"
#include "expr/civil.h"

namespace laketide::expr {
namespace {

namespace date = arrow_vendored::date;
using std::chrono::seconds;

// Debian's files list every change up to here; of later ones they hold a rule, which the library does not read.
constexpr int64_t kListedUntil = 2'145'916'800;  // 2038-01-01, in seconds

std::string lower_name(std::string_view name) {
  std::string made(name);
  std::transform(made.begin(), made.end(), made.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return made;
}

/// One zone of the library. Immutable.
class Zone : public TimeZone {
 public:
  explicit Zone(const date::time_zone& zone) : zone_(zone), changes_(changes_at_end()) {}

  std::optional<int64_t> clock_at(int64_t micros) const override {
    const int64_t second = floor_divide(micros, kMicrosPerSecond);
    const auto info = zone_.get_info(date::sys_seconds(seconds(second)));
    if (unknown(second, info)) return {};
    return shifted(micros, info.offset);
  }

  std::optional<int64_t> instant_of(int64_t clock) const override {
    const int64_t second = floor_divide(clock, kMicrosPerSecond);
    const auto info = zone_.get_info(date::local_seconds(seconds(second)));
    const bool twice = info.result == date::local_info::ambiguous;
    const date::sys_info& meant = twice ? info.second : info.first;
    if (unknown(second, meant)) return {};
    return shifted(clock, -meant.offset);
  }

 private:
  static std::optional<int64_t> shifted(int64_t micros, seconds by) {
    int64_t made = 0;
    if (__builtin_add_overflow(micros, by.count() * kMicrosPerSecond, &made) || made < kTimestampMin) return {};
    return made;
  }
  // A zone whose last listed year has changes goes on changing.
  bool changes_at_end() const {
    constexpr int64_t kYear = 366 * 86'400;
    return zone_.get_info(date::sys_seconds(seconds(kListedUntil - kYear))).end.time_since_epoch().count() < kListedUntil;
  }
  bool unknown(int64_t second, const date::sys_info& info) const {
    return changes_ && second >= kListedUntil && info.begin.time_since_epoch().count() < kListedUntil;
  }

  const date::time_zone& zone_;
  const bool changes_;
};

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
      if (!zone) zone = std::make_unique<const Zone>(*date::locate_zone(name->second));
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
