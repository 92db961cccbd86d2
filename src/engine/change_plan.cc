#include "engine/change_plan.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "engine/range_guard.h"
#include "sources/kafka/start_offsets.h"

namespace laketide {
namespace {

using config::KafkaSourceSpec;
using config::PipelineSpec;
using config::SinkSpec;

std::vector<std::string> changed_members(const PipelineSpec& old, const PipelineSpec& next) {
  const auto before = nlohmann::json::parse(old.canonical, nullptr, false), after = nlohmann::json::parse(next.canonical, nullptr, false);
  std::set<std::string> names;
  for (const auto& [name, value] : before.items()) {
    if (!after.contains(name) || after.at(name) != value) names.insert(name);
  }
  for (const auto& [name, value] : after.items()) {
    if (!before.contains(name)) names.insert(name);
  }
  return {names.begin(), names.end()};
}

const KafkaSourceSpec* kafka_of(const PipelineSpec& spec, const std::string& source) {
  const auto found = std::ranges::find_if(spec.sources, [&](const auto& one) { return one.name == source; });
  return found == spec.sources.end() ? nullptr : std::get_if<KafkaSourceSpec>(&found->from);
}

bool has_source(const PipelineSpec& spec, const std::string& source) {
  return std::ranges::any_of(spec.sources, [&](const auto& one) { return one.name == source; });
}

const SinkSpec* sink_of(const PipelineSpec& spec, const std::string& id) {
  const auto found = std::ranges::find_if(spec.sinks, [&](const auto& one) { return one.id == id; });
  return found == spec.sinks.end() ? nullptr : &*found;
}

/// The one table that a sink writes; empty for a console.
std::vector<std::string> table_of(const SinkSpec& sink, const config::ServiceConfig& service) {
  PipelineSpec alone;
  alone.sinks = {sink};
  return tables_of(alone, service);
}

void refuse(PipelineChange& change, const std::string& reason, const std::string& way_out) {
  if (change.kind == PipelineChange::Kind::kRefused) return;
  change.kind = PipelineChange::Kind::kRefused;
  change.reason = reason;
  change.way_out = way_out;
}

std::string begin_anew(const std::string& name) {
  return "give the new document another name; or stop the stream, POST /stream/" + name + "/reset {\"start\":\"earliest\"}, and send the document again: it then begins anew";
}

// Positions are kept by source and topic: under another name they are not found, and a topic that is gone leaves them behind.
void compare_sources(const PipelineSpec& next, const EpochPlan& progress, PipelineChange& change) {
  std::set<std::pair<std::string, std::string>> read;
  for (const auto& [place, position] : progress.next) read.emplace(place.source, place.topic);
  for (const auto& [source, topic] : read) {
    if (!has_source(next, source)) {
      refuse(change, "the progress is kept under the source's name, and the document has no source \"" + source + "\" any more", "keep the name \"" + source + "\" under `sources`; or " + begin_anew(next.name));
      continue;
    }
    const KafkaSourceSpec* kafka = kafka_of(next, source);
    const bool has_topic = kafka != nullptr ? !kafka->pattern.empty() || std::ranges::find(kafka->topics, topic) != kafka->topics.end() : true;
    if (!has_topic) refuse(change, "the stream has read topic \"" + topic + "\", which the document does not name any more", begin_anew(next.name));
  }
  for (const auto& source : next.sources) {
    const auto* kafka = std::get_if<KafkaSourceSpec>(&source.from);
    for (const auto& topic : kafka == nullptr ? std::vector<std::string>() : kafka->topics) {
      if (!read.contains({source.name, topic})) change.notes.push_back("topic \"" + topic + "\" is new: it is read from its first record");
    }
  }
}

void compare_sinks(const PipelineSpec* old, const PipelineSpec& next, const EpochPlan& progress, const config::ServiceConfig& service, PipelineChange& change) {
  for (const std::string& id : progress.sinks) {
    const SinkSpec* sink = sink_of(next, id);
    if (sink == nullptr) {
      change.notes.push_back("sink \"" + id + "\" is not written any more; its table stays as it is, and taking it up again later needs a reset");
      continue;
    }
    const SinkSpec* before = old == nullptr ? nullptr : sink_of(*old, id);
    if (before != nullptr && (before->kind != sink->kind || table_of(*before, service) != table_of(*sink, service))) {
      refuse(change, "sink \"" + id + "\" would be another table under the same id, without the rows that were committed", "give the new table's sink an id of its own: it begins at the next offset; or " + begin_anew(next.name));
    }
  }
  for (const auto& sink : next.sinks) {
    if (std::ranges::find(progress.sinks, sink.id) == progress.sinks.end()) change.notes.push_back("sink \"" + sink.id + "\" is new: it begins at the next offset");
  }
}

std::string start_of(const PipelineSpec& spec) {
  std::string all;
  for (const auto& source : spec.sources) {
    if (const auto* kafka = std::get_if<KafkaSourceSpec>(&source.from)) all += source.name + "=" + kafka->start + "\n";
  }
  return all;
}

}  // namespace

PipelineChange plan_change(const PipelineSpec* old, const PipelineSpec& next, const EpochPlan* progress, const config::ServiceConfig& service) {
  PipelineChange change;
  change.name = next.name;
  change.is_new = old == nullptr;
  change.document = next.canonical;
  if (old != nullptr && old->canonical == next.canonical) {
    change.kind = PipelineChange::Kind::kUnchanged;
    return change;
  }
  if (old != nullptr) change.changed = changed_members(*old, next);
  if (old != nullptr) change.kind = PipelineChange::Kind::kKeepsOffsets;
  if (progress == nullptr) {
    if (old != nullptr) change.notes.push_back("nothing was committed under this name: the start that the document names counts");
    return change;
  }
  if (old == nullptr) {
    change.kind = PipelineChange::Kind::kKeepsOffsets;
    change.notes.push_back("a pipeline of this name has written before: this one goes on behind epoch " + std::to_string(progress->epoch.value));
  }
  compare_sources(next, *progress, change);
  compare_sinks(old, next, *progress, service, change);
  if (progress->state_version) {
    change.notes.push_back("the query remembers: the new one goes on with that if it keeps the same of the same rows; otherwise the stream FAILS as state_incompatible, "
                           "says what differs, and has written nothing: put the old document back, give the new one another name, or reset");
  }
  if (old != nullptr && start_of(*old) != start_of(next)) {
    change.notes.push_back("`start` counts only where there is no progress; to read from elsewhere: POST /stream/" + next.name + "/reset");
  }
  return change;
}

Status refused(const PipelineChange& change) {
  return Status::user("change_refused", change.reason + "; " + change.way_out);
}

ResetReport plan_reset(const PipelineSpec& pipeline, const std::string& start, const EpochPlan* progress) {
  ResetReport report;
  report.pipeline = pipeline.name;
  report.start = start;
  if (progress == nullptr) {
    report.notes.push_back("this state directory knows of nothing that was committed; what the sinks have is read again as far as it lies behind the start");
    return report;
  }
  report.epoch = progress->epoch.value;
  const auto setting = parse_offsets(start, "start");
  const auto* named = setting.ok() ? std::get_if<OffsetSetting::PerPartition>(&setting->value) : nullptr;
  const auto* everywhere = setting.ok() ? std::get_if<OffsetSetting::Everywhere>(&setting->value) : nullptr;
  if (everywhere != nullptr && *everywhere == OffsetSetting::Everywhere::kLatest) {
    report.notes.push_back("nothing is read again; records between what is committed and the end of the log are skipped");
    return report;
  }
  if (setting.ok() && setting->time() != nullptr) report.notes.push_back("the broker turns the time into offsets at the next start: of the ranges here, what lies behind it is read again");
  for (const auto& [place, next] : progress->next) {
    const auto began = progress->begin.find(place);
    int64_t from = began == progress->begin.end() ? 0 : began->second.value;
    for (const auto& [topic, partitions] : named == nullptr ? OffsetSetting::PerPartition() : *named) {
      const auto offset = partitions.find(place.partition);
      if ((!topic.empty() && topic != place.topic) || offset == partitions.end()) continue;
      from = offset->second == OffsetSetting::kLatest ? next.value : std::max(from, offset->second);
    }
    if (from < next.value) report.repeats.push_back({place.source, place.topic, place.partition, from, next.value});
  }
  for (const auto& sink : pipeline.sinks) {
    const std::string effect = sink.kind == "console"     ? "prints its rows again"
                               : sink.mode == "upsert"    ? "writes the same rows over those of the same key"
                               : sink.mode == "overwrite" ? "is written over as a whole"
                                                          : "has their rows a second time, beside the first; empty the table before the next start if it should not";
    report.notes.push_back("sink \"" + sink.id + "\" " + effect);
  }
  return report;
}

}  // namespace laketide
