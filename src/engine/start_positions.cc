#include "engine/start_positions.h"

namespace laketide {

namespace {

constexpr int64_t kEarliest = -2;  // Kafka's and Spark's numbers
constexpr int64_t kLatest = -1;

NextOffset resolve(int64_t offset, const Bounds& bound) {
  if (offset == kEarliest) return bound.low;
  if (offset == kLatest) return bound.high;
  return NextOffset(offset);
}

/// What `start` says of a partition; a topic without a name means the only one.
const int64_t* find_offset(const config::Start& start, const SourcePartition& place) {
  for (const std::string& topic : {place.topic, std::string()}) {
    const auto partitions = start.offsets.find(topic);
    if (partitions == start.offsets.end()) continue;
    const auto offset = partitions->second.find(place.partition);
    if (offset != partitions->second.end()) return &offset->second;
  }
  return nullptr;
}

}  // namespace

Result<Positions> start_positions(const config::Start& start, Source& source, const PartitionBounds& bounds, const Wait& wait) {
  if (start.kind == config::Start::Kind::kTime) return source.at_time(Instant{start.time_ms * 1000}, wait);
  Positions positions;
  size_t named = 0;
  for (const auto& [place, bound] : bounds) {
    const int64_t fallback = start.kind == config::Start::Kind::kLatest ? kLatest : kEarliest;
    const int64_t* offset = find_offset(start, place);
    named += offset != nullptr;
    positions[place] = resolve(offset ? *offset : fallback, bound);
  }
  size_t wanted = 0;
  for (const auto& [topic, partitions] : start.offsets) wanted += partitions.size();
  if (named < wanted) {
    return Status::user("unknown_partition", "start names a topic or partition that is not there; the setting is " + config::start_text(start), "start");
  }
  return positions;
}

}  // namespace laketide
