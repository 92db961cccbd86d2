#include "base/offset_setting.h"

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

/// 1973: a smaller number is an offset that somebody took for one of their forms.
constexpr int64_t kTimeMsMin = 100'000'000'000;
constexpr int64_t kTimeMsMax = 253'402'300'799'999;  // the end of the year 9999, behind which there is no text for a time
constexpr const char* kForms =
    "expected earliest, latest, {\"0\": 100, \"1\": -2}, {\"topic\": {\"0\": 100}}, an ISO time or milliseconds since 1970";

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
    return wrong("an offset is a number from 0, or -2 (earliest), or -1 (latest), and not " + value.dump(), field);
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
    if (partitions.empty()) return wrong("no partition of topic \"" + topic + "\" is named", field);
    LT_ASSIGN_OR_RETURN(all[topic], to_partitions(partitions, field));
  }
  return OffsetSetting{std::move(all)};
}

}  // namespace

Result<OffsetSetting> parse_offsets(std::string_view text, const std::string& field) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  if (text == "earliest" || text == "-2") return OffsetSetting{OffsetSetting::Everywhere::kEarliest};
  if (text == "latest" || text == "-1") return OffsetSetting{OffsetSetting::Everywhere::kLatest};
  if (text.starts_with('{')) return parse_object(text, field);
  if (const auto millis = to_number<int64_t>(text)) {
    if (*millis > kTimeMsMax) return wrong("the time is no count of milliseconds since 1970, or is beyond the year 9999", field);
    if (*millis < kTimeMsMin) {
      return wrong("a bare number is milliseconds since 1970; for the offset of a partition write {\"0\": " + std::to_string(std::max<int64_t>(*millis, 0)) + "}", field);
    }
    return OffsetSetting{Instant{*millis * 1000}};
  }
  if (const auto time = parse_iso_time(text)) return OffsetSetting{time->instant};
  return wrong("this is none of their forms: " + std::string(text), field);
}

std::string offsets_text(const OffsetSetting& setting) {
  if (const Instant* time = setting.time()) return to_iso(*time);
  const auto* partitions = setting.partitions();
  if (partitions == nullptr) {
    return std::get<OffsetSetting::Everywhere>(setting.value) == OffsetSetting::Everywhere::kEarliest ? "earliest" : "latest";
  }
  Json topics = Json::object();
  for (const auto& [topic, offsets] : *partitions) {
    for (const auto& [partition, offset] : offsets) topics[topic][std::to_string(partition)] = offset;
  }
  return (partitions->size() == 1 && topics.contains("") ? topics[""] : topics).dump();
}

}  // namespace laketide
