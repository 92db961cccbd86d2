#include "engine/job_offsets.h"

#include <algorithm>
#include <cctype>

namespace laketide {
namespace {

constexpr const char* kStart = "startOffset";
constexpr const char* kEnd = "endOffset";

const OffsetSetting::PerPartition* named(const OffsetSetting& setting) {
  return std::get_if<OffsetSetting::PerPartition>(&setting.value);
}

/// "sink:max(column)"; none for other text.
std::optional<std::string> max_column_of(std::string_view text) {
  constexpr std::string_view kHead = "sink:max(";
  if (!text.starts_with(kHead) || !text.ends_with(')')) return std::nullopt;
  return std::string(text.substr(kHead.size(), text.size() - kHead.size() - 1));
}

Status reversed(const std::string& what) {
  return Status::user("offsets_reversed", "a job reads [startOffset, endOffset) of each partition it names; " + what, kStart);
}

/// What can be said without a broker: logical offsets lie anywhere.
Status check_named(const OffsetSetting::PerPartition& start, const OffsetSetting::PerPartition& end) {
  for (const auto& [topic, partitions] : start) {
    const auto other = end.find(topic);
    if (other == end.end()) return reversed("the end does not name topic \"" + topic + "\", the start does");
    for (const auto& [partition, from] : partitions) {
      const auto to = other->second.find(partition);
      if (to == other->second.end()) return reversed("the end does not name partition " + std::to_string(partition) + ", the start does");
      if (from >= 0 && to->second >= 0 && from > to->second) {
        return reversed("the start lies after the end: partition " + std::to_string(partition) + ", " + std::to_string(from) + " > " + std::to_string(to->second));
      }
    }
    for (const auto& [partition, to] : other->second) {
      if (!partitions.contains(partition)) return reversed("the start does not name partition " + std::to_string(partition) + ", the end does");
    }
  }
  if (start.size() != end.size()) return reversed("the start does not name all topics of the end");
  return {};
}

Result<Positions> resolve(const OffsetSetting& setting, Source& source, const PartitionBounds& bounds, const std::string& field, const Wait& wait) {
  Positions times;
  if (setting.time() != nullptr) {
    LT_ASSIGN_OR_RETURN(times, source.at_time(*setting.time(), wait));
  }
  return resolve_offsets(setting, bounds, times, field);
}

/// Where the line goes on; a partition that it never read, at its first record.
Result<Positions> after_line(const Positions& line, const PartitionBounds& bounds) {
  Positions starts;
  for (const auto& [place, has] : bounds) {
    const auto at = line.find(place);
    const NextOffset from = at == line.end() ? has.low : at->second;
    if (from < has.low || from > has.high) {
      return Status::user("offset_out_of_range", "the records that would be next are gone: " + place.topic + " [" + std::to_string(place.partition) + "] holds [" +
                                                     std::to_string(has.low.value) + ", " + std::to_string(has.high.value) + "), and the last job ended at " +
                                                     std::to_string(from.value) + "; name a startOffset", kStart);
    }
    starts[place] = from;
  }
  return starts;
}

}  // namespace

Result<JobOffsets> parse_job_offsets(std::string_view start, std::string_view end) {
  JobOffsets offsets;
  if (const auto column = max_column_of(start)) {
    if (column->empty()) return Status::user("bad_offsets", "name the column: sink:max(updated_at)", kStart);
    offsets.max_column = *column;
  } else if (start == "resume") {
    offsets.resume = true;
  } else if (!start.empty()) {
    LT_ASSIGN_OR_RETURN(offsets.start, parse_offsets(start, kStart));
  }
  offsets.end.value = OffsetSetting::Everywhere::kLatest;
  if (!end.empty()) {
    LT_ASSIGN_OR_RETURN(offsets.end, parse_offsets(end, kEnd));
  }
  const auto* from = named(offsets.start);
  const auto* to = named(offsets.end);
  if (from != nullptr && to != nullptr) LT_RETURN_IF_ERROR(check_named(*from, *to));
  return offsets;
}

Result<Ranges> find_ranges(const JobOffsets& offsets, Source& source, const PartitionBounds& bounds, const Positions& line,
                           std::optional<Instant> since, const Wait& wait) {
  Positions starts;
  if (offsets.resume) {
    LT_ASSIGN_OR_RETURN(starts, after_line(line, bounds));
  } else {
    const OffsetSetting start = since ? OffsetSetting{*since} : offsets.start;
    LT_ASSIGN_OR_RETURN(starts, resolve(start, source, bounds, kStart, wait));
  }
  LT_ASSIGN_OR_RETURN(const Positions ends, resolve(offsets.end, source, bounds, kEnd, wait));
  // Where one side names partitions, the other's word for all of them holds for these only.
  Ranges ranges;
  for (const auto& [place, start] : starts) {
    const auto end = ends.find(place);
    if (end == ends.end()) continue;
    if (start > end->second) {
      return reversed("the start lies after the end: " + place.topic + " [" + std::to_string(place.partition) + "], " + std::to_string(start.value) +
                      " > " + std::to_string(end->second.value));
    }
    ranges[place] = Range{start, end->second};
  }
  return ranges;
}

}  // namespace laketide
