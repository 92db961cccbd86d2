#include "cli/event_maker.h"

#include <cstdio>

namespace laketide::cli {

Event EventMaker::next(Instant now) {
  const int id = static_cast<int>(made_++ % 10);
  // The remainder, not a distribution of the library: those differ from one library to the next.
  const auto hundredths = static_cast<int>(random_() % 10'001);
  char text[160];
  std::snprintf(text, sizeof text, R"({"id":%d,"ts":"%s","value":%d.%02d,"source":"laketide"})", id, to_iso(now).c_str(), hundredths / 100, hundredths % 100);
  return {std::to_string(id), text};
}

}  // namespace laketide::cli
