// Where in its sources a run is: partitions, ranges of offsets, and next offsets.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/ids.h"

namespace laketide {

/// One partition of one source of a pipeline. `source` is the key under `sources:` (the table name in SQL). Immutable.
struct SourcePartition {
  std::string source;
  std::string topic;
  int32_t partition = 0;
  auto operator<=>(const SourcePartition&) const = default;
};

/// Offsets [start, end); without end it goes on for ever (a stream). Immutable.
struct Range {
  NextOffset start;
  std::optional<NextOffset> end;
  bool operator==(const Range&) const = default;
};

using Ranges = std::map<SourcePartition, Range>;
using Positions = std::map<SourcePartition, NextOffset>;

/// What the broker holds of a partition: [low, high), high being the last stable offset under read_committed. Immutable.
struct Bounds {
  NextOffset low;
  NextOffset high;
  bool operator==(const Bounds&) const = default;
};
using PartitionBounds = std::map<SourcePartition, Bounds>;

}  // namespace laketide
