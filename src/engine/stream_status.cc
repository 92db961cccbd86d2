#include "engine/stream_status.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "engine/catalog.h"

namespace laketide {

bool is_active(StreamState state) {
  return state == StreamState::kStarting || state == StreamState::kRunning || state == StreamState::kStalled ||
         state == StreamState::kPaused || state == StreamState::kDraining;
}

bool is_running(const StreamEntry& entry) { return entry.run && is_active(entry.run->view().state) && !entry.run->at_rest(); }

bool is_paused(const StreamEntry& entry) { return status_of(entry).state == StreamState::kPaused; }

namespace {

using JsonValue = nlohmann::json;

std::vector<PartitionStatus> partitions_of(const RunView& view) {
  std::vector<PartitionStatus> all;
  for (const auto& [place, committed] : view.committed) {
    PartitionStatus one{place.source, place.topic, place.partition, committed.value, committed.value, {}, {}};
    if (const auto bound = view.bounds.find(place); bound != view.bounds.end()) {
      one.end = bound->second.high.value;
      one.lag_records = std::max<int64_t>(0, bound->second.high.value - committed.value);
    }
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

StreamStatus status_of(const StreamEntry& entry) {
  StreamStatus status;
  status.pipeline = entry.spec.name;
  status.topics = topics_of(entry.spec);
  for (const auto& sink : entry.spec.sinks) status.sinks.push_back(sink.id);
  if (!entry.run) {
    status.state = !entry.failed_code.empty() ? StreamState::kFailed : entry.want == kPaused ? StreamState::kPaused : StreamState::kStopped;
    status.error_code = entry.failed_code;
    status.reason = entry.failed_detail;
    return status;
  }
  const RunView view = entry.run->view();
  status.id = entry.run->spec().run_id;
  status.state = view.state == StreamState::kStopped && entry.want == kPaused ? StreamState::kPaused : view.state;
  status.error_code = view.problem.code();
  status.reason = view.problem.detail();
  status.epoch = view.epoch.value;
  status.start = entry.run->spec().start_text;
  status.partitions = partitions_of(view);
  status.rows_in = view.rows_in;
  status.rows_out = view.rows_out;
  status.quarantined = view.quarantined;
  status.lag_seconds = view.lag_seconds;
  if (std::ranges::all_of(status.partitions, [](const auto& one) { return one.lag_records == 0; })) status.lag_seconds = 0;
  status.input_rows_per_second = view.input_rows_per_second;
  if (view.last_receipt) status.last_commit = view.last_receipt->committed_at;
  return status;
}

// Field names of org.apache.spark.sql.streaming.StreamingQueryProgress; offsets are {"topic":{"partition":offset}}.
std::string progress_of(const StreamEntry& entry) {
  if (!entry.run) return {};
  const RunView view = entry.run->view();
  if (!view.last_receipt) return {};
  const EpochReceipt& receipt = *view.last_receipt;
  JsonValue start = JsonValue::object(), end = JsonValue::object(), latest = JsonValue::object();
  for (const auto& range : receipt.ranges) {
    start[range.topic][std::to_string(range.partition)] = range.start;
    end[range.topic][std::to_string(range.partition)] = range.end;
  }
  for (const auto& [place, bound] : view.bounds) latest[place.topic][std::to_string(place.partition)] = bound.high.value;
  const JsonValue source{{"description", "KafkaV2[Subscribe[" + JsonValue(topics_of(entry.spec)).dump() + "]]"},
                    {"startOffset", start},
                    {"endOffset", end},
                    {"latestOffset", latest},
                    {"numInputRows", receipt.rows_in},
                    {"inputRowsPerSecond", view.input_rows_per_second}};
  JsonValue sinks = JsonValue::array();
  for (const auto& sink : receipt.sinks) sinks.push_back({{"description", sink.sink}, {"numOutputRows", sink.rows}});
  return JsonValue{{"id", entry.spec.name},
              {"runId", entry.run->spec().run_id},
              {"name", entry.spec.name},
              {"timestamp", receipt.opened_at},
              {"batchId", receipt.epoch},
              {"numInputRows", receipt.rows_in},
              {"inputRowsPerSecond", view.input_rows_per_second},
              {"stateOperators", JsonValue::array()},
              {"sources", {source}},
              {"sink", sinks.empty() ? JsonValue::object() : sinks.back()}}
      .dump();
}

}  // namespace laketide
