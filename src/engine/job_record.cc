#include "engine/job_record.h"

#include <nlohmann/json.hpp>

#include "execution/receipt.h"

namespace laketide {

using JobJson = nlohmann::json;

// Found by argument-dependent lookup, so not in an unnamed namespace. A job's id, pipeline and state are columns of its row.
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobRange, topic, partition, start, end)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobError, code, detail, available)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(JobStatus, topics, sinks, pool, reason, attempt, atomic, start_offset, end_offset, submitted_at, started_at,
                                   finished_at, range, progress, rows_in, rows_out, filtered, quarantined, committed, advice)

namespace {
constexpr int kVersion = 1;
}

bool is_final(JobState state) { return state != JobState::kQueued && state != JobState::kRunning; }

JobRow to_row(const JobRecord& record) {
  JobJson body{{"version", kVersion}, {"status", record.status}, {"request_hash", record.request_hash}, {"document", record.document},
               {"origin", record.origin}, {"line", record.line}, {"source", record.source}, {"deadline_ms", record.deadline_ms},
               {"overlap_ms", record.overlap_ms}, {"cuts", record.cuts}, {"allow_repeats", record.allow_repeats}};
  if (!record.pin.empty()) body["pin"] = record.pin;
  if (!record.status.snapshot.empty()) body["snapshot"] = record.status.snapshot;
  if (record.status.error) body["error"] = *record.status.error;
  if (record.first_epoch) body["first_epoch"] = record.first_epoch->value;
  for (const auto& receipt : record.receipts) body["receipts"].push_back(to_json(receipt));
  return {record.status.id, record.number, to_string(record.status.state), is_final(record.status.state), record.status.pipeline,
          record.key, record.submitted_ms, body.dump(-1, ' ', false, JobJson::error_handler_t::replace)};
}

Result<JobRecord> from_row(const JobRow& row) {
  const Status unreadable = Status::internal("job_corrupt", "what the ledger has of a job cannot be read; submit the job again: " + row.id);
  JobRecord record;
  const auto state = job_state(row.state);
  if (!state) return unreadable;
  try {
    const JobJson body = JobJson::parse(row.body);
    if (body.at("version") != kVersion) return unreadable.in("it was written by another release");
    record.status = body.at("status").get<JobStatus>();
    if (body.contains("error")) record.status.error = body.at("error").get<JobError>();
    record.pin = body.value("pin", "");
    record.status.snapshot = body.value("snapshot", "");
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

Ranges to_ranges(const std::vector<JobRange>& ranges, const std::function<std::vector<std::string>(const std::string& topic)>& sources) {
  Ranges out;
  for (const auto& one : ranges) {
    for (const std::string& source : sources(one.topic)) out[{source, one.topic, one.partition}] = Range{NextOffset(one.start), NextOffset(one.end)};
  }
  return out;
}

}  // namespace laketide
