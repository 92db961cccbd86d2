// Where reading begins or ends, as users write it: for `start` of a source and for the offsets of a job.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "laketide/status.h"

namespace laketide {

/// The text's meaning, before any broker is asked. Offsets may be the logical ones. Immutable.
struct OffsetSetting {
  static constexpr int64_t kLatest = -1;
  static constexpr int64_t kEarliest = -2;

  enum class Everywhere { kEarliest, kLatest };
  /// By topic; the empty topic stands for the source's only one.
  using PerPartition = std::map<std::string, std::map<int32_t, int64_t>>;

  std::variant<Everywhere, Instant, PerPartition> value = Everywhere::kEarliest;

  /// A time must be looked up before the setting can be resolved.
  const Instant* time() const { return std::get_if<Instant>(&value); }
  const PerPartition* partitions() const { return std::get_if<PerPartition>(&value); }
};

/// Reads
///
///     earliest · latest · -2 · -1
///     {"0": 100, "p1": -2}                  partitions of the source's one topic
///     {"events": {"0": 100}, …}             partitions by topic, as Spark writes them
///     2026-01-02T03:04:05Z                  a time (without offset: UTC), or as milliseconds since 1970
///
/// `field` names the input in the Status, which is `kUser` bad_offsets.
Result<OffsetSetting> parse_offsets(std::string_view text, const std::string& field);

/// The text that reads back as the same; offsets as JSON with the partitions as bare numbers.
std::string offsets_text(const OffsetSetting& setting);

}  // namespace laketide
