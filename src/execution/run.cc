#include "execution/run.h"

#include <arrow/type.h>

#include <algorithm>

#include "base/log.h"
#include "execution/at_exit.h"
#include "execution/receipt.h"
#include "execution/source_schema.h"
#include "flow/quarantine_rows.h"
#include "flow/schema_text.h"

namespace laketide {

namespace {
constexpr std::chrono::milliseconds kBackoffFirst{100};
constexpr std::chrono::milliseconds kBackoffMax{5000};
constexpr std::chrono::milliseconds kBoundsEvery{2000}, kQuietBoundsEvery{5000};  // the second where nothing comes and nothing waits
constexpr std::chrono::seconds kCallTimeout{30};
constexpr std::chrono::seconds kQueryTimeout{600};  // of one that may read a whole table
// Between a job's attempts, which are few: long enough for a server to come back.
constexpr std::chrono::milliseconds kJobBackoffFirst{1000};
constexpr std::chrono::milliseconds kJobBackoffMax{60'000};

int64_t records_in(const Ranges& ranges) {
  int64_t all = 0;
  for (const auto& [place, range] : ranges) all += range.end ? range.end->value - range.start.value : 0;
  return all;
}

RunSpec completed(RunSpec spec, Scheduler& scheduler) {
  if (!spec.account) spec.account = scheduler.open_account({spec.pool, spec.run_id});
  if (!spec.budget) spec.budget = std::make_shared<MemoryBudget>(INT64_MAX);
  if (spec.line.empty()) spec.line = spec.pipeline;
  if (!spec.source) spec.source = together(spec.sources);
  spec.memory = std::make_shared<RunMemory>(spec.budget);
  spec.epoch_metrics = std::make_shared<EpochMetrics>(spec.metrics, spec.pipeline);
  return spec;
}
}  // namespace

std::shared_ptr<Run> Run::start(RunSpec spec, Ledger& ledger, Scheduler& scheduler,
                                std::function<void(const RunView&)> ended, std::shared_ptr<Signal> rested) {
  std::shared_ptr<Run> run(new Run(std::move(spec), ledger, scheduler));
  run->ended_ = std::move(ended);
  run->rested_ = std::move(rested);
  run->actor_.post([run] { run->main(); });
  run->watcher_.post([run] { run->watch_bounds(); });
  return run;
}

Run::Run(RunSpec spec, Ledger& ledger, Scheduler& scheduler)
    : spec_(completed(std::move(spec), scheduler)),
      ledger_(ledger),
      scheduler_(scheduler),
      actor_(scheduler.io_actor("run " + spec_.pipeline, spec_.account)),
      watcher_(scheduler.io_actor("bounds " + spec_.pipeline, spec_.account)),
      mirror_(std::make_shared<OffsetMirror>(spec_.pipeline, spec_.source, scheduler, watcher_, halt_.token())),
      metrics_(spec_) {
  if (!spec_.job) return;
  view_.attempt = spec_.job->attempt;
  decided_ = spec_.job->decided;
}

void Run::stop(bool now) {
  const MutexLock lock(mutex_);
  stop_locked(now);
}

void Run::stop_locked(bool now) {
  if (settled_) return;
  stop_ = true;
  if (view_.state != StreamState::kDraining && !spec_.job) log::info("stream state", {{"pipeline", spec_.pipeline}, {"run", spec_.run_id}, {"state", to_string(StreamState::kDraining)}});
  view_.state = StreamState::kDraining;
  if (now || stage_ == nullptr) halt_.request_stop();
  if (stage_ != nullptr) stage_->request_stop();
  retry_.notify();
}

bool Run::cancel() {
  const MutexLock lock(mutex_);
  if (settled_) return view_.state != StreamState::kFinished;
  if (decided_ && spec_.one_epoch) return false;
  cancel_ = true;
  if (!decided_) stop_locked(true);
  return true;
}

// A cancel has waited for what was decided.
void Run::set_decided(bool decided) {
  decided_ = decided;
  if (cancel_ && !decided) stop_locked(true);
}

// Between this and the last commit of the epoch a job can only succeed.
Status Run::decide() {
  if (!spec_.job) return {};
  const MutexLock lock(mutex_);
  if (decided_) return {};  // by an attempt or a process before this one
  if (halt_.stop_requested()) return Status::cancelled("the job was told to stop before its commit was decided");
  decided_ = true;
  return {};
}

RunView Run::view() const {
  const MutexLock lock(mutex_);
  RunView seen = view_;
  if (stage_ != nullptr && all_records_ > 0) {
    seen.progress = std::min(1.0, static_cast<double>(records_before_ + stage_->records_read()) / static_cast<double>(all_records_));
  }
  return seen;
}

bool Run::at_rest() const {
  const MutexLock lock(mutex_);
  return at_rest_;
}

bool Run::is_decided() const {
  const MutexLock lock(mutex_);
  return decided_;
}

bool Run::stop_requested() const {
  const MutexLock lock(mutex_);
  return stop_;
}

void Run::set_state(StreamState state, const Status& problem) {
  bool changed;
  {
    const MutexLock lock(mutex_);
    if (stop_ && (state == StreamState::kRunning || state == StreamState::kStarting)) return;
    changed = view_.state != state || view_.problem.code() != problem.code();
    view_.state = state;
    view_.problem = problem;
    if (changed) metrics_.changed(state, problem);
  }
  if (!changed) return;
  const auto level = problem.ok() ? log::Level::kInfo : can_heal(problem) ? log::Level::kWarn : log::Level::kError;
  log::write(level, spec_.job ? "job state" : "stream state", {{"pipeline", spec_.pipeline}, {spec_.job ? "job" : "run", spec_.run_id}, {"state", to_string(state)},
                                     {"epoch", position_.epoch.value - 1}, {"reason", problem.ok() ? "" : problem.to_string()}});
}

// Whatever ends the attempts, also an exception on its way to the io thread, which logs it: the run comes to rest and says so.
void Run::main() {
  Status outcome = Status::internal("run_broken", "an exception ended this run; the log has its words. Report it, and start the run again");
  const AtExit end([&] { conclude(outcome); });
  outcome = run_attempts();
}

Status Run::run_attempts() {
  Status outcome = spec_.memory->reserve(spec_.fixed_bytes + spec_.lanes_max * spec_.lane_bytes, "what the run's clients hold ready");
  while (outcome.ok()) {
    set_state(StreamState::kStarting, view().problem);
    outcome = attempt();
    if (outcome.ok() || !can_heal(outcome) || stop_requested() || !has_attempts()) break;
    set_state(StreamState::kStalled, outcome);
    pause_before_retry();
    if (stop_requested()) break;
    outcome = {};
  }
  return outcome;
}

void Run::conclude(const Status& outcome) {
  const StreamState state = settle(outcome);
  {
    const MutexLock lock(mutex_);
    settled_ = true;
    view_.state = state;
    view_.decided = decided_;
    view_.problem = state == StreamState::kFailed || state == StreamState::kFenced ? outcome : Status();
    metrics_.ended(state, view_.problem);
  }
  if (state != StreamState::kFenced) mirror_->finish();
  halt_.request_stop();  // the watcher ends too
  if (!spec_.job) log::write(state == StreamState::kFailed ? log::Level::kError : log::Level::kInfo, "stream ended",
             {{"pipeline", spec_.pipeline}, {"run", spec_.run_id}, {"state", to_string(state)}, {"epoch", position_.epoch.value - 1},
              {"reason", outcome.ok() ? "" : outcome.to_string()}});
  spec_.sinks.clear();  // connections and files close here, where blocking is allowed
  spec_.quarantine.reset();
  if (spec_.tables) spec_.tables->close();
  spec_.memory->release();  // others may hold this object a little longer
  ended_(view());
  {
    const MutexLock lock(mutex_);
    at_rest_ = true;
  }
  rested_->notify();
}

// A stream waits for a topic that is not there yet; a job was told to read something that is not there.
bool Run::can_heal(const Status& problem) const {
  return problem.retryable() || (problem.code() == "unknown_topic" && !spec_.bounded);
}

// A commit that is decided is finished, however long it takes.
bool Run::has_attempts() {
  const MutexLock lock(mutex_);
  if (!spec_.job || decided_) return true;
  if (view_.attempt >= spec_.job->attempts_max) return false;
  ++view_.attempt;
  return true;
}

StreamState Run::settle(const Status& outcome) {
  if (outcome.is_fenced()) return StreamState::kFenced;
  if (!outcome.ok() && !can_heal(outcome)) return StreamState::kFailed;
  // A job that read and committed all it was to, in the moment it was stopped, is done.
  if (spec_.job) return outcome.ok() && all_done_ ? StreamState::kFinished : stop_requested() ? StreamState::kStopped : StreamState::kFailed;
  return stop_requested() ? StreamState::kStopped : StreamState::kFinished;
}

void Run::pause_before_retry() {
  const bool few = spec_.job && !is_decided();
  backoff_ = std::clamp(backoff_ * (few ? 4 : 2), few ? kJobBackoffFirst : kBackoffFirst, few ? kJobBackoffMax : kBackoffMax);
  retry_.wait_until(std::chrono::steady_clock::now() + backoff_, [&] { return halt_.stop_requested(); });
}

void Run::watch_bounds() {
  if (halt_.stop_requested()) return;
  auto bounds = spec_.source->bounds(Wait::for_at_most(kCallTimeout, halt_.token()));
  bool quiet = false;
  if (bounds.ok()) {
    const auto lag = lag_.seconds(*spec_.source, view().committed, *bounds, system_clock().now(), Wait::for_at_most(kCallTimeout, halt_.token()));
    const MutexLock lock(mutex_);
    quiet = std::exchange(view_.bounds, *bounds) == *bounds && lag == 0.0;
    view_.lag_seconds = lag;
    metrics_.lag(view_.committed, *bounds, lag);
    if (view_.watermark) metrics_.watermark(*view_.watermark, system_clock().now());
    const Positions& committed = view_.committed;
    const bool more = std::ranges::any_of(*bounds, [&](const auto& one) { return !committed.contains(one.first); });
    // A stage that began without a partition is ended after its epoch; the next one has it.
    if (more && stage_ != nullptr && !spec_.bounded && !view_.committed.empty()) stage_->request_stop();
  }
  scheduler_.after(quiet ? kQuietBoundsEvery : kBoundsEvery, watcher_, [self = shared_from_this()] { self->watch_bounds(); });
}

Status Run::attempt() {
  LT_ASSIGN_OR_RETURN(const Recovery recovery, claim());
  position_.epoch = recovery.replay ? recovery.replay->epoch : recovery.next;
  // Starts that were resolved by an attempt before this one hold until there is progress: "latest" must not move.
  if (!is_fresh(recovery)) position_.positions = recovery.positions;
  // Until it has been run again, an epoch that a sink lacks is not committed.
  if (recovery.replay) {
    for (const auto& [place, range] : recovery.replay->ranges) position_.positions[place] = range.start;
  }
  if (const auto& plan = recovery.replay ? recovery.replay : recovery.last) {
    position_.last_records = plan->last_records;
    position_.begin = plan->begin;
    position_.clock = recovery.replay ? EventClock{{}, {}, plan->late} : plan->clock;
    position_.state_version = recovery.replay ? plan->state_base : plan->state_version;
  }
  LT_RETURN_IF_ERROR(record(recovery));
  all_done_ = is_whole(recovery);
  if (all_done_) return {};  // whatever may have become of the topic since
  LT_ASSIGN_OR_RETURN(const PartitionBounds bounds, wait_for_topics());
  LT_RETURN_IF_ERROR(spec_.job ? fix_ranges(bounds, recovery) : resolve_starts(bounds, recovery));
  LT_RETURN_IF_ERROR(check_topics(bounds));
  all_done_ = spec_.job && !recovery.replay && records_in(*spec_.job->ranges) == 0;
  if (all_done_) return {};
  if (spec_.tables) LT_RETURN_IF_ERROR(spec_.tables->open(recovery.replay ? recovery.replay->tables : TableVersions(), spec_.memory, waiting()));
  LT_RETURN_IF_ERROR(bind(recovery));
  if (recovery.replay) LT_RETURN_IF_ERROR(replay(recovery));
  if (recovery.replay && spec_.tables && !stop_requested()) {
    // The epoch saw the tables as they were; behind it stand those of today, which may have other columns.
    LT_ASSIGN_OR_RETURN(const bool changed, spec_.tables->renew(spec_.memory, waiting()));
    if (changed) LT_RETURN_IF_ERROR(bind(recovery));
  }
  backoff_ = {};
  return read_on(bounds);
}

Result<Recovery> Run::claim() {
  std::vector<ClaimedSink> claimed;
  for (auto& sink : spec_.sinks) {
    auto progress = sink->claim(Wait::for_at_most(kCallTimeout, halt_.token()));
    if (!progress.ok()) return progress.status().in(sink->id());
    claimed.push_back({sink->id(), std::move(progress).value(), sink->keeps_progress()});
  }
  std::optional<EpochId> quarantined;
  if (spec_.quarantine) {
    auto progress = spec_.quarantine->claim(Wait::for_at_most(kCallTimeout, halt_.token()));
    if (!progress.ok()) return progress.status().in(spec_.quarantine->id());
    quarantined = progress->epoch;
  }
  LedgerView seen;
  LT_ASSIGN_OR_RETURN(seen.newest, ledger_.last_epoch(spec_.line));
  LT_ASSIGN_OR_RETURN(auto committed, ledger_.committed_epochs(spec_.line, 1));
  if (!committed.empty()) seen.committed = committed.front();
  LT_ASSIGN_OR_RETURN(Recovery recovery, recover_line(seen, claimed, quarantined));
  // It commits before every other sink, so it may have the epoch that is replayed into them.
  quarantine_lacks_replay_ = !recovery.replay || !quarantined || *quarantined < recovery.replay->epoch;
  const MutexLock lock(mutex_);
  set_decided(spec_.job && (recovery.replay || recovery.record || (spec_.one_epoch && is_begun(recovery))));
  return recovery;
}

Result<Recovery> Run::recover_line(const LedgerView& seen, const std::vector<ClaimedSink>& claimed, std::optional<EpochId> quarantined) {
  const bool alone = spec_.anew || (spec_.job && !spec_.job->resume);
  const auto first = spec_.anew ? spec_.anew->first : spec_.job ? spec_.job->first : std::nullopt;
  LT_ASSIGN_OR_RETURN(Recovery recovery, alone ? recover_job(spec_.line, first, seen, claimed) : recover(spec_.line, seen, claimed));
  if ((spec_.anew || spec_.job) && quarantined && !first) recovery.next = std::max(recovery.next, after(*quarantined));
  if (spec_.anew && !first) {
    LT_RETURN_IF_ERROR(spec_.anew->fix(recovery.next));
    spec_.anew->first = recovery.next;
  }
  return recovery;
}

// No epoch of it is durable anywhere, or none since it was reset.
bool Run::is_fresh(const Recovery& recovery) const {
  return !recovery.replay && recovery.next == (spec_.anew ? *spec_.anew->first : EpochId(0));
}

// What the sink that is furthest behind has: none of them may miss a row.
Result<std::optional<Instant>> Run::newest_in_sinks() {
  std::optional<Instant> least;
  if (spec_.job->max_column.empty()) return least;
  for (auto& sink : spec_.sinks) {
    auto newest = sink->largest(spec_.job->max_column, Wait::for_at_most(kQueryTimeout, halt_.token()));
    if (!newest.ok()) return newest.status().in(sink->id());
    if (!*newest) return *newest;
    if (!least || (*newest)->micros < least->micros) least = *newest;
  }
  return least;
}

// An epoch of the job is durable somewhere.
bool Run::is_begun(const Recovery& recovery) const { return spec_.job->first && recovery.next > *spec_.job->first; }

bool Run::is_whole(const Recovery& recovery) const {
  if (!spec_.job || !spec_.job->ranges || recovery.replay || !is_begun(recovery)) return false;
  return std::ranges::all_of(*spec_.job->ranges, [&](const auto& one) {
    const auto at = recovery.positions.find(one.first);
    return at != recovery.positions.end() && at->second >= *one.second.end;
  });
}

// Once: a job that is tried again, by this process or the next, reads the same records.
Status Run::fix_ranges(const PartitionBounds& bounds, const Recovery& recovery) {
  JobWork& job = *spec_.job;
  {
    const MutexLock lock(mutex_);
    view_.bounds = bounds;
  }
  if (!job.ranges) {
    LT_ASSIGN_OR_RETURN(const auto newest, newest_in_sinks());
    LT_ASSIGN_OR_RETURN(Ranges ranges, job.find_ranges(bounds, recovery.positions, newest, Wait::for_at_most(kCallTimeout, halt_.token())));
    LT_RETURN_IF_ERROR(job.fix(ranges, recovery.next));
    job.ranges = std::move(ranges);
    job.first = recovery.next;
  }
  if (!is_begun(recovery)) {
    if (!job.resume) position_.positions.clear();
    for (const auto& [place, range] : *job.ranges) position_.positions[place] = range.start;
  }
  const MutexLock lock(mutex_);
  view_.committed = position_.positions;
  all_records_ = records_in(*job.ranges);
  return {};
}

// A sink was ahead of the ledger: its word is written down. What the receipt would say of the sinks is no longer known.
Status Run::record(const Recovery& recovery) {
  if (recovery.replay && recovery.record) {
    LT_RETURN_IF_ERROR(ledger_.plan_epoch(spec_.line, recovery.replay->epoch, recovery.replay->to_json()));
  }
  if (recovery.last && recovery.record) {
    EpochReceipt receipt = receipt_of(*recovery.last);
    receipt.committed_at = to_iso(system_clock().now());
    LT_RETURN_IF_ERROR(ledger_.commit_epoch(spec_.line, recovery.last->epoch, recovery.last->to_json(), to_json(receipt)));
  }
  const MutexLock lock(mutex_);
  if (spec_.job && !recovery.replay) set_decided(spec_.one_epoch && is_begun(recovery));
  view_.epoch = EpochId(position_.epoch.value - 1);
  view_.committed = position_.positions;
  view_.watermark = position_.clock.watermark;
  return {};
}

Result<PartitionBounds> Run::wait_for_topics() {
  return spec_.source->bounds(Wait::for_at_most(spec_.source->grows() ? kCallTimeout : kQueryTimeout, halt_.token()));
}

// Offsets alone cannot tell a topic from one recreated under its name; the last record taken can.
Status Run::check_topics(const PartitionBounds& bounds) {
  for (const auto& [place, next] : position_.positions) {
    const auto bound = bounds.find(place);
    const std::string where = place.topic + "/" + std::to_string(place.partition);
    if (bound == bounds.end()) {
      return Status::user("partition_gone", "a partition that was read before is no longer there; was the topic recreated? Reset the pipeline to read the new one: " + where);
    }
    const auto last = position_.last_records.find(place);
    if (last == position_.last_records.end()) continue;
    LT_ASSIGN_OR_RETURN(const auto record, spec_.source->fetch(place, last->second.offset, Wait::for_at_most(kCallTimeout, halt_.token())));
    const bool beyond = bound->second.high < last->second.offset.next();
    bool other = false;
    if (record) {
      const uint64_t key_hash = record->key ? hash_key(record->key->data(), record->key->size()) : 0;
      other = record->timestamp_ms != last->second.timestamp_ms || key_hash != last->second.key_hash;
    }
    if (beyond || other) {
      return Status::user("topic_recreated", "the topic is not the one that was read before (another record stands at the last offset taken, or it ends before it); reset the pipeline to read the new one: " +
                                                 where + ", last offset taken " + std::to_string(last->second.offset.value));
    }
  }
  return {};
}

Status Run::resolve_starts(const PartitionBounds& bounds, const Recovery& recovery) {
  const bool fresh = position_.positions.empty() && is_fresh(recovery);
  Positions starts;
  if (fresh) {
    for (const RunSource& source : spec_.sources) {
      LT_ASSIGN_OR_RETURN(const Positions some, source.start(of_source(bounds, source.name), Wait::for_at_most(kCallTimeout, halt_.token())));
      starts.insert(some.begin(), some.end());
    }
  }
  for (const auto& [place, bound] : bounds) {
    const auto start = starts.find(place);
    // A partition that appeared later is read from its first record.
    position_.positions.try_emplace(place, start == starts.end() ? bound.low : start->second);
  }
  const MutexLock lock(mutex_);
  view_.bounds = bounds;
  view_.committed = position_.positions;
  return {};
}

Status Run::bind(const Recovery& recovery) {
  const PartitionBounds bounds = view().bounds;
  const SourceStanding standing{bounds, position_.positions, recovery.replay ? recovery.replay : recovery.last};
  Schemas schemas;
  formats_.clear();
  for (const RunSource& source : spec_.sources) {
    LT_ASSIGN_OR_RETURN(const Schema schema, find_schema(spec_, source, standing, ledger_, waiting()));
    schemas[source.name] = schema;
    if (!source.make_format) continue;
    SourceFormat& format = formats_[source.name];
    format.schema_text = to_schema_text(*schema);
    LT_ASSIGN_OR_RETURN(format.format, source.make_format(format.schema_text));
  }
  LT_ASSIGN_OR_RETURN(chain_, spec_.plan(schemas));
  for (size_t i = 0; i < spec_.sinks.size(); ++i) {
    LT_RETURN_IF_ERROR(spec_.sinks[i]->bind(chain_.branches[i].output, Wait::for_at_most(kCallTimeout, halt_.token())).in(spec_.sinks[i]->id()));
  }
  LT_RETURN_IF_ERROR(open_state());
  if (spec_.quarantine) {
    LT_RETURN_IF_ERROR(spec_.quarantine->bind(quarantine_schema(), Wait::for_at_most(kCallTimeout, halt_.token())).in(spec_.quarantine->id()));
  }
  const MutexLock lock(mutex_);
  view_.schema.clear();
  for (const auto& [name, format] : formats_) {
    view_.schema += (view_.schema.empty() ? "" : "; ") + (spec_.sources.size() > 1 ? name + ": " : std::string()) + format.schema_text;
  }
  return {};
}

Status Run::open_state() {
  state_.reset();
  if (chain_.tails.empty()) return {};
  if (!spec_.open_state) {
    if (spec_.one_epoch) return {};
    return Status::user("unsupported", "a job whose query remembers ends with one commit; leave out atomic: false", "atomic");
  }
  std::string shape;
  for (const auto& tail : chain_.tails) shape += tail.shape + "\n";
  LT_ASSIGN_OR_RETURN(state_, spec_.open_state(shape));
  return {};
}

Status Run::replay(const Recovery& recovery) {
  const EpochPlan& plan = *recovery.replay;
  log::info("an epoch is run again", {{"pipeline", spec_.pipeline}, {"epoch", plan.epoch.value}});
  StageSpec stage;
  stage.one_epoch = true;
  stage.replay = plan;
  stage.quarantine = quarantine_lacks_replay_;
  for (size_t i = 0; i < spec_.sinks.size(); ++i) {
    if (std::ranges::find(recovery.lacking, spec_.sinks[i]->id()) != recovery.lacking.end()) stage.sinks.push_back(i);
  }
  stage.ranges = plan.ranges;
  return run_stage(std::move(stage));
}

// Of a job what is left of its ranges; of a stream that ends by itself what there was when it began.
Status Run::read_ranges(const Ranges& ranges) {
  StageSpec stage;
  stage.one_epoch = spec_.one_epoch;
  for (size_t i = 0; i < spec_.sinks.size(); ++i) stage.sinks.push_back(i);
  for (const auto& [place, range] : ranges) {
    const NextOffset start = std::max(range.start, position_.positions.at(place));
    stage.ranges[place] = Range{start, std::max(start, *range.end)};
  }
  {
    const MutexLock lock(mutex_);
    records_before_ = all_records_ - records_in(stage.ranges);
  }
  if (records_in(stage.ranges) > 0) LT_RETURN_IF_ERROR(run_stage(std::move(stage)));
  all_done_ = std::ranges::all_of(ranges, [&](const auto& one) { return position_.positions.at(one.first) >= *one.second.end; });
  return {};
}

Status Run::read_on(const PartitionBounds& began) {
  if (spec_.job) return read_ranges(*spec_.job->ranges);
  if (spec_.bounded) {
    Ranges ranges;
    for (const auto& [place, bound] : began) ranges[place] = Range{position_.positions.at(place), bound.high};
    return read_ranges(ranges);
  }
  while (true) {
    StageSpec stage;
    for (size_t i = 0; i < spec_.sinks.size(); ++i) stage.sinks.push_back(i);
    for (const auto& [place, next] : position_.positions) stage.ranges[place] = Range{next, std::nullopt};
    LT_RETURN_IF_ERROR(run_stage(std::move(stage)));
    if (stop_requested()) return {};
    // The stage ended because partitions appeared.
    LT_ASSIGN_OR_RETURN(const PartitionBounds bounds, wait_for_topics());
    for (const auto& [place, bound] : bounds) position_.positions.try_emplace(place, bound.low);
    const MutexLock lock(mutex_);
    view_.bounds = bounds;
    view_.committed = position_.positions;
  }
}

void Run::show(const CommittedEpoch& epoch) {
  const auto& [plan, receipt, state, late_rows] = epoch;
  const MutexLock lock(mutex_);
  // An atomic job is visible with its epoch; one that goes on from an earlier job's may have had to finish that one's first.
  if (spec_.job) set_decided(spec_.one_epoch && spec_.job->first && plan.epoch >= *spec_.job->first);
  view_.epoch = plan.epoch;
  view_.committed = plan.next;
  view_.rows_in += receipt.rows_in;
  view_.rows_out += receipt.rows_out;
  view_.quarantined += receipt.quarantined;
  view_.input_rows_per_second = metrics_.committed(receipt);
  view_.last_receipt = receipt;
  view_.last_phases = spec_.epoch_metrics->last();
  view_.watermark = plan.clock.watermark;
  view_.remembered = state;
  metrics_.remembers(state);
  metrics_.late(late_rows);
  for (const auto& [place, rows] : late_rows) view_.late_rows[place] += rows;
}

Status Run::run_stage(StageSpec spec) {
  StageHooks hooks;
  hooks.decide = [this] { return decide(); };
  hooks.committed = [this](const CommittedEpoch& epoch) {
    show(epoch);
    if (!spec_.job) mirror_->committed(epoch.plan.next);
  };
  hooks.blocked = [this](BlockReason reason) {
    const bool away = reason == BlockReason::kBrokerAway;
    set_state(away ? StreamState::kStalled : StreamState::kRunning,
              away ? Status::external("broker_away", "no Kafka broker answers; reading goes on when one does") : Status());
  };
  hooks.bounds = [this] { return view().bounds; };
  spec.state = state_.get();
  Stage stage(spec_, formats_, chain_, std::move(spec), position_, ledger_, scheduler_, std::move(hooks));
  {
    const MutexLock lock(mutex_);
    if (stop_) return {};
    stage_ = &stage;
  }
  set_state(StreamState::kRunning);
  Status outcome;
  {
    const AtExit over([this] {
      const MutexLock lock(mutex_);
      stage_ = nullptr;
    });
    outcome = stage.run(waiting());
  }
  // Lanes have read on since the last commit, also when all went well.
  for (auto& sink : spec_.sinks) abandon(*sink);
  if (spec_.quarantine) abandon(*spec_.quarantine);
  return outcome;
}

void Run::abandon(Sink& sink) {
  const Status abandoned = sink.abandon(position_.epoch, Wait::for_at_most(std::chrono::seconds(5)));
  if (abandoned.ok()) return;
  log::warn("an epoch could not be abandoned; its leftovers are dropped at the next claim",
            {{"pipeline", spec_.pipeline}, {"sink", sink.id()}, {"reason", abandoned.to_string()}});
}

}  // namespace laketide
