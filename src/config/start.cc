#include "config/start.h"

#include <limits>

#include "base/iso_time.h"
#include "base/quantity.h"
#include "config/document.h"
#include "config/reader.h"

namespace laketide::config {
namespace {

constexpr int64_t kEarliestOffset = -2;
constexpr int64_t kLatestOffset = -1;
/// 1973: a smaller number is an offset that somebody took for a start.
constexpr int64_t kTimeMsMin = 100'000'000'000;

Status bad_start(const std::string& detail) { return Status::user("bad_start", detail); }

Status expected() {
  return bad_start(
      "expected earliest, latest, offsets such as {\"0\": 100, \"1\": -2}, a time such as 2026-01-31T12:00:00Z, or "
      "milliseconds since 1970");
}

std::optional<int32_t> partition_of(std::string_view key) {
  if (key.starts_with('p')) key.remove_prefix(1);
  const auto number = parse_integer(key);
  if (!number || *number < 0 || *number > std::numeric_limits<int32_t>::max()) return std::nullopt;
  return static_cast<int32_t>(*number);
}

std::optional<int64_t> offset_of(const Node& node) {
  if (node.kind != Node::Kind::kScalar) return std::nullopt;
  if (node.text == "earliest") return kEarliestOffset;
  if (node.text == "latest") return kLatestOffset;
  const auto offset = parse_integer(node.text);
  return offset && *offset >= kEarliestOffset ? offset : std::nullopt;
}

Status add_partitions(const Node& node, std::map<int32_t, int64_t>& into) {
  for (const Node::Member& member : node.members) {
    const auto partition = partition_of(member.key);
    if (!partition) return bad_start("expected a partition such as 0 or p0, got " + json_text(member.key));
    const auto offset = offset_of(member.value);
    if (!offset) return bad_start("expected an offset from 0, -2 (earliest) or -1 (latest) for partition " + std::to_string(*partition));
    if (!into.emplace(*partition, *offset).second) return bad_start("a partition is named twice: " + std::to_string(*partition));
  }
  return into.empty() ? bad_start("no partition is named; write an offset such as {\"0\": 100}") : Status();
}

Result<Start> offsets_start(const Node& node) {
  Start start;
  start.kind = Start::Kind::kOffsets;
  const bool by_topic = !node.members.empty() && node.members.front().value.kind == Node::Kind::kMapping;
  if (!by_topic) {
    LT_RETURN_IF_ERROR(add_partitions(node, start.offsets[""]));
    return start;
  }
  for (const Node::Member& member : node.members) {
    if (member.value.kind != Node::Kind::kMapping) {
      return bad_start("expected the offsets of topic " + member.key + ", such as {\"0\": 100}");
    }
    LT_RETURN_IF_ERROR(add_partitions(member.value, start.offsets[member.key]));
  }
  return start;
}

}  // namespace

Result<Start> parse_start(std::string_view text) {
  Start start;
  if (text == "earliest" || text == "-2") return start;
  if (text == "latest" || text == "-1") {
    start.kind = Start::Kind::kLatest;
    return start;
  }
  if (text.starts_with('{')) {
    std::vector<Problem> problems;
    const auto node = parse_document(text, "", problems);
    return node ? offsets_start(*node) : Result<Start>(bad_start("these offsets " + problems.front().message));
  }
  start.kind = Start::Kind::kTime;
  if (const auto ms = parse_integer(text)) {
    if (*ms < kTimeMsMin) {
      return bad_start("a bare number is milliseconds since 1970; for offsets write {\"0\": " + std::string(text) + "}");
    }
    start.time_ms = *ms;
    return start;
  }
  const auto time = parse_iso_time(text);
  if (!time) return expected();
  start.time_ms = time->instant.micros / 1000;
  return start;
}

std::string start_text(const Start& start) {
  switch (start.kind) {
    case Start::Kind::kEarliest: return "earliest";
    case Start::Kind::kLatest: return "latest";
    case Start::Kind::kTime: return to_iso(Instant{start.time_ms * 1000});
    case Start::Kind::kOffsets: break;
  }
  std::map<std::string, std::string> topics;
  for (const auto& [topic, partitions] : start.offsets) {
    std::string object;
    for (const auto& [partition, offset] : partitions) {
      object += (object.empty() ? "{\"" : ",\"") + std::to_string(partition) + "\":" + std::to_string(offset);
    }
    topics[topic] = object + "}";
  }
  return topics.size() == 1 && topics.contains("") ? topics[""] : json_object(topics);
}

}  // namespace laketide::config
