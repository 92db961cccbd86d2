#include "execution/lag.h"

#include <algorithm>

namespace laketide {
namespace {

/// Calls `take(place, offset)` for the first record of each partition that holds more than is committed of it.
template <typename Take>
void for_each_waiting(const Positions& committed, const PartitionBounds& bounds, Take take) {
  for (const auto& [place, next] : committed) {
    const auto bound = bounds.find(place);
    if (bound == bounds.end() || next >= bound->second.high) continue;
    // Records below the low bound are gone; what waits begins there.
    take(place, RecordOffset(std::max(next, bound->second.low).value));
  }
}

}  // namespace

std::optional<double> lag_seconds(const Positions& committed, const PartitionBounds& bounds, const WaitingRecords& waiting, Instant now) {
  constexpr double kMicros = 1e6;
  constexpr int64_t kMicrosPerMilli = 1000;
  bool any = false;
  std::optional<double> oldest;
  for_each_waiting(committed, bounds, [&](const SourcePartition& place, RecordOffset offset) {
    any = true;
    const auto found = waiting.find(place);
    if (found == waiting.end() || found->second.offset != offset || found->second.timestamp_ms < 0) return;
    const double age = static_cast<double>(now.micros - found->second.timestamp_ms * kMicrosPerMilli) / kMicros;
    oldest = std::max({oldest.value_or(0), age, 0.0});  // a producer's clock may be ahead of ours
  });
  return any ? oldest : 0;
}

std::vector<std::pair<SourcePartition, RecordOffset>> unknown_records(const Positions& committed, const PartitionBounds& bounds,
                                                                      const WaitingRecords& waiting, size_t count) {
  std::vector<std::pair<int64_t, std::pair<SourcePartition, RecordOffset>>> wanted;
  for_each_waiting(committed, bounds, [&](const SourcePartition& place, RecordOffset offset) {
    const auto known = waiting.find(place);
    if (known != waiting.end() && known->second.offset == offset) return;
    wanted.push_back({known == waiting.end() ? INT64_MIN : known->second.timestamp_ms, {place, offset}});
  });
  std::ranges::stable_sort(wanted, {}, [](const auto& one) { return one.first; });
  std::vector<std::pair<SourcePartition, RecordOffset>> first;
  for (size_t i = 0; i < std::min(count, wanted.size()); ++i) first.push_back(std::move(wanted[i].second));
  return first;
}

std::optional<double> LagWatch::seconds(Source& source, const Positions& committed, const PartitionBounds& bounds, Instant now,
                                        const Wait& wait) {
  for (const auto& [place, offset] : unknown_records(committed, bounds, waiting_, kLookUpsMax)) {
    const auto record = source.fetch(place, offset, wait);
    if (!record.ok()) break;
    waiting_[place] = WaitingRecord{offset, *record ? (*record)->timestamp_ms : -1};
  }
  return lag_seconds(committed, bounds, waiting_, now);
}

}  // namespace laketide
