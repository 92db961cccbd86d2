#include "http/stream_json.h"

#include <nlohmann/json.hpp>

namespace laketide::http {
namespace {

using Json = nlohmann::ordered_json;

Json if_known(int64_t value) { return value < 0 ? Json(nullptr) : Json(value); }

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json document_json(const std::string& text) {
  const Json document = Json::parse(text, nullptr, false);
  return document.is_discarded() ? Json::object() : document;
}

Json error_json(const StreamStatus& stream) {
  if (stream.reason.empty() && stream.error_code.empty()) return nullptr;
  return {{"code", stream.error_code}, {"detail", stream.reason}};
}

Json partition_json(const PartitionStatus& partition) {
  return {{"source", partition.source},
          {"topic", partition.topic},
          {"partition", partition.partition},
          {"committed", if_known(partition.committed)},
          {"read", if_known(partition.read)},
          {"end", or_null(partition.end)},
          {"lagRecords", or_null(partition.lag_records)},
          {"lateRows", partition.late_rows}};
}

Json table_json(const TableStatus& table) {
  const Json error = table.error_code.empty() ? Json(nullptr) : Json{{"code", table.error_code}, {"detail", table.reason}};
  return {{"table", table.table}, {"loadedAt", text_or_null(table.loaded_at)}, {"rows", table.rows}, {"error", error}};
}

int64_t late_rows(const StreamStatus& stream) {
  int64_t rows = 0;
  for (const PartitionStatus& partition : stream.partitions) rows += partition.late_rows;
  return rows;
}

Json lag_json(const StreamStatus& stream) {
  Json lag = nullptr;
  for (const PartitionStatus& partition : stream.partitions) {
    if (partition.lag_records) lag = (lag.is_null() ? 0 : lag.get<int64_t>()) + *partition.lag_records;
  }
  return lag;
}

}  // namespace

Json started_json(const StreamStatus& stream) {
  std::string topics;
  for (const std::string& topic : stream.topics) topics += (topics.empty() ? "" : ",") + topic;
  return {{"id", stream.id},
          {"pipeline", stream.pipeline},
          {"state", to_string(stream.state)},
          {"topic", topics},
          {"epoch", if_known(stream.epoch)},
          {"start", stream.start},
          {"error", error_json(stream)}};
}

Json stream_json(const StreamStatus& stream) {
  Json partitions = Json::array(), tables = Json::array();
  for (const TableStatus& table : stream.tables) tables.push_back(table_json(table));
  for (const PartitionStatus& partition : stream.partitions) partitions.push_back(partition_json(partition));
  return {{"id", stream.id},
          {"pipeline", stream.pipeline},
          {"state", to_string(stream.state)},
          {"error", error_json(stream)},
          {"topics", stream.topics},
          {"sinks", stream.sinks},
          {"epoch", if_known(stream.epoch)},
          {"start", stream.start},
          {"lagRecords", lag_json(stream)},
          {"lagSeconds", or_null(stream.lag_seconds)},
          {"rowsIn", stream.rows_in},
          {"rowsOut", stream.rows_out},
          {"quarantined", stream.quarantined},
          {"lateRows", late_rows(stream)},
          {"inputRowsPerSecond", stream.input_rows_per_second},
          {"lastCommit", text_or_null(stream.last_commit)},
          {"tables", tables},
          {"watermark", text_or_null(stream.watermark)},
          {"stateRows", stream.state_rows},
          {"stateBytes", stream.state_bytes},
          {"partitions", partitions}};
}

Json receipt_json(const EpochReceipt& receipt) {
  Json ranges = Json::array();
  for (const auto& range : receipt.ranges) {
    ranges.push_back({{"source", range.source},
                      {"topic", range.topic},
                      {"partition", range.partition},
                      {"start", range.start},
                      {"end", range.end}});
  }
  Json sinks = Json::array();
  for (const auto& sink : receipt.sinks) {
    sinks.push_back({{"sink", sink.sink}, {"commit", sink.commit}, {"rows", sink.rows}, {"quarantined", sink.quarantined}});
  }
  return {{"epoch", receipt.epoch},
          {"openedAt", receipt.opened_at},
          {"committedAt", receipt.committed_at},
          {"ranges", ranges},
          {"sinks", sinks},
          {"rowsIn", receipt.rows_in},
          {"rowsOut", receipt.rows_out},
          {"filtered", receipt.filtered},
          {"quarantined", receipt.quarantined}};
}

Json reset_json(const ResetReport& report) {
  Json repeats = Json::array();
  for (const RepeatedRange& range : report.repeats) {
    repeats.push_back({{"source", range.source}, {"topic", range.topic}, {"partition", range.partition}, {"start", range.start}, {"end", range.end}});
  }
  return {{"pipeline", report.pipeline},
          {"state", to_string(StreamState::kStopped)},
          {"start", report.start},
          {"epoch", or_null(report.epoch)},
          {"repeats", repeats},
          {"notes", report.notes}};
}

Json pipeline_json(const PipelineInfo& pipeline) {
  return {{"name", pipeline.name},
          {"origin", pipeline.origin},
          {"readOnly", pipeline.read_only},
          {"state", text_or_null(pipeline.state)},
          {"document", document_json(pipeline.document)}};
}

Json change_json(const PipelineChange& change) {
  return {{"name", change.name},
          {"change", to_string(change.kind)},
          {"stream", to_string(change.effect)},
          {"changed", change.changed},
          {"notes", change.notes},
          {"reason", text_or_null(change.reason)},
          {"wayOut", text_or_null(change.way_out)},
          {"queryPlan", text_or_null(change.query_plan)},
          {"document", document_json(change.document)}};
}

Response json_response(int status, const Json& body) {
  Response response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return response;
}

bool is_at_rest(StreamState state) {
  switch (state) {
    case StreamState::kStopped:
    case StreamState::kFinished:
    case StreamState::kFailed:
    case StreamState::kFenced: return true;
    default: return false;
  }
}

}  // namespace laketide::http
