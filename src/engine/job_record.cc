#include "engine/job_record.h"

#include <nlohmann/json.hpp>

#include "execution/receipt.h"

namespace laketide {

namespace {

using JobJson = nlohmann::json;

JobJson ranges_json(const std::vector<JobRange>& ranges) {
  JobJson list = JobJson::array();
  for (const auto& one : ranges) list.push_back({one.topic, one.partition, one.start, one.end});
  return list;
}

std::vector<JobRange> ranges_of(const JobJson& list) {
  std::vector<JobRange> ranges;
  for (const auto& one : list) ranges.push_back({one.at(0), one.at(1), one.at(2), one.at(3)});
  return ranges;
}

JobJson status_json(const JobStatus& status) {
  JobJson out{{"topics", status.topics}, {"sinks", status.sinks}, {"pool", status.pool}, {"attempt", status.attempt},
              {"atomic", status.atomic}, {"start_offset", status.start_offset}, {"end_offset", status.end_offset},
              {"submitted_at", status.submitted_at}, {"started_at", status.started_at}, {"finished_at", status.finished_at},
              {"range", ranges_json(status.range)}, {"progress", status.progress}, {"rows_in", status.rows_in},
              {"rows_out", status.rows_out}, {"filtered", status.filtered}, {"quarantined", status.quarantined},
              {"committed", ranges_json(status.committed)}, {"advice", status.advice}, {"reason", status.reason}};
  if (status.error) {
    out["error"] = {{"code", status.error->code}, {"detail", status.error->detail}, {"available", ranges_json(status.error->available)}};
  }
  return out;
}

JobStatus status_of(const JobJson& in) {
  JobStatus status;
  status.topics = in.at("topics").get<std::vector<std::string>>();
  status.sinks = in.at("sinks").get<std::vector<std::string>>();
  status.pool = in.at("pool");
  status.attempt = in.at("attempt");
  status.atomic = in.at("atomic");
  status.start_offset = in.at("start_offset");
  status.end_offset = in.at("end_offset");
  status.submitted_at = in.at("submitted_at");
  status.started_at = in.at("started_at");
  status.finished_at = in.at("finished_at");
  status.range = ranges_of(in.at("range"));
  status.progress = in.at("progress");
  status.rows_in = in.at("rows_in");
  status.rows_out = in.at("rows_out");
  status.filtered = in.at("filtered");
  status.quarantined = in.at("quarantined");
  status.committed = ranges_of(in.at("committed"));
  status.advice = in.at("advice");
  status.reason = in.at("reason");
  if (in.contains("error")) {
    const JobJson& error = in.at("error");
    status.error = JobError{error.at("code"), error.at("detail"), ranges_of(error.at("available"))};
  }
  return status;
}

}  // namespace

bool is_final(JobState state) { return state != JobState::kQueued && state != JobState::kRunning; }

JobRow to_row(const JobRecord& record) {
  JobJson body{{"version", 1}, {"status", status_json(record.status)}, {"request_hash", record.request_hash}, {"document", record.document},
               {"origin", record.origin}, {"line", record.line}, {"source", record.source}, {"deadline_ms", record.deadline_ms},
               {"overlap_ms", record.overlap_ms}, {"cuts", record.cuts}, {"allow_repeats", record.allow_repeats}};
  if (record.first_epoch) body["first_epoch"] = record.first_epoch->value;
  for (const auto& receipt : record.receipts) body["receipts"].push_back(to_json(receipt));
  return {record.status.id, record.number, to_string(record.status.state), is_final(record.status.state), record.status.pipeline,
          record.key, record.submitted_ms, body.dump(-1, ' ', false, JobJson::error_handler_t::replace)};
}

Result<JobRecord> from_row(const JobRow& row) {
  const Status unreadable = Status::internal("job_corrupt", "a job in the ledger cannot be read: " + row.id);
  JobRecord record;
  const auto state = job_state(row.state);
  if (!state) return unreadable;
  try {
    const JobJson body = JobJson::parse(row.body);
    record.status = status_of(body.at("status"));
    record.request_hash = body.at("request_hash");
    record.document = body.at("document");
    record.origin = body.at("origin");
    record.line = body.at("line");
    record.source = body.at("source");
    record.deadline_ms = body.at("deadline_ms");
    record.overlap_ms = body.at("overlap_ms");
    record.cuts = body.at("cuts");
    record.allow_repeats = body.at("allow_repeats");
    if (body.contains("first_epoch")) record.first_epoch = EpochId(body.at("first_epoch").get<int64_t>());
    for (const auto& text : body.value("receipts", JobJson::array())) {
      LT_ASSIGN_OR_RETURN(EpochReceipt receipt, receipt_from_json(text.get<std::string>()));
      record.receipts.push_back(std::move(receipt));
    }
  } catch (const JobJson::exception& broken) {
    return unreadable.in(broken.what());
  }
  record.status.id = row.id;
  record.status.pipeline = row.pipeline;
  record.status.state = *state;
  record.number = row.number;
  record.key = row.key;
  record.submitted_ms = row.submitted_ms;
  return record;
}

std::vector<JobRange> to_job_ranges(const Ranges& ranges) {
  std::vector<JobRange> out;
  for (const auto& [place, range] : ranges) out.push_back({place.topic, place.partition, range.start.value, range.end ? range.end->value : range.start.value});
  return out;
}

Ranges to_ranges(const std::vector<JobRange>& ranges, const std::string& source) {
  Ranges out;
  for (const auto& one : ranges) out[{source, one.topic, one.partition}] = Range{NextOffset(one.start), NextOffset(one.end)};
  return out;
}

}  // namespace laketide
