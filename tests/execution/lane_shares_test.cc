#include "execution/lane_shares.h"

#include <gmock/gmock.h>

#include <map>

namespace laketide {
namespace {

Ranges partitions(const std::map<std::string, int>& counts) {
  Ranges ranges;
  for (const auto& [source, count] : counts) {
    for (int i = 0; i < count; ++i) ranges[{source, "t", i}] = Range{NextOffset(0), std::nullopt};
  }
  return ranges;
}

/// Per lane, its source and how many partitions it has.
std::vector<std::pair<size_t, size_t>> shapes(const Ranges& ranges, const std::vector<std::string>& sources, int lanes_max) {
  std::vector<std::pair<size_t, size_t>> shapes;
  Ranges seen;
  for (const LaneShare& share : lane_shares(ranges, sources, lanes_max)) {
    shapes.push_back({share.source, share.ranges.size()});
    for (const auto& [place, range] : share.ranges) {
      EXPECT_EQ(place.source, sources[share.source]);
      EXPECT_TRUE(seen.emplace(place, range).second);
    }
  }
  EXPECT_EQ(seen, ranges);
  return shapes;
}

using testing::ElementsAre;
using testing::Pair;

TEST(LaneShares, OneSourceGetsWhatItsPartitionsCanUse) {
  EXPECT_THAT(shapes(partitions({{"a", 3}}), {"a"}, 2), ElementsAre(Pair(0, 2), Pair(0, 1)));
  EXPECT_THAT(shapes(partitions({{"a", 1}}), {"a"}, 4), ElementsAre(Pair(0, 1)));
  EXPECT_THAT(shapes({}, {"a"}, 4), ElementsAre(Pair(0, 0)));
}

TEST(LaneShares, EverySourceHasALaneWhateverTheBound) {
  EXPECT_THAT(shapes(partitions({{"a", 2}, {"b", 1}, {"c", 4}}), {"a", "b", "c"}, 2), ElementsAre(Pair(0, 2), Pair(1, 1), Pair(2, 4)));
}

TEST(LaneShares, FurtherLanesGoWhereMostPartitionsShareOne) {
  EXPECT_THAT(shapes(partitions({{"a", 2}, {"c", 5}}), {"a", "c"}, 4), ElementsAre(Pair(0, 2), Pair(1, 2), Pair(1, 2), Pair(1, 1)));
  EXPECT_THAT(shapes(partitions({{"a", 2}}), {"a", "unread"}, 8), ElementsAre(Pair(0, 1), Pair(0, 1)));
}

}  // namespace
}  // namespace laketide
