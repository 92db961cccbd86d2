#include "execution/watermark.h"

#include <algorithm>
#include <optional>

namespace laketide {

namespace {

/// Where the clock of the run stands by what its partitions say one after the other. Confined to its task.
class Front {
 public:
  /// How far a partition has come, less its delay; none: it never had a row.
  void add(std::optional<Instant> at, bool idle) {
    if (!idle) {
      any_ = true;
      if (!at) unknown_ = true;
      else if (!least_ || *at < *least_) least_ = at;
    }
    if (at && (!largest_ || *largest_ < *at)) largest_ = at;
  }
  std::optional<Instant> get() const {
    if (!any_) return largest_;
    return unknown_ ? std::nullopt : least_;
  }

 private:
  bool any_ = false, unknown_ = false;  // of the partitions that are not idle
  std::optional<Instant> least_, largest_;
};

std::optional<Instant> less(std::optional<Instant> at, std::chrono::microseconds delay) {
  return at ? std::optional(Instant{at->micros - delay.count()}) : std::nullopt;
}

std::optional<Instant> newest_of(const EventClock& clock, const SourcePartition& place) {
  const auto found = clock.newest.find(place);
  return found == clock.newest.end() ? std::nullopt : std::optional(found->second);
}

std::optional<Instant> largest_of(const EventClock& clock, const std::string& source) {
  std::optional<Instant> largest;
  for (const auto& [place, newest] : clock.newest) {
    if (place.source == source && (!largest || *largest < newest)) largest = newest;
  }
  return largest;
}

}  // namespace

std::set<SourcePartition> idle_partitions(const EventTimeRules& rules, const std::map<SourcePartition, SteadyTime>& last_record, const PartitionBounds& bounds,
                                          const Positions& read, SteadyTime now) {
  std::set<SourcePartition> idle;
  for (const auto& [place, last] : last_record) {
    const auto bound = bounds.find(place);
    const auto next = read.find(place);
    if (bound == bounds.end() || next == read.end() || next->second < bound->second.high) continue;
    if (now - last >= rules.at(place.source).idle_after) idle.insert(place);
  }
  return idle;
}

EventClock advanced(const EventTimeRules& rules, const EventClock& before, const EventTimes::Newest& seen, const std::set<SourcePartition>& all,
                    const std::set<SourcePartition>& idle) {
  EventClock after{before.newest, {}, before.watermark};
  for (const auto& [place, time] : seen) {
    const auto [at, added] = after.newest.emplace(place, time);
    if (!added) at->second = std::max(at->second, time);
  }
  Front front;
  for (const SourcePartition& place : all) {
    const auto rule = rules.find(place.source);
    if (rule == rules.end() || rule->second.spark) continue;
    if (idle.contains(place)) after.idle.insert(place);
    front.add(less(newest_of(after, place), rule->second.delay), idle.contains(place));
  }
  for (const auto& [source, rule] : rules) {
    if (rule.spark) front.add(less(largest_of(after, source), rule.delay), false);
  }
  const std::optional<Instant> mark = front.get();
  if (mark) after.watermark = after.watermark ? std::max(*after.watermark, *mark) : *mark;
  return after;
}

}  // namespace laketide
