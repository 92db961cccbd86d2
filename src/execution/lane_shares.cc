#include "execution/lane_shares.h"

#include <algorithm>

#include "execution/run_source.h"

namespace laketide {

std::vector<LaneShare> lane_shares(const Ranges& ranges, const std::vector<std::string>& sources, int lanes_max) {
  std::vector<size_t> lanes(sources.size()), partitions(sources.size());
  size_t all = 0;
  for (size_t i = 0; i < sources.size(); ++i) {
    partitions[i] = of_source(ranges, sources[i]).size();
    lanes[i] = partitions[i] > 0 ? 1 : 0;
    all += lanes[i];
  }
  for (; all < static_cast<size_t>(std::max(1, lanes_max)); ++all) {
    size_t fullest = 0;
    for (size_t i = 1; i < sources.size(); ++i) {
      if (partitions[i] * lanes[fullest] > partitions[fullest] * lanes[i]) fullest = i;
    }
    if (lanes[fullest] >= partitions[fullest]) break;
    ++lanes[fullest];
  }
  std::vector<LaneShare> shares;
  for (size_t i = 0; i < sources.size(); ++i) {
    const size_t first = shares.size();
    shares.resize(first + lanes[i], LaneShare{i, {}});
    size_t turn = 0;
    for (const auto& [place, range] : of_source(ranges, sources[i])) shares[first + turn++ % lanes[i]].ranges.emplace(place, range);
  }
  if (shares.empty()) shares.emplace_back();
  return shares;
}

}  // namespace laketide
