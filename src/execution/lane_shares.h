// Which lane reads which partitions.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/positions.h"

namespace laketide {

/// What one lane reads: partitions of one source. Immutable.
struct LaneShare {
  size_t source = 0;
  Ranges ranges;
};

/// Lanes over `ranges`: a source has one at least if it has partitions, and at most one for each of these; what `lanes_max` allows beyond
/// that goes where most partitions share a lane. One lane, with nothing to read, where there are no ranges.
std::vector<LaneShare> lane_shares(const Ranges& ranges, const std::vector<std::string>& sources, int lanes_max);

}  // namespace laketide
