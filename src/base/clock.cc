#include "base/clock.h"

#include <cstdio>
#include <ctime>

namespace laketide {

std::string to_iso(Instant instant) {
  int64_t seconds = instant.micros / 1'000'000;
  int64_t micros = instant.micros % 1'000'000;
  if (micros < 0) {
    micros += 1'000'000;
    --seconds;
  }
  std::tm parts{};
  const std::time_t time = seconds;
  gmtime_r(&time, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900, parts.tm_mon + 1,
                parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, static_cast<int>(micros));
  return text;
}

namespace {

class SystemClock final : public Clock {
 public:
  Instant now() const override {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return Instant{t.tv_sec * 1'000'000 + t.tv_nsec / 1000};
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

}  // namespace laketide
