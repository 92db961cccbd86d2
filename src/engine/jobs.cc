#include "engine/jobs.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/iso_time.h"
#include "base/log.h"
#include "engine/source_tables.h"
#include "engine/wiring.h"
#include "execution/receipt.h"

namespace laketide {
namespace {

constexpr std::chrono::hours kKeyLife{24};
constexpr std::chrono::milliseconds kLookEvery{1000};
constexpr int kReceiptsMax = 1000;

int64_t now_ms() { return system_clock().now().micros / 1000; }

std::string new_job_id() {
  std::random_device device;
  char text[32];
  std::snprintf(text, sizeof text, "job-%08x%08x", device(), device());
  return text;
}

/// Of everything that makes two requests the same.
std::string hash_of(const JobRequest& request) {
  std::string all;
  for (const auto& part : {request.topic, request.pipeline, request.document, request.start_offset, request.end_offset, request.pool}) all += part + '\0';
  all += request.atomic ? "a" : "-";
  all += request.allow_repeats ? "r" : "-";
  all += std::to_string(request.deadline.value_or(std::chrono::milliseconds(-1)).count()) + "," +
         std::to_string(request.overlap.value_or(std::chrono::milliseconds(-1)).count());
  return std::to_string(hash_key(all.data(), all.size()));
}

bool shows_what_is_there(std::string_view code) {
  return code == "offset_out_of_range" || code == "unknown_partition" || code == "unknown_topic" || code == "data_loss" || code == "offsets_reversed";
}

Status committing(const std::string& id) {
  return Status::user("committing", "the job's commit is decided and it will be visible within moments; it cannot be cancelled any more: " + id);
}

JobError error_of(const RunView& view) {
  JobError error{std::string(view.problem.code()), std::string(view.problem.detail()), {}};
  if (!shows_what_is_there(error.code)) return error;
  for (const auto& [place, bound] : view.bounds) error.available.push_back({place.topic, place.partition, bound.low.value, bound.high.value});
  return error;
}

constexpr const char* kResumeIsBetter =
    "\"startOffset\": \"resume\" is exact: it goes on where this pipeline's last job ended, whatever the column holds, and reads nothing twice; its first job begins at the earliest record";

// The overlap is read again: only a table that knows its rows by a key stays as it is then.
Status check_max(const config::PipelineSpec& pipeline, bool repeats_allowed) {
  for (const auto& sink : pipeline.sinks) {
    if (sink.kind == "console") return Status::user("unsupported", "sink:max asks every sink for its rows, and a console keeps none; leave it out of the job, or start from \"resume\": " + sink.id, "startOffset");
    if (sink.mode == "upsert" || repeats_allowed) continue;
    return Status::user("max_needs_upsert", "sink:max reads the records of the overlap again, and this sink would hold their rows twice; start from \"resume\", write with mode upsert and a key, "
                                            "or say \"allowRepeats\": true: " + sink.id, "startOffset");
  }
  return {};
}

// Its snapshot is taken when the job starts, and read whole: only then does the same job mean the same rows.
Status check_whole(const config::PipelineSpec& pipeline, const JobRequest& request) {
  const bool is_whole = (request.start_offset.empty() || request.start_offset == "earliest") && (request.end_offset.empty() || request.end_offset == "latest");
  if (is_whole || std::ranges::none_of(pipeline.sources, &config::SourceSpec::is_bounded)) return {};
  return Status::user("unsupported", "a table or files are read whole, so there is no offset to begin or end at; leave startOffset and endOffset out, and let the query's WHERE choose",
                      request.start_offset.empty() || request.start_offset == "earliest" ? "endOffset" : "startOffset");
}

}  // namespace

Jobs::Jobs(JobsHost host) : host_(std::move(host)), upkeep_(host_.scheduler->io_actor("jobs")) { tie_->jobs = this; }

Jobs::~Jobs() {
  upkeep_.close();
  std::lock_guard lock(tie_->mutex);
  tie_->jobs = nullptr;
}

Status Jobs::restore(bool start) {
  LT_ASSIGN_OR_RETURN(const auto rows, host_.ledger->unfinished_jobs());
  std::lock_guard lock(mutex_);
  held_ = !start;
  for (const auto& row : rows) {
    if (const Status taken = take_up(row); !taken.ok()) {
      log::error("a job of an earlier process cannot be taken up", {{"job", row.id}, {"reason", taken.to_string()}});
      if (!taken.retryable()) give_up(row, taken);
    }
  }
  start_some();
  return {};
}

// A job that was RUNNING was there when the process died; one that took the process with it each time is not begun for ever.
// What is planned is finished in any case: part of it may be visible.
Status Jobs::take_up(const JobRow& row) {
  LT_ASSIGN_OR_RETURN(JobRecord record, from_row(row));
  Active job{std::move(record), {}, {}, nullptr};
  LT_ASSIGN_OR_RETURN(CatalogEntry entry, Catalog::from_document(job.record.document, job.record.origin));
  job.pipeline = std::move(entry.spec);
  LT_ASSIGN_OR_RETURN(job.offsets, parse_job_offsets(job.record.status.start_offset, job.record.status.end_offset));
  bool planned = false;
  if (job.record.first_epoch) {
    LT_ASSIGN_OR_RETURN(const auto last, host_.ledger->last_epoch(job.record.line));
    planned = last && last->epoch >= *job.record.first_epoch;
    job.decided = planned && (job.record.status.atomic || !last->committed);
  }
  const bool crashed = job.record.status.state == JobState::kRunning;
  const std::string id = job.record.status.id;
  Active& kept = active_.emplace(id, std::move(job)).first->second;
  if (crashed && !planned && kept.record.status.attempt - kept.record.cuts >= host_.service->batch_defaults.attempts) {
    finish(kept, JobState::kFailed,
           JobError{"attempts_exhausted", "the process ended during each attempt of this job; its log says how. Submit it again to try once more: " +
                                              std::to_string(kept.record.status.attempt) + " attempts", {}});
    active_.erase(id);
    return {};
  }
  kept.record.status.state = JobState::kQueued;
  queue_.push_back(id);
  return {};
}

void Jobs::give_up(const JobRow& row, const Status& why) {
  auto record = from_row(row);
  if (!record.ok()) return;
  Active job{std::move(record).value(), {}, {}, nullptr};
  finish(job, JobState::kFailed,
         JobError{"not_taken_up", "this process cannot go on with what an earlier one began; submit the job again. " + why.to_string(), {}});
}

Result<std::optional<JobStatus>> Jobs::known(const JobRequest& request) const {
  std::lock_guard lock(mutex_);
  return find_by_key(request);
}

Result<std::optional<JobStatus>> Jobs::find_by_key(const JobRequest& request) const {
  if (request.idempotency_key.empty()) return std::optional<JobStatus>();
  const int64_t since = now_ms() - std::chrono::milliseconds(kKeyLife).count();
  LT_ASSIGN_OR_RETURN(const auto row, host_.ledger->job_of_key(request.idempotency_key, since));
  if (!row) return std::optional<JobStatus>();
  LT_ASSIGN_OR_RETURN(const JobRecord record, from_row(*row));
  if (record.request_hash != hash_of(request)) {
    return Status::user("idempotency_key_reused", "this key was used for another request in the last 24 hours; take a new key for a new job, or repeat the request as it was. It made " +
                                                      record.status.id, "idempotencyKey");
  }
  const auto found = active_.find(record.status.id);
  return std::optional(found == active_.end() ? record.status : status_of(found->second));
}

JobRecord Jobs::make_record(const JobRequest& request, const CatalogEntry& pipeline) const {
  const auto& defaults = host_.service->batch_defaults;
  JobRecord record;
  JobStatus& status = record.status;
  status.id = new_job_id();
  status.pipeline = pipeline.spec.name;
  status.topics = topics_of(pipeline.spec);
  for (const auto& sink : pipeline.spec.sinks) status.sinks.push_back(sink.id);
  status.pool = !request.pool.empty() ? request.pool : !pipeline.spec.pool.empty() ? pipeline.spec.pool : defaults.pool;
  status.atomic = request.atomic;
  status.start_offset = request.start_offset.empty() ? "earliest" : request.start_offset;
  status.end_offset = request.end_offset.empty() ? "latest" : request.end_offset;
  record.submitted_ms = now_ms();
  status.submitted_at = to_iso(Instant{record.submitted_ms * 1000});
  record.deadline_ms = record.submitted_ms + request.deadline.value_or(defaults.deadline).count();
  record.overlap_ms = request.overlap.value_or(std::chrono::minutes(5)).count();
  record.allow_repeats = request.allow_repeats;
  record.key = request.idempotency_key;
  record.request_hash = hash_of(request);
  record.document = pipeline.spec.canonical;
  record.origin = pipeline.origin;
  if (!pipeline.spec.sources.empty()) record.source = pipeline.spec.sources.front().name;
  return record;
}

Result<JobStatus> Jobs::submit(const JobRequest& request, const JobOffsets& offsets, const CatalogEntry& pipeline) {
  LT_RETURN_IF_ERROR(check_whole(pipeline.spec, request));
  Active job{make_record(request, pipeline), offsets, pipeline.spec, nullptr};
  if (!offsets.max_column.empty()) {
    LT_RETURN_IF_ERROR(check_max(pipeline.spec, request.allow_repeats));
    job.record.status.advice = kResumeIsBetter;
  }
  // Whatever is wrong in the document shows now, and there is no job.
  LT_RETURN_IF_ERROR(wire(job).status());
  std::lock_guard lock(mutex_);
  LT_ASSIGN_OR_RETURN(const auto known, find_by_key(request));
  if (known) return *known;
  const auto& defaults = host_.service->batch_defaults;
  const bool starts_now = !held_ && running_ < defaults.max_running && !free_line(job).empty();
  if (static_cast<int64_t>(queue_.size()) >= defaults.max_queued && !starts_now) {
    return Status::user("queue_full", "as many jobs wait as batch_defaults.max_queued allows; try again when some are done: " + std::to_string(queue_.size()));
  }
  LT_RETURN_IF_ERROR(save(job));
  const std::string id = job.record.status.id;
  log::info("job taken", {{"job", id}, {"pipeline", job.record.status.pipeline}, {"state", to_string(JobState::kQueued)}, {"pool", job.record.status.pool}});
  active_.emplace(id, std::move(job));
  queue_.push_back(id);
  start_some();
  const auto kept = active_.find(id);
  return kept != active_.end() ? status_of(kept->second) : find(id);
}

void Jobs::start_some() {
  if (!looked_after_ && !active_.empty()) {
    looked_after_ = true;
    host_.scheduler->after(kLookEvery, upkeep_, [tie = tie_] {
      std::lock_guard lock(tie->mutex);
      if (tie->jobs != nullptr) tie->jobs->look_after();
    });
  }
  for (auto next = queue_.begin(); next != queue_.end() && !held_ && running_ < host_.service->batch_defaults.max_running;) {
    Active& job = active_.at(*next);
    if (job.record.line.empty()) job.record.line = free_line(job);
    if (job.record.line.empty()) {
      ++next;  // waits for its line; those behind it need not
      continue;
    }
    const std::string id = *next;
    next = queue_.erase(next);
    if (!start(job)) active_.erase(id);
  }
}

// Empty: the line that the job needs is taken.
std::string Jobs::free_line(const Active& job) const {
  const auto taken = [this](const std::string& line) {
    return std::ranges::any_of(active_, [&](const auto& one) { return one.second.record.line == line; });
  };
  const std::string head = job.record.status.pipeline + "@" + host_.mark;
  if (job.offsets.resume) return taken(head + "resume") ? "" : head + "resume";
  for (int number = 0;; ++number) {
    if (const std::string line = head + std::to_string(number); !taken(line)) return line;
  }
}

// False: it ended before it began.
bool Jobs::start(Active& job) {
  JobStatus& status = job.record.status;
  status.state = JobState::kRunning;
  ++status.attempt;
  if (status.started_at.empty()) status.started_at = to_iso(system_clock().now());
  auto spec = wire(job);
  Status ready = spec.ok() ? save(job) : spec.status();
  if (!ready.ok()) {
    finish(job, JobState::kFailed, JobError{std::string(ready.code()), std::string(ready.detail()), {}});
    return false;
  }
  ++running_;
  host_.counters->keep(job.pipeline.name);
  const std::string id = status.id;
  job.run = Run::start(std::move(spec).value(), *host_.ledger, *host_.scheduler, [this, id](const RunView& view) { on_ended(id, view); }, host_.rested);
  if (job.cancel_wanted) (void)job.run->cancel();
  return true;
}

Result<RunSpec> Jobs::wire(Active& job) {
  LT_ASSIGN_OR_RETURN(RunSpec spec, wire_job(job.pipeline, *host_.service, *host_.scheduler,
                                             {job.record.line.empty() ? job.record.status.pipeline + "@" + host_.mark + "0" : job.record.line, job.record.status.id,
                                              job.record.status.pool, job.record.status.atomic, job.record.pin}));
  spec.metrics = host_.metrics;
  spec.budget = host_.budgets.at(spec.pool);
  JobWork work;
  work.id = job.record.status.id;
  work.resume = job.offsets.resume;
  work.attempt = job.record.status.attempt;
  work.attempts_max = work.attempt + host_.service->batch_defaults.attempts - 1;
  work.first = job.record.first_epoch;
  work.decided = job.decided;
  if (work.first) work.ranges = to_ranges(job.record.status.range, [&](const std::string& topic) { return sources_over(job.pipeline, topic); });
  work.max_column = job.offsets.max_column;
  work.find_ranges = [this, pipeline = job.pipeline, offsets = job.offsets, source = spec.source, allowed = job.record.allow_repeats,
                      overlap = job.record.overlap_ms](const PartitionBounds& bounds, const Positions& line, std::optional<Instant> newest,
                                                       const Wait& wait) -> Result<Ranges> {
    if (newest) newest->micros = std::max<int64_t>(0, newest->micros - overlap * 1000);  // Kafka's times begin in 1970
    LT_ASSIGN_OR_RETURN(Ranges ranges, laketide::find_ranges(offsets, *source, bounds, line, newest, wait));
    if (!allowed) LT_RETURN_IF_ERROR(host_.refuse_repeats(pipeline, ranges));
    return ranges;
  };
  work.fix = [this, id = work.id, source = spec.source](const Ranges& ranges, EpochId first) { return fix(id, ranges, first, source->snapshot()); };
  spec.job = std::move(work);
  return spec;
}

Status Jobs::fix(const std::string& id, const Ranges& ranges, EpochId first, SourceSnapshot snapshot) {
  std::lock_guard lock(mutex_);
  Active& job = active_.at(id);
  job.record.pin = std::move(snapshot.pin);
  job.record.status.snapshot = std::move(snapshot.shown);
  job.record.status.range = to_job_ranges(ranges);
  job.record.first_epoch = first;
  return save(job);
}

void Jobs::on_ended(const std::string& id, const RunView& view) {
  std::lock_guard lock(mutex_);
  Active& job = active_.at(id);
  job.record.status.attempt = view.attempt;
  --running_;
  std::erase_if(ending_, [](const auto& run) { return run->at_rest(); });
  ending_.push_back(job.run);
  if (view.state == StreamState::kFinished) {
    finish(job, JobState::kSucceeded, {});
  } else if (view.state != StreamState::kStopped) {
    finish(job, JobState::kFailed, error_of(view));
  } else if (job.expired && !view.decided) {
    finish(job, JobState::kFailed, JobError{"deadline", "the job was not done by its deadline; nothing more of it becomes visible. Give it a longer deadline, a smaller range, or its pool a larger share", {}});
  } else if (job.cancel_wanted && !view.decided) {
    finish(job, JobState::kCancelled, {});
  } else {
    // The process stops: the next one takes it up.
    job.record.status.state = JobState::kQueued;
    ++job.record.cuts;
    job.run = nullptr;
    if (const Status saved = save(job); !saved.ok()) log::warn("a cut job could not be saved", {{"job", id}, {"reason", saved.to_string()}});
    return;
  }
  active_.erase(id);
  start_some();
}

void Jobs::finish(Active& job, JobState state, std::optional<JobError> error) {
  JobRecord& record = job.record;
  record.status.state = state;
  ++ended_[state];
  record.status.error = std::move(error);
  record.status.reason.clear();
  record.status.finished_at = to_iso(system_clock().now());
  has_ended_ = true;
  if (auto receipts = receipts_of(record); receipts.ok()) {
    record.receipts = std::move(receipts).value();
  } else {
    log::warn("a job's receipts could not be read; its counts say nothing", {{"job", record.status.id}, {"reason", receipts.status().to_string()}});
  }
  count(record);
  if (state == JobState::kSucceeded) record.status.progress = 1;
  log::info("job ended", {{"job", record.status.id}, {"pipeline", record.status.pipeline}, {"state", to_string(state)},
                          {"reason", record.status.error ? record.status.error->code + ": " + record.status.error->detail : ""}});
  if (const Status saved = save(job); !saved.ok()) {
    log::error("a job's end could not be written down; the next process runs it again, and finds what is committed", {{"job", record.status.id}, {"reason", saved.to_string()}});
    return;
  }
  if (record.line.empty()) return;
  if (const Status ended = host_.ledger->end_line(record.line, job.offsets.resume); !ended.ok()) {
    log::warn("the epochs of a job that is over could not be forgotten; the next process does it", {{"job", record.status.id}, {"reason", ended.to_string()}});
  }
}

Result<std::vector<EpochReceipt>> Jobs::receipts_of(const JobRecord& record) const {
  std::vector<EpochReceipt> receipts;
  if (!record.first_epoch) return receipts;
  LT_ASSIGN_OR_RETURN(const auto rows, host_.ledger->committed_epochs(record.line, kReceiptsMax));
  for (const auto& row : rows) {
    if (row.epoch < *record.first_epoch) break;
    LT_ASSIGN_OR_RETURN(EpochReceipt receipt, receipt_from_json(row.receipt));
    receipts.push_back(std::move(receipt));
  }
  return receipts;
}

// What is visible is what the receipts say.
void Jobs::count(JobRecord& record) {
  JobStatus& status = record.status;
  status.rows_in = status.rows_out = status.filtered = status.quarantined = 0;
  Positions done;
  for (const auto& receipt : record.receipts) {
    status.rows_in += receipt.rows_in;
    status.rows_out += receipt.rows_out;
    status.filtered += receipt.filtered;
    status.quarantined += receipt.quarantined;
    for (const auto& range : receipt.ranges) {
      NextOffset& end = done[{record.source, range.topic, range.partition}];
      end = std::max(end, NextOffset(range.end));
    }
  }
  if (status.atomic) return;
  status.committed = status.range;
  for (auto& range : status.committed) {
    const auto end = done.find({record.source, range.topic, range.partition});
    range.end = end == done.end() ? range.start : end->second.value;
  }
}

Status Jobs::save(Active& job) {
  LT_ASSIGN_OR_RETURN(job.record.number, host_.ledger->save_job(to_row(job.record)));
  return {};
}

JobStatus Jobs::status_of(const Active& job) const {
  JobStatus status = job.record.status;
  if (!job.run) {
    if (job.record.line.empty() && job.offsets.resume) status.reason = "one job at a time goes on from the progress of this pipeline's jobs";
    return status;
  }
  const RunView view = job.run->view();
  status.attempt = view.attempt;
  status.progress = view.progress;
  status.rows_in = view.rows_in;
  status.rows_out = view.rows_out;
  status.quarantined = view.quarantined;
  if (!view.problem.ok()) status.reason = view.problem.to_string();
  if (!status.atomic) {
    status.committed = status.range;
    for (auto& range : status.committed) {
      const auto at = view.committed.find({sources_over(job.pipeline, range.topic).front(), range.topic, range.partition});
      range.end = at == view.committed.end() ? range.start : std::max(range.start, at->second.value);
    }
  }
  return status;
}

Result<JobRecord> Jobs::remembered(const std::string& id) const {
  LT_ASSIGN_OR_RETURN(const auto row, host_.ledger->job(id));
  if (row) return from_row(*row);
  return Status::user("unknown_job", "no job of this id is known, or it ended so long ago that it is forgotten (batch_defaults.keep); GET /batch lists the jobs: " + id);
}

Result<JobStatus> Jobs::find(const std::string& id) const {
  std::lock_guard lock(mutex_);
  if (const auto found = active_.find(id); found != active_.end()) return status_of(found->second);
  LT_ASSIGN_OR_RETURN(JobRecord record, remembered(id));
  return record.status;
}

// Only a look at the jobs that live needs the lock: whoever starts or ends a job holds it until that is durable.
Result<std::vector<JobStatus>> Jobs::list(const JobFilter& filter) const {
  JobQuery query{filter.state ? to_string(*filter.state) : "", filter.pipeline, INT64_MAX, filter.count_max};
  if (!filter.before.empty()) {
    LT_ASSIGN_OR_RETURN(const JobRecord before, remembered(filter.before));
    query.before_number = before.number;
  }
  LT_ASSIGN_OR_RETURN(const auto rows, host_.ledger->jobs(query));
  std::map<std::string, JobStatus> live;
  {
    std::lock_guard lock(mutex_);
    for (const auto& row : rows) {
      const auto found = row.finished ? active_.end() : active_.find(row.id);
      if (found != active_.end()) live.emplace(row.id, status_of(found->second));
    }
  }
  std::vector<JobStatus> all;
  for (const auto& row : rows) {
    if (const auto found = live.find(row.id); found != live.end()) {
      all.push_back(std::move(found->second));
      continue;
    }
    LT_ASSIGN_OR_RETURN(JobRecord record, from_row(row));
    all.push_back(std::move(record.status));
  }
  return all;
}

Result<JobStatus> Jobs::cancel(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto found = active_.find(id);
  if (found == active_.end()) {
    LT_ASSIGN_OR_RETURN(JobRecord record, remembered(id));
    return record.status;
  }
  Active& job = found->second;
  if (job.run) {
    if (!job.run->cancel()) return committing(id);
    job.cancel_wanted = true;
    return status_of(job);
  }
  if (job.decided) {  // some sinks may have what an earlier process decided; it is finished first
    if (job.record.status.atomic) return committing(id);
    job.cancel_wanted = true;
    return status_of(job);
  }
  std::erase(queue_, id);
  finish(job, JobState::kCancelled, {});
  JobStatus status = job.record.status;
  active_.erase(found);
  return status;
}

Result<std::vector<EpochReceipt>> Jobs::receipt(const std::string& id) const {
  std::lock_guard lock(mutex_);
  if (const auto found = active_.find(id); found != active_.end()) return receipts_of(found->second.record);
  LT_ASSIGN_OR_RETURN(JobRecord record, remembered(id));
  return std::move(record.receipts);
}

JobCounts Jobs::counts() const {
  std::lock_guard lock(mutex_);
  return {static_cast<int64_t>(queue_.size()), running_, ended_};
}

void Jobs::hold() {
  std::lock_guard lock(mutex_);
  held_ = true;
}

void Jobs::cut() {
  std::lock_guard lock(mutex_);
  for (auto& [id, job] : active_) {
    if (job.run) job.run->stop(true);
  }
}

bool Jobs::at_rest() const {
  std::lock_guard lock(mutex_);
  return running_ == 0 && std::ranges::all_of(ending_, [](const auto& run) { return run->at_rest(); });
}

// Once a second while there are jobs: deadlines, and the memory of jobs long ended.
void Jobs::look_after() {
  std::lock_guard lock(mutex_);
  looked_after_ = false;
  const int64_t now = now_ms();
  std::vector<std::string> late;
  for (auto& [id, job] : active_) {
    if (job.record.deadline_ms <= now && !job.expired) late.push_back(id);
  }
  for (const auto& id : late) {
    Active& job = active_.at(id);
    if (job.run) job.expired = job.run->cancel();  // one whose commit is decided is as good as done
    if (job.run || job.decided) continue;
    std::erase(queue_, id);
    finish(job, JobState::kFailed, JobError{"deadline", "the job's deadline passed before there was a place for it; give it a longer one, or raise batch_defaults.max_running", {}});
    active_.erase(id);
  }
  const auto& keep = host_.service->batch_defaults;
  if (!std::exchange(has_ended_, false)) return start_some();
  if (const Status forgotten = host_.ledger->forget_jobs(keep.keep_count, now - keep.keep_age.count()); !forgotten.ok()) {
    log::warn("old jobs could not be forgotten", {{"reason", forgotten.to_string()}});
  }
  start_some();
}

}  // namespace laketide
