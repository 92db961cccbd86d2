#include "flow/epoch.h"

#include <nlohmann/json.hpp>

namespace laketide {
namespace {

using nlohmann::json;

json ranges_to_json(const Ranges& ranges) {
  json out = json::object();
  for (const auto& [place, range] : ranges) {
    out[place.source][place.topic][std::to_string(place.partition)] = {range.start.value, range.end->value};
  }
  return out;
}

json positions_to_json(const Positions& positions) {
  json out = json::object();
  for (const auto& [place, next] : positions) out[place.source][place.topic][std::to_string(place.partition)] = next.value;
  return out;
}

json last_records_to_json(const std::map<SourcePartition, LastRecord>& records) {
  json out = json::object();
  for (const auto& [place, last] : records) {
    out[place.source][place.topic][std::to_string(place.partition)] = {
        {"offset", last.offset.value}, {"timestamp", last.timestamp_ms}, {"key_hash", last.key_hash}};
  }
  return out;
}

/// Calls `take(place, value)` for each leaf of {source: {topic: {partition: value}}}.
template <typename Take>
void for_each_place(const json& tree, Take take) {
  for (const auto& [source, topics] : tree.items()) {
    for (const auto& [topic, partitions] : topics.items()) {
      for (const auto& [partition, value] : partitions.items()) {
        take(SourcePartition{source, topic, std::stoi(partition)}, value);
      }
    }
  }
}

template <typename Number>
json number_or_null(const std::optional<Number>& value, int64_t (*number)(const Number&)) {
  return value ? json(number(*value)) : json(nullptr);
}
int64_t micros(const Instant& instant) { return instant.micros; }
int64_t number(const EpochId& epoch) { return epoch.value; }

json watermarks_to_json(const EpochPlan& plan) {
  if (plan.clock == EventClock{}) return json::object();
  json newest = json::object();
  for (const auto& [place, time] : plan.clock.newest) newest[place.source][place.topic][std::to_string(place.partition)] = time.micros;
  return {{"late_micros", number_or_null(plan.late, &micros)}, {"after_micros", number_or_null(plan.clock.watermark, &micros)}, {"newest_micros", newest}};
}

json idle_to_json(const EventClock& clock) {
  json out = json::array();
  for (const auto& place : clock.idle) out.push_back({place.source, place.topic, place.partition});
  return out;
}

json tables_to_json(const TableVersions& tables) {
  json out = json::object();
  for (const auto& [table, version] : tables) out[table] = {{"version", version}};
  return out;
}

json snapshots_to_json(const std::map<std::string, std::string>& snapshots) {
  json out = json::object();
  for (const auto& [source, shown] : snapshots) out[source] = json::parse(shown);
  return out;
}

std::optional<int64_t> optional_number(const json& in, const char* key) {
  if (!in.contains(key) || in.at(key).is_null()) return std::nullopt;
  return in.at(key).get<int64_t>();
}

void read_event_time(const json& in, EpochPlan& plan) {
  const json marks = in.value("watermarks", json::object());
  if (const auto late = optional_number(marks, "late_micros")) plan.late = Instant{*late};
  if (const auto after = optional_number(marks, "after_micros")) plan.clock.watermark = Instant{*after};
  const json newest = marks.value("newest_micros", json::object());
  for_each_place(newest, [&](SourcePartition place, const json& time) { plan.clock.newest[std::move(place)] = Instant{time.get<int64_t>()}; });
  const json idle = in.value("idle", json::array());
  for (const json& place : idle) plan.clock.idle.insert(SourcePartition{place.at(0), place.at(1), place.at(2)});
  if (const auto base = optional_number(in, "state_base")) plan.state_base = EpochId(*base);
  if (const auto version = optional_number(in, "state_version")) plan.state_version = EpochId(*version);
}

EpochPlan read_version_1(const json& in) {
  EpochPlan plan;
  plan.pipeline = in.at("pipeline");
  plan.epoch = EpochId(in.at("epoch"));
  plan.opened_at = Instant{in.at("opened_at_micros")};
  plan.spec_hash = in.at("spec_hash");
  plan.last = in.value("last", false);
  plan.sinks = in.at("sinks").get<std::vector<std::string>>();
  plan.schemas = in.at("schemas").get<std::map<std::string, std::string>>();
  if (in.contains("counts")) {
    const json& counts = in.at("counts");
    plan.counts = EpochCounts{counts.at("rows_in"), counts.at("rows_out"), counts.at("rejected")};
  }
  for_each_place(in.at("ranges"), [&](SourcePartition place, const json& range) {
    plan.ranges[std::move(place)] = Range{NextOffset(range.at(0)), NextOffset(range.at(1))};
  });
  const json begins = in.value("begin", json::object());
  for_each_place(begins, [&](SourcePartition place, const json& begin) {
    plan.begin[std::move(place)] = NextOffset(begin.get<int64_t>());
  });
  for_each_place(in.at("next"), [&](SourcePartition place, const json& next) {
    plan.next[std::move(place)] = NextOffset(next.get<int64_t>());
  });
  for_each_place(in.at("last_records"), [&](SourcePartition place, const json& last) {
    plan.last_records[std::move(place)] =
        LastRecord{RecordOffset(last.at("offset").get<int64_t>()), last.at("timestamp"), last.at("key_hash")};
  });
  const json lookups = in.value("lookups", json::object());
  for (const auto& [table, seen] : lookups.items()) plan.tables[table] = seen.at("version");
  const json snapshots = in.value("snapshots", json::object());
  for (const auto& [source, shown] : snapshots.items()) plan.snapshots[source] = shown.dump();
  read_event_time(in, plan);
  return plan;
}

}  // namespace

uint64_t hash_key(const char* key, size_t size) {
  if (key == nullptr) return 0;
  uint64_t hash = 14695981039346656037ull;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ static_cast<unsigned char>(key[i])) * 1099511628211ull;
  return hash;
}

std::string EpochPlan::to_json() const {
  json out{{"version", kVersion},
           {"pipeline", pipeline},
           {"epoch", epoch.value},
           {"opened_at", to_iso(opened_at)},
           {"opened_at_micros", opened_at.micros},
           {"spec_hash", spec_hash},
           {"ranges", ranges_to_json(ranges)},
           {"begin", positions_to_json(begin)},
           {"next", positions_to_json(next)},
           {"sinks", sinks},
           {"last_records", last_records_to_json(last_records)},
           {"schemas", schemas},
           {"last", last},
           {"watermarks", watermarks_to_json(*this)},
           {"idle", idle_to_json(clock)},
           {"lookups", tables_to_json(tables)},
           {"state_base", number_or_null(state_base, &number)},
           {"state_version", number_or_null(state_version, &number)}};
  if (!snapshots.empty()) out["snapshots"] = snapshots_to_json(snapshots);
  if (counts) out["counts"] = {{"rows_in", counts->rows_in}, {"rows_out", counts->rows_out}, {"rejected", counts->rejected}};
  return out.dump();
}

Result<EpochPlan> EpochPlan::from_json(std::string_view text) {
  try {
    const json in = json::parse(text);
    const int version = in.at("version");
    if (version != kVersion) {
      return Status::user("plan_version", "this epoch plan was written by another release of laketide (this one reads version " +
                                              std::to_string(kVersion) + "): version " + std::to_string(version));
    }
    return read_version_1(in);
  } catch (const std::exception& e) {
    return Status::user("plan_corrupt", std::string("an epoch plan cannot be read: ") + e.what());
  }
}

}  // namespace laketide
