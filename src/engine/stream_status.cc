#include "engine/stream_status.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/iso_time.h"
#include "base/quantity.h"
#include "engine/catalog.h"
#include "engine/source_tables.h"

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
    PartitionStatus one{place.source, place.topic, place.partition, committed.value, committed.value, {}, {}, 0};
    if (const auto late = view.late_rows.find(place); late != view.late_rows.end()) one.late_rows = late->second;
    if (const auto bound = view.bounds.find(place); bound != view.bounds.end()) {
      one.end = bound->second.high.value;
      one.lag_records = std::max<int64_t>(0, bound->second.high.value - committed.value);
    }
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<TableStatus> tables_of(const RunSpec& spec) {
  std::vector<TableStatus> all;
  if (!spec.tables) return all;
  for (const TableView& view : spec.tables->views()) {
    all.push_back({view.name, view.version > 0 ? to_iso(Instant{view.version}) : "", view.rows, std::string(view.problem.code()), std::string(view.problem.detail())});
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
  status.tables = tables_of(entry.run->spec());
  status.rows_in = view.rows_in;
  status.rows_out = view.rows_out;
  status.quarantined = view.quarantined;
  status.lag_seconds = view.lag_seconds;
  if (std::ranges::all_of(status.partitions, [](const auto& one) { return one.lag_records == 0; })) status.lag_seconds = 0;
  status.input_rows_per_second = view.input_rows_per_second;
  if (view.last_receipt) status.last_commit = view.last_receipt->committed_at;
  if (view.watermark) status.watermark = to_iso(*view.watermark);
  status.state_rows = view.remembered.rows;
  status.state_bytes = view.remembered.bytes;
  return status;
}

namespace {

/// As Spark rounds them.
double one_decimal(double rate) { return std::round(rate * 10) / 10; }

int64_t milliseconds_of(const EpochReceipt& receipt) {
  const auto opened = parse_iso_time(receipt.opened_at), committed = parse_iso_time(receipt.committed_at);
  return opened && committed ? std::max<int64_t>(0, committed->instant.micros - opened->instant.micros) / 1000 : 0;
}

/// Spark's metrics of its Kafka source: how far each partition's end of the epoch is behind the newest record. Values are texts there.
JsonValue behind_latest(const std::vector<EpochReceipt::Partition>& ranges, const PartitionBounds& bounds) {
  int64_t least = INT64_MAX, most = 0, sum = 0, count = 0;
  for (const auto& range : ranges) {
    const auto bound = bounds.find({range.source, range.topic, range.partition});
    if (bound == bounds.end()) continue;
    const int64_t behind = std::max<int64_t>(0, bound->second.high.value - range.end);
    least = std::min(least, behind);
    most = std::max(most, behind);
    sum += behind;
    ++count;
  }
  if (count == 0) return nullptr;
  return {{"minOffsetsBehindLatest", std::to_string(least)},
          {"maxOffsetsBehindLatest", std::to_string(most)},
          {"avgOffsetsBehindLatest", number_text(one_decimal(static_cast<double>(sum) / static_cast<double>(count)))}};
}

/// As Spark names its sources.
std::string description_of(const config::SourceSpec& source) {
  if (const auto* rate = std::get_if<config::RateSourceSpec>(&source.from)) {
    return "RateStreamV2[rowsPerSecond=" + std::to_string(rate->rows_per_second) + ", rampUpTimeSeconds=0, numPartitions=" + std::to_string(rate->partitions) + "]";
  }
  return "KafkaV2[Subscribe[" + JsonValue(topics_of(source)).dump() + "]]";
}

/// One source of several has the rows of its ranges: what the offsets of markers and holes count for, no one can tell afterwards.
JsonValue source_progress(const config::SourceSpec& source, bool is_only, const RunView& view, double processed_per_second) {
  const EpochReceipt& receipt = *view.last_receipt;
  JsonValue start = JsonValue::object(), end = JsonValue::object(), latest = JsonValue::object();
  std::vector<EpochReceipt::Partition> ranges;
  int64_t offsets = 0, own = 0;
  for (const auto& range : receipt.ranges) {
    offsets += range.end - range.start;
    if (range.source != source.name) continue;
    own += range.end - range.start;
    ranges.push_back(range);
  }
  // Spark names every partition, also those that did not move.
  for (const auto& [place, next] : view.committed) {
    if (place.source == source.name) start[place.topic][std::to_string(place.partition)] = end[place.topic][std::to_string(place.partition)] = next.value;
  }
  for (const auto& range : ranges) start[range.topic][std::to_string(range.partition)] = range.start;
  for (const auto& [place, bound] : view.bounds) {
    if (place.source == source.name) latest[place.topic][std::to_string(place.partition)] = bound.high.value;
  }
  const double part = is_only ? 1 : offsets == 0 ? 0 : static_cast<double>(own) / static_cast<double>(offsets);
  JsonValue progress{{"description", description_of(source)},
                     {"startOffset", start},
                     {"endOffset", end},
                     {"latestOffset", latest},
                     {"numInputRows", is_only ? receipt.rows_in : own},
                     {"inputRowsPerSecond", one_decimal(view.input_rows_per_second * part)},
                     {"processedRowsPerSecond", one_decimal(processed_per_second * part)}};
  if (JsonValue metrics = behind_latest(ranges, view.bounds); !metrics.is_null()) progress["metrics"] = std::move(metrics);
  return progress;
}

/// Spark's words for the phases: it reads and writes in addBatch, and has the plan in its write-ahead log before it does.
JsonValue durations_of(const RunView& view, int64_t took) {
  using Phase = EpochMetrics::Phase;
  const auto milliseconds = [&](std::initializer_list<Phase> phases) {
    std::chrono::microseconds sum{};
    for (const Phase phase : phases) sum += view.last_phases[static_cast<size_t>(phase)];
    return std::chrono::duration_cast<std::chrono::milliseconds>(sum).count();
  };
  return {{"addBatch", milliseconds({Phase::kFill, Phase::kPrepare, Phase::kCommit})},
          {"walCommit", milliseconds({Phase::kPlan})},
          {"commitOffsets", milliseconds({Phase::kRecord})},
          {"triggerExecution", took}};
}

}  // namespace

// Field names of org.apache.spark.sql.streaming.StreamingQueryProgress; offsets are {"topic":{"partition":offset}}.
std::string progress_of(const StreamEntry& entry) {
  if (!entry.run) return {};
  const RunView view = entry.run->view();
  if (!view.last_receipt) return {};
  const EpochReceipt& receipt = *view.last_receipt;
  const int64_t took = milliseconds_of(receipt);
  const double processed_per_second = took == 0 ? 0 : one_decimal(static_cast<double>(receipt.rows_in) * 1000 / static_cast<double>(took));
  JsonValue sinks = JsonValue::array(), sources = JsonValue::array();
  for (const auto& source : entry.spec.sources) sources.push_back(source_progress(source, entry.spec.sources.size() == 1, view, processed_per_second));
  for (const auto& sink : receipt.sinks) sinks.push_back({{"description", sink.sink}, {"numOutputRows", sink.rows}});
  JsonValue operators = JsonValue::array();
  if (view.remembered.rows > 0) operators.push_back({{"operatorName", "query"}, {"numRowsTotal", view.remembered.rows}, {"memoryUsedBytes", view.remembered.bytes}});
  JsonValue event_time = JsonValue::object();
  if (view.watermark) event_time["watermark"] = to_iso(*view.watermark);
  return JsonValue{{"id", entry.spec.name},
              {"runId", entry.run->spec().run_id},
              {"name", entry.spec.name},
              {"timestamp", receipt.opened_at},
              {"batchId", receipt.epoch},
              {"batchDuration", took},
              {"durationMs", durations_of(view, took)},
              {"numInputRows", receipt.rows_in},
              {"inputRowsPerSecond", one_decimal(view.input_rows_per_second)},
              {"processedRowsPerSecond", processed_per_second},
              {"eventTime", event_time},
              {"stateOperators", operators},
              {"sources", sources},
              {"sink", sinks.empty() ? JsonValue::object() : sinks.back()}}
      .dump();
}

}  // namespace laketide
