#include "sources/kafka/start_offsets.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/iso_time.h"

namespace laketide {
namespace {

using Json = nlohmann::json;

constexpr const char* kForms =
    "write earliest, latest, {\"0\": 100, \"1\": -2}, {\"topic\": {\"0\": 100}}, an ISO time or milliseconds since 1970";

Status wrong(const std::string& what, const std::string& field) {
  return Status::user("bad_offsets", "offsets cannot be read, " + what + "; " + kForms, field);
}

template <typename T>
std::optional<T> to_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int32_t> to_partition(std::string_view name) {
  if (name.starts_with('p')) name.remove_prefix(1);
  const auto number = to_number<int32_t>(name);
  return number && *number >= 0 ? number : std::nullopt;
}

Result<int64_t> to_offset(const Json& value, const std::string& field) {
  if (value == "earliest") return OffsetSetting::kEarliest;
  if (value == "latest") return OffsetSetting::kLatest;
  const bool fits = value.is_number_integer() && (!value.is_number_unsigned() || value.get<uint64_t>() <= INT64_MAX);
  if (!fits || value.get<int64_t>() < OffsetSetting::kEarliest) {
    return wrong("an offset is a number from 0, or -1 for latest, -2 for earliest, and not " + value.dump(), field);
  }
  return value.get<int64_t>();
}

Result<std::map<int32_t, int64_t>> to_partitions(const Json& object, const std::string& field) {
  std::map<int32_t, int64_t> all;
  for (const auto& [name, value] : object.items()) {
    const auto partition = to_partition(name);
    if (!partition) return wrong("a partition is a number like 0 or p0, and not " + name, field);
    LT_ASSIGN_OR_RETURN(const int64_t offset, to_offset(value, field));
    if (!all.emplace(*partition, offset).second) return wrong("partition " + std::to_string(*partition) + " is named twice", field);
  }
  return all;
}

/// Members of one object may not share a name: the parser would keep the last without a word.
std::optional<Json> parse_json(std::string_view text, std::string& twice) {
  std::vector<std::set<std::string>> names;
  const auto watch = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) twice = parsed.get<std::string>();
    return true;
  };
  Json parsed = Json::parse(text, watch, false);
  return parsed.is_discarded() ? std::nullopt : std::optional(std::move(parsed));
}

Result<OffsetSetting> parse_object(std::string_view text, const std::string& field) {
  std::string twice;
  const auto object = parse_json(text, twice);
  if (!object || !object->is_object()) return wrong("it is not a JSON object", field);
  if (!twice.empty()) return wrong(twice + " is named twice", field);
  if (object->empty()) return wrong("no partition is named", field);
  OffsetSetting::PerPartition all;
  const bool by_topic = object->begin()->is_object();
  if (!by_topic) {
    LT_ASSIGN_OR_RETURN(all[""], to_partitions(*object, field));
    return OffsetSetting{std::move(all)};
  }
  for (const auto& [topic, partitions] : object->items()) {
    if (!partitions.is_object()) return wrong("either all or none of the members are topics: " + topic, field);
    LT_ASSIGN_OR_RETURN(all[topic], to_partitions(partitions, field));
  }
  return OffsetSetting{std::move(all)};
}

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

Result<OffsetSetting> parse_offsets(std::string_view text, const std::string& field) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text == "earliest" || text == "-2") return OffsetSetting{OffsetSetting::Everywhere::kEarliest};
  if (text == "latest" || text == "-1") return OffsetSetting{OffsetSetting::Everywhere::kLatest};
  if (text.starts_with('{')) return parse_object(text, field);
  if (const auto millis = to_number<int64_t>(text)) {
    if (*millis < 0 || *millis > INT64_MAX / 1000) return wrong("the time is no count of milliseconds since 1970", field);
    return OffsetSetting{Instant{*millis * 1000}};
  }
  if (const auto time = parse_iso_time(text)) return OffsetSetting{time->instant};
  return wrong("this is none of their forms: " + std::string(text), field);
}

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
