#include "sources/kafka/start_offsets.h"

#include <algorithm>
#include <set>

namespace laketide {
namespace {

std::string bounds_text(const Bounds& bounds) {
  return "[" + std::to_string(bounds.low.value) + ", " + std::to_string(bounds.high.value) + ")";
}

Result<Positions> resolve_partitions(const OffsetSetting::PerPartition& wanted, const PartitionBounds& bounds,
                                     const std::string& field) {
  std::set<std::string> topics;
  for (const auto& [place, there] : bounds) topics.insert(place.topic);
  Positions all;
  for (const auto& [topic, partitions] : wanted) {
    if (topic.empty() && topics.size() > 1) {
      return Status::user("bad_offsets", "the source has several topics: write {\"topic\": {\"0\": 100}}", field);
    }
    const std::string name = topic.empty() && !topics.empty() ? *topics.begin() : topic;
    for (const auto& [partition, offset] : partitions) {
      const auto there = std::find_if(bounds.begin(), bounds.end(), [&, number = partition](const auto& one) {
        return one.first.topic == name && one.first.partition == number;
      });
      const std::string shown = name + " [" + std::to_string(partition) + "]";
      if (there == bounds.end()) return Status::user("unknown_partition", "there is no such partition: " + shown, field);
      const Bounds& has = there->second;
      if (offset == OffsetSetting::kEarliest) {
        all[there->first] = has.low;
      } else if (offset == OffsetSetting::kLatest) {
        all[there->first] = has.high;
      } else if (offset < has.low.value || offset > has.high.value) {
        return Status::user("offset_out_of_range", "the broker holds " + bounds_text(has) + " of " + shown + ", which does not reach offset " +
                                                       std::to_string(offset), field);
      } else {
        all[there->first] = NextOffset(offset);
      }
    }
  }
  return all;
}

}  // namespace

Result<Positions> resolve_offsets(const OffsetSetting& setting, const PartitionBounds& bounds, const Positions& times,
                                  const std::string& field) {
  if (const auto* wanted = std::get_if<OffsetSetting::PerPartition>(&setting.value)) {
    return resolve_partitions(*wanted, bounds, field);
  }
  Positions all;
  for (const auto& [place, has] : bounds) {
    if (const auto* everywhere = std::get_if<OffsetSetting::Everywhere>(&setting.value)) {
      all[place] = *everywhere == OffsetSetting::Everywhere::kEarliest ? has.low : has.high;
    } else {
      const auto found = times.find(place);
      all[place] = found == times.end() ? has.high : found->second;
    }
  }
  return all;
}

}  // namespace laketide
