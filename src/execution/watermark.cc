#include "execution/watermark.h"

#include <algorithm>

namespace laketide {

namespace {

std::optional<Instant> largest(const EventClock& clock) {
  std::optional<Instant> found;
  for (const auto& [place, newest] : clock.newest) found = found ? std::max(*found, newest) : newest;
  return found;
}

std::optional<Instant> least(const EventClock& clock, const std::set<SourcePartition>& all) {
  std::optional<Instant> found;
  for (const SourcePartition& place : all) {
    if (clock.idle.contains(place)) continue;
    const auto newest = clock.newest.find(place);
    if (newest == clock.newest.end()) return std::nullopt;
    if (!found || newest->second < *found) found = newest->second;
  }
  return found ? found : largest(clock);
}

}  // namespace

EventClock advanced(const EventTimeRule& rule, const EventClock& before, const EventTimes::Newest& seen, const std::set<SourcePartition>& all,
                    const std::set<SourcePartition>& idle) {
  EventClock after{before.newest, {}, before.watermark};
  for (const auto& [place, time] : seen) {
    const auto [at, added] = after.newest.emplace(place, time);
    if (!added) at->second = std::max(at->second, time);
  }
  if (!rule.spark) after.idle = idle;
  const auto front = rule.spark ? largest(after) : least(after, all);
  if (!front) return after;
  const Instant mark{front->micros - rule.delay.count()};
  after.watermark = after.watermark ? std::max(*after.watermark, mark) : mark;
  return after;
}

}  // namespace laketide
