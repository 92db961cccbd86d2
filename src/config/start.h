// Where a source starts that has no progress yet: the `start` setting.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "laketide/status.h"

namespace laketide::config {

/// The meaning of a `start` text. Immutable.
struct Start {
  enum class Kind { kEarliest, kLatest, kOffsets, kTime };
  Kind kind = Kind::kEarliest;
  int64_t time_ms = 0;  // kTime: since 1970-01-01T00:00:00Z
  /// kOffsets: topic → partition → offset, where -2 is earliest and -1 is latest. The topic is "" if none was named:
  /// the source has one topic only.
  std::map<std::string, std::map<int32_t, int64_t>> offsets;
};

/// `earliest` or -2, `latest` or -1, {"0":100,"p1":-2}, {"events":{"0":100}}, an ISO time (UTC if it names no zone), or milliseconds
/// since 1970. Fails, saying what is expected.
Result<Start> parse_start(std::string_view text);

/// The text that reads back as the same; offsets as JSON with the partitions as bare numbers.
std::string start_text(const Start& start);

}  // namespace laketide::config
