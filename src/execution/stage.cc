#include "execution/stage.h"

#include <algorithm>
#include <atomic>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/mutex.h"
#include "execution/collector.h"
#include "execution/epoch_times.h"
#include "execution/receipt.h"

namespace laketide {

namespace {

enum class Kind { kRows, kFull, kDrained, kClosed, kTailClosed, kFailed, kBlocked, kEnded, kStop };

constexpr std::chrono::seconds kIdleCheckEvery{1};

/// What a lane, the tail or another thread tells the stage. Confined to its task.
struct Event {
  Kind kind;
  LaneEpoch epoch;
  Status status;
  BlockReason reason = BlockReason::kNone;
  std::shared_ptr<void> parts;
  EpochId open{0};  // the epoch that the lane fills, with kRows and kFull
  std::optional<TailEpoch> tail = std::nullopt;
};

/// The task of a lane or the tail: the scheduler owns this, the stage owns the part. The stage waits for the word of every part; one
/// whose task the scheduler drops, after an exception or at its own end, gives it here. Confined to its task.
class PartTask final : public Task {
 public:
  explicit PartTask(std::shared_ptr<Part> part) : part_(std::move(part)) {}
  ~PartTask() override { part_->gone(); }
  TaskStep run(const Quantum& quantum) override { return part_->run(quantum); }

 private:
  std::shared_ptr<Part> part_;
};

/// Lets parts of a lane or tail wake its task from any thread, also before it is started and after it has ended. Thread-safe.
class PartWaker {
 public:
  /// The task has been started and may have blocked by now: a wake from before this call would be lost without this one.
  void set(TaskHandle handle) {
    const MutexLock lock(mutex_);
    handle_ = std::move(handle);
    handle_.wake();
  }
  void wake() {
    const MutexLock lock(mutex_);
    handle_.wake();
  }

 private:
  Mutex mutex_;
  TaskHandle handle_ LT_GUARDED_BY(mutex_);
};

// What a server refused is known only once it has the rows. Several sinks may have refused the same records: the most of any counts.
void count_refused(const std::vector<Commit>& commits, EpochReceipt& receipt) {
  int64_t most = 0;
  for (const Commit& commit : commits) most = std::max(most, commit.quarantined);
  most = std::min(most, receipt.rows_out);
  receipt.rows_out -= most;
  receipt.quarantined += most;
}

std::vector<std::string> names_of(const std::vector<RunSource>& sources) {
  std::vector<std::string> names;
  for (const RunSource& source : sources) names.push_back(source.name);
  return names;
}

EventTimeRules rules_of(const std::vector<RunSource>& sources) {
  EventTimeRules rules;
  for (const RunSource& source : sources) {
    if (source.event_time) rules.emplace(source.name, *source.event_time);
  }
  return rules;
}

}  // namespace

/// The stage's ear: what lanes and the tail report becomes events for its loop. Thread-safe.
class Stage::Events final : public LaneHost, public TailHost {
 public:
  void lane_has_read(int64_t records) override { records_read_.fetch_add(records, std::memory_order_relaxed); }
  Instant epoch_opened(EpochId open) override { return times_.opened(open); }
  void lane_has_rows(EpochId open) override { push({Kind::kRows, {}, {}, {}, {}, open}); }
  void lane_is_full(EpochId open) override { push({Kind::kFull, {}, {}, {}, {}, open}); }
  void lane_is_drained() override { push({Kind::kDrained, {}, {}, {}, {}}); }
  void lane_closed(LaneEpoch epoch) override { push({Kind::kClosed, std::move(epoch), {}, {}, {}}); }
  void lane_blocked(BlockReason reason) override { push({Kind::kBlocked, {}, {}, reason, {}}); }
  void tail_closed(TailEpoch epoch) override { push({Kind::kTailClosed, {}, {}, {}, {}, {}, std::move(epoch)}); }
  void part_failed(Status status) override { push({Kind::kFailed, {}, std::move(status), {}, {}}); }
  void part_ended(std::shared_ptr<void> parts) override { push({Kind::kEnded, {}, {}, {}, std::move(parts)}); }
  void stop() { push({Kind::kStop, {}, {}, {}, {}}); }
  std::optional<Event> pop(SteadyTime deadline) { return queue_.pop(deadline); }
  int64_t records_read() const { return records_read_.load(std::memory_order_relaxed); }
  EpochTimes& times() { return times_; }

 private:
  // Each of them has a handful of events under way at most, so the bound is never met.
  void push(Event event) { (void)queue_.try_push(event, 1); }
  BoundedQueue<Event> queue_{SIZE_MAX};
  std::atomic<int64_t> records_read_{0};
  EpochTimes times_;
};

/// A part that has been made and perhaps started. Confined to its task.
template <typename PartType>
struct Stage::Running {
  std::shared_ptr<PartType> part;
  std::shared_ptr<PartWaker> waker = std::make_shared<PartWaker>();
  bool started = false;
};

Stage::Stage(RunSpec& run, const SourceFormats& formats, const ChainPlan& chain, StageSpec spec, RunPosition& position, Ledger& ledger,
             Scheduler& scheduler, StageHooks hooks)
    : run_(run),
      formats_(formats),
      chain_(chain),
      spec_(std::move(spec)),
      position_(position),
      ledger_(ledger),
      scheduler_(scheduler),
      hooks_(std::move(hooks)),
      events_(std::make_unique<Events>()),
      shares_(lane_shares(spec_.ranges, names_of(run.sources), run.lanes_max)),
      rules_(rules_of(run.sources)),
      coordinator_({run.interval, lane_count(), spec_.one_epoch}, std::chrono::steady_clock::now()),
      filling_(position.epoch) {
  if (spec_.replay) events_->times().set(position_.epoch, spec_.replay->opened_at);
  if (run_.tables) open_tables_ = spec_.replay ? spec_.replay->tables : run_.tables->newest();
  route_sinks();
}

Stage::~Stage() { end_lanes(); }

void Stage::request_stop() { events_->stop(); }

Instant Stage::opened_at() const { return events_->times().opened(position_.epoch); }

int64_t Stage::records_read() const { return events_->records_read(); }

Status Stage::run(const Wait& wait) {
  Status outcome = start_tail(wait);
  if (outcome.ok()) outcome = start_lanes();
  if (outcome.ok()) outcome = loop(wait);
  end_lanes();
  return outcome;
}

void Stage::route_sinks() {
  for (size_t i = 0; i < spec_.sinks.size(); ++i) {
    const auto& tail = chain_.branches[spec_.sinks[i]].tail;
    if (tail) tails_[*tail].push_back(i);
  }
  for (const RunSource& source : run_.sources) routes_.push_back(route_for(source.name));
  if (tails_.empty() || run_.bounded || spec_.replay) return;
  const auto now = std::chrono::steady_clock::now();
  for (const auto& [place, range] : spec_.ranges) {
    const auto rule = rules_.find(place.source);
    if (rule == rules_.end() || rule->second.spark) continue;
    last_record_[place] = now;
    idle_check_ = std::min(idle_check_, now + std::chrono::duration_cast<SteadyTime::duration>(rule->second.idle_after));
  }
}

Stage::Route Stage::route_for(const std::string& source) const {
  Route route;
  for (size_t i = 0; i < spec_.sinks.size(); ++i) {
    const ChainPlan::Branch& branch = chain_.branches[spec_.sinks[i]];
    if (!branch.tail && branch.sources.contains(source)) route.sinks.push_back(i);
  }
  for (const auto& [tail, sinks] : tails_) {
    const auto& ports = chain_.tails[tail].ports;
    for (size_t port = 0; port < ports.size(); ++port) {
      if (ports[port].sources.contains(source)) route.ports.push_back({tail, static_cast<Port>(port)});
    }
  }
  return route;
}

std::unique_ptr<Context> Stage::make_context(int lane, std::function<void()> wake) const {
  auto context = std::make_unique<Context>();
  context->lane = lane;
  context->memory = run_.memory.get();
  context->clock = &system_clock();
  context->metrics = run_.metrics;
  context->labels = {{"pipeline", run_.pipeline}};
  context->account = run_.account;
  if (run_.tables) context->tables = &run_.tables->board();
  context->table_versions = open_tables_;
  context->wake = std::move(wake);
  return context;
}

Status Stage::start_tail(const Wait& wait) {
  if (tails_.empty()) return {};
  tail_ = std::make_unique<Running<Tail>>();
  LT_ASSIGN_OR_RETURN(TailParts parts, make_tail_parts());
  if (spec_.state != nullptr) LT_RETURN_IF_ERROR(restore_state(parts.tables, wait));
  state_ = {parts.tables.rows(), parts.tables.bytes()};
  tail_->part = std::make_shared<Tail>(std::move(parts), spec_.state, run_.bad_records, run_.pipeline, events_.get());
  tail_->started = true;
  tail_->waker->set(scheduler_.start(std::make_unique<PartTask>(tail_->part), run_.account));
  return {};
}

Result<TailParts> Stage::make_tail_parts() {
  TailParts parts;
  parts.context = make_context(lane_count(), [waker = tail_->waker] { waker->wake(); });
  for (const auto& [tail, sinks] : tails_) {
    state::StateTables tables;
    LT_ASSIGN_OR_RETURN(auto operators, chain_.tails[tail].operators(*parts.context, tables));
    for (const auto& [name, table] : tables.all()) parts.tables.declare(std::to_string(tail) + "." + name, table);
    std::vector<std::unique_ptr<Chain>> branches;
    for (const size_t i : sinks) {
      LT_ASSIGN_OR_RETURN(auto behind, chain_.branches[spec_.sinks[i]].operators({}, *parts.context));
      LT_ASSIGN_OR_RETURN(auto writer, run_.sinks[spec_.sinks[i]]->open(*parts.context));
      branches.push_back(std::make_unique<Chain>(std::move(behind), std::move(writer)));
    }
    parts.tails.push_back(make_tail_chain(std::move(operators), std::move(branches)));
  }
  if (run_.quarantine && spec_.quarantine) {
    LT_ASSIGN_OR_RETURN(parts.quarantine, run_.quarantine->open(*parts.context));
  }
  return parts;
}

// Exactly what the epoch before ended with: newer versions are of epochs that never became visible, and are written again.
Status Stage::restore_state(const state::StateTables& tables, const Wait& wait) {
  if (!position_.state_version) return spec_.state->clear(wait);  // of a life that a reset ended
  LT_ASSIGN_OR_RETURN(const auto restored, spec_.state->restore(position_.epoch.value - 1, tables, wait));
  if (restored == position_.state_version->value) return {};
  return Status::user("state_lost", "what this query remembered is not in the state directory (any more), and the rows it came from are committed: put the "
                                    "directory back, or start over under a new name, or reset the pipeline; state of epoch " +
                                        std::to_string(position_.state_version->value));
}

Status Stage::start_lanes() {
  const LaneLimits unlimited;
  for (int i = 0; i < lane_count(); ++i) {
    auto running = std::make_unique<Running<Lane>>();
    lanes_.push_back(std::move(running));
    auto parts = make_parts(i);
    if (!parts.ok()) {
      lanes_.pop_back();
      return parts.status();
    }
    const size_t source = shares_[static_cast<size_t>(i)].source;
    const auto lanes = std::ranges::count(shares_, source, &LaneShare::source);
    const LaneLimits limits{std::max<int64_t>(1, run_.sources[source].epoch_records_max / lanes), run_.epoch_bytes_max / lane_count()};
    lanes_.back()->part = std::make_shared<Lane>(std::move(parts).value(), spec_.one_epoch ? unlimited : limits, run_.bad_records,
                                                 run_.pipeline, position_.epoch, events_.get());
  }
  for (auto& running : lanes_) {
    running->started = true;
    running->waker->set(scheduler_.start(std::make_unique<PartTask>(running->part), run_.account));
  }
  return {};
}

Result<LaneParts> Stage::make_parts(int lane) {
  const LaneShare& share = shares_[static_cast<size_t>(lane)];
  const RunSource& source = run_.sources[share.source];
  const ChainPlan::Input& input = chain_.inputs.at(source.name);
  LaneParts parts;
  parts.context = make_context(lane, [waker = lanes_.back()->waker] { waker->wake(); });
  LT_ASSIGN_OR_RETURN(parts.reader, source.source->open(*parts.context));
  Ranges ranges = share.ranges;
  for (auto& [place, range] : ranges) {
    if (spec_.replay && range.end && LT_SEEDED_BUG("epoch.prepared", "other_range")) ++range.end->value;
  }
  LT_RETURN_IF_ERROR(parts.reader->assign(ranges));
  if (const auto format = formats_.find(source.name); format != formats_.end()) {
    LT_ASSIGN_OR_RETURN(parts.decoder, format->second.format->open(input.columns, input.hidden, *parts.context));
  }
  if (input.event_times) {
    LT_ASSIGN_OR_RETURN(parts.event_times, input.event_times(*parts.context));
  }
  LT_RETURN_IF_ERROR(add_chains(share.source, parts));
  if (run_.quarantine && spec_.quarantine) {
    LT_ASSIGN_OR_RETURN(parts.quarantine, run_.quarantine->open(*parts.context));
  }
  return parts;
}

Status Stage::add_chains(size_t source, LaneParts& parts) {
  const std::string& name = run_.sources[source].name;
  for (const size_t i : routes_[source].sinks) {
    LT_ASSIGN_OR_RETURN(auto operators, chain_.branches[spec_.sinks[i]].operators(name, *parts.context));
    LT_ASSIGN_OR_RETURN(auto writer, run_.sinks[spec_.sinks[i]]->open(*parts.context));
    parts.chains.push_back(std::make_unique<Chain>(std::move(operators), std::move(writer)));
  }
  for (const auto& [tail, port] : routes_[source].ports) {
    LT_ASSIGN_OR_RETURN(auto head, chain_.tails[tail].ports[static_cast<size_t>(port)].head(name, *parts.context));
    parts.chains.push_back(std::make_unique<Chain>(std::move(head), make_collector()));
  }
  return {};
}

Status Stage::loop(const Wait& wait) {
  while (true) {
    LT_ASSIGN_OR_RETURN(Act act, next_act(wait));
    if (act == Act::kCommit) {
      LT_RETURN_IF_ERROR(commit(wait));
      act = coordinator_.on_committed(std::chrono::steady_clock::now());
    }
    if (act == Act::kEnd) return {};
    if (act == Act::kClose) close_lanes();
  }
}

Result<Act> Stage::next_act(const Wait& wait) {
  const SteadyTime due = coordinator_.deadline().value_or(SteadyTime::max());
  auto event = events_->pop(std::min(due, idle_check_));
  const auto now = std::chrono::steady_clock::now();
  if (!event) return now >= due ? coordinator_.on_time(now) : check_idle(now);
  if (wait.over()) return Status::cancelled("the run was told to stop at once");
  switch (event->kind) {
    // A lane may still fill the epoch that the others were just told to end: that says nothing of the next one, which would be ended
    // with nothing in it, not committed, and its number used again by lanes that have gone on.
    case Kind::kRows: return event->open < filling_ ? Act::kWait : coordinator_.on_rows(now);
    case Kind::kFull: return event->open < filling_ ? Act::kWait : coordinator_.on_full(now);
    case Kind::kDrained: return coordinator_.on_drained(now);
    case Kind::kStop: return spec_.replay ? Act::kWait : coordinator_.on_stop(now);  // half of a planned epoch is none
    case Kind::kFailed: return event->status;
    case Kind::kBlocked:
      hooks_.blocked(event->reason);
      return Act::kWait;
    case Kind::kEnded: return Act::kWait;
    case Kind::kClosed: return lane_closed(std::move(event->epoch), now);
    case Kind::kTailClosed: break;
  }
  tail_epoch_ = std::move(event->tail);
  state_ = tail_epoch_->size;
  return closed(now);
}

// What lanes have at the border goes through the tail first, if there is anything that it could make something of.
Act Stage::lane_closed(LaneEpoch epoch, SteadyTime now) {
  something_ |= epoch.records > 0 || spec_.replay.has_value();
  for (auto& [place, last] : last_record_) {
    const auto next = epoch.next.find(place), before = position_.positions.find(place);
    if (next != epoch.next.end() && before != position_.positions.end() && next->second != before->second) last = now;
  }
  closed_.push_back(std::move(epoch));
  if (closed_.size() < lanes_.size()) return coordinator_.on_closed(false, now);
  clock_ = clock_of_closed(now);
  if (!tail_ || !something_) return closed(now);
  info_ = {position_.epoch, opened_at(), coordinator_.last() && run_.job.has_value(), position_.clock.watermark, clock_.watermark, open_tables_};
  tail_->part->begin(info_, take_collected());
  tail_->waker->wake();
  return Act::kWait;
}

// Per tail, what all lanes have for its ports.
std::vector<std::vector<TailInput>> Stage::take_collected() {
  std::vector<std::vector<TailInput>> collected;
  for (const auto& [tail, sinks] : tails_) {
    std::vector<TailInput>& inputs = collected.emplace_back();
    for (auto& epoch : closed_) {
      const Route& route = route_of(epoch.lane);
      for (size_t i = 0; i < route.ports.size(); ++i) {
        if (route.ports[i].first == tail) inputs.push_back({route.ports[i].second, std::move(epoch.staged[route.sinks.size() + i])});
      }
    }
  }
  return collected;
}

Act Stage::closed(SteadyTime now) {
  const Act act = coordinator_.on_closed(something_, now);
  // Nothing but markers and holes stood before the end: they are read, and there is nothing to commit for them.
  if (act == Act::kEnd && coordinator_.last()) {
    for (const auto& lane : closed_) {
      for (const auto& [place, next] : lane.next) position_.positions[place] = next;
    }
  }
  if (act != Act::kWait && act != Act::kCommit) closed_.clear();
  return act;
}

EventClock Stage::clock_of_closed(SteadyTime now) {
  if (spec_.replay) return spec_.replay->clock;
  if (rules_.empty()) return {};
  EventTimes::Newest seen;
  std::set<SourcePartition> all;
  Positions read;
  for (const auto& lane : closed_) {
    seen.insert(lane.event_times.begin(), lane.event_times.end());
    for (const auto& [place, next] : lane.next) all.insert(place);
    read.insert(lane.next.begin(), lane.next.end());
  }
  return advanced(rules_, position_.clock, seen, all, idle_partitions(rules_, last_record_, hooks_.bounds(), read, now));
}

// Silence can make groups final: an epoch without records then takes them out.
Act Stage::check_idle(SteadyTime now) {
  idle_check_ = now + kIdleCheckEvery;
  std::set<SourcePartition> all;
  for (const auto& [place, range] : spec_.ranges) all.insert(place);
  const EventClock then = advanced(rules_, position_.clock, {}, all, idle_partitions(rules_, last_record_, hooks_.bounds(), position_.positions, now));
  if (state_.rows == 0 || then.watermark == position_.clock.watermark) return Act::kWait;
  const Act act = coordinator_.on_silence(now);
  idle_close_ = act == Act::kClose;
  return act;
}

void Stage::close_lanes() {
  closing_tables_ = open_tables_;
  if (run_.tables && !spec_.replay) open_tables_ = run_.tables->newest();
  const EpochInfo info{position_.epoch, opened_at(), coordinator_.last(), position_.clock.watermark, std::nullopt, open_tables_};
  filling_ = after(position_.epoch);
  closed_.clear();
  tail_epoch_.reset();
  something_ = std::exchange(idle_close_, false);
  for (auto& running : lanes_) {
    running->part->request_close(info);
    running->waker->wake();
  }
}

Result<EpochPlan> Stage::make_plan() const {
  EpochPlan plan;
  plan.pipeline = run_.line;
  plan.epoch = position_.epoch;
  plan.opened_at = opened_at();
  plan.spec_hash = run_.spec_hash;
  plan.last = coordinator_.last();
  plan.begin = position_.positions;
  for (const auto& [place, begin] : position_.begin) plan.begin[place] = begin;
  plan.next = position_.positions;
  plan.last_records = position_.last_records;
  for (const auto& [name, format] : formats_) plan.schemas[name] = format.schema_text;
  for (const auto& sink : run_.sinks) plan.sinks.push_back(sink->id());
  for (const RunSource& source : run_.sources) {
    if (const std::string shown = source.source->snapshot().shown; !shown.empty()) plan.snapshots[source.name] = shown;
  }
  for (const auto& lane : closed_) {
    for (auto [place, next] : lane.next) {
      if (LT_SEEDED_BUG("epoch.prepare.before", "end_early") && next.value > 1) --next.value;
      if (LT_SEEDED_BUG("epoch.prepare.before", "end_late")) ++next.value;
      const auto before = position_.positions.find(place);
      if (before == position_.positions.end()) return Status::internal("unknown_partition", "a lane read a partition it was not given: " + place.topic);
      if (next != before->second) plan.ranges[place] = Range{before->second, next};
      plan.next[place] = next;
    }
    for (const auto& [place, last] : lane.last_records) plan.last_records[place] = last;
  }
  if (spec_.replay && plan.ranges != spec_.replay->ranges && !LT_SEEDED_BUG("epoch.prepared", "other_range")) {
    return Status::internal("replay_differs", "an epoch that is run again read other ranges than its plan has: epoch " + std::to_string(plan.epoch.value));
  }
  plan.clock = clock_;
  plan.late = position_.clock.watermark;
  plan.tables = closing_tables_;
  plan.state_base = plan.state_version = position_.state_version;
  if (tail_epoch_ && spec_.state != nullptr) plan.state_version = plan.epoch;
  plan.counts = count();
  return spec_.replay ? *spec_.replay : plan;
}

EpochCounts Stage::count() const {
  EpochCounts counts;
  // What the first sink got says how many came out; where it stands behind a tail, records have become other rows.
  const bool first_in_tail = !tails_.empty() && tails_.begin()->second.front() == 0;
  for (const auto& lane : closed_) {
    counts.rows_in += lane.records;
    counts.rejected += lane.rejected;
    // A record that only a later branch refused counts as quarantined, not as out: in = out + filtered + quarantined.
    const std::vector<size_t>& sinks = route_of(lane.lane).sinks;
    if (!sinks.empty() && sinks.front() == 0) counts.rows_out += lane.rows_out.front() - lane.refused_later;
  }
  if (!tail_epoch_) return counts;
  counts.rejected += tail_epoch_->rejected;
  if (first_in_tail) counts.rows_out = tail_epoch_->rows_out.front().front();
  return counts;
}

Status Stage::commit(const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const EpochPlan plan, make_plan());
  std::vector<SinkStage> stages = take_staged();
  EpochReceipt receipt = receipt_of(plan);
  for (size_t i = 0; spec_.replay && i < run_.sinks.size(); ++i) {
    if (std::ranges::find(spec_.sinks, i) != spec_.sinks.end()) continue;
    if (std::ranges::find(plan.sinks, run_.sinks[i]->id()) == plan.sinks.end()) continue;  // added since
    LT_RETURN_IF_ERROR(add_earlier_commit(*run_.sinks[i], plan, wait, receipt));
  }
  const auto make_receipt = [&](const std::vector<Commit>& commits) {
    for (size_t i = 0; i < stages.size(); ++i) {
      receipt.sinks.push_back({stages[i].sink->id(), commits[i].id, commits[i].rows, commits[i].quarantined});
    }
    count_refused(commits, receipt);
    receipt.committed_at = to_iso(system_clock().now());
    return to_json(receipt);
  };
  // All that will ever be read is in this epoch: whether it is fit to be seen shows now. Any other run has earlier ones out already.
  if (run_.one_epoch && !spec_.replay) LT_RETURN_IF_ERROR(check_bad(count().rows_in, count().rejected));
  if (tail_epoch_ && spec_.state != nullptr) LT_RETURN_IF_ERROR(spec_.state->write(plan.epoch.value, tail_epoch_->state, wait));
  LT_ASSIGN_OR_RETURN(const auto commits, commit_epoch(plan, stages, ledger_, hooks_.decide, make_receipt, wait, run_.epoch_metrics.get()));
  position_.epoch = after(plan.epoch);
  position_.begin = plan.begin;
  position_.positions = plan.next;
  position_.last_records = plan.last_records;
  position_.clock = plan.clock;
  position_.state_version = plan.state_version;
  position_.records += receipt.rows_in;
  position_.rejected += receipt.quarantined;
  events_->times().forget(plan.epoch);
  CommittedEpoch committed{plan, receipt, state_, {}};
  for (const auto& lane : closed_) {
    for (const auto& [place, rows] : lane.late_rows) committed.late_rows[place] += rows;
  }
  closed_.clear();
  hooks_.committed(committed);
  forget_below(plan, wait);
  return run_.one_epoch ? Status() : check_bad(position_.records, position_.rejected);
}

// Every sink has this epoch: nobody will ask for the state before it, or for static tables that are older than it saw.
void Stage::forget_below(const EpochPlan& plan, const Wait& wait) {
  const Status tables = run_.tables ? run_.tables->forget_below(plan.tables) : Status();
  if (!tables.ok()) log::warn("old versions of static tables could not be removed; it is tried again after the next epoch", {{"pipeline", run_.pipeline}, {"reason", tables.to_string()}});
  if (plan.state_version && spec_.state != nullptr) {
    const Status forgotten = spec_.state->forget_below(plan.state_version->value, wait);
    if (!forgotten.ok()) log::warn("old state could not be removed; it is tried again after the next epoch", {{"pipeline", run_.pipeline}, {"reason", forgotten.to_string()}});
  }
}

// The quarantine takes part only in epochs that have something for it, and goes first: if any other sink has an epoch, the quarantine has
// what was its due.
std::vector<SinkStage> Stage::take_staged() {
  std::vector<SinkStage> stages;
  if (run_.quarantine && spec_.quarantine) {
    SinkStage stage{run_.quarantine.get(), {}};
    for (auto& lane : closed_) stage.staged.push_back(std::move(lane.staged.back()));
    if (tail_epoch_) stage.staged.push_back(std::move(tail_epoch_->quarantined));
    if (std::ranges::any_of(stage.staged, [](const auto& staged) { return staged->rows() > 0; })) stages.push_back(std::move(stage));
  }
  const size_t first = stages.size();
  for (const size_t sink : spec_.sinks) stages.push_back({run_.sinks[sink].get(), {}});
  for (auto& lane : closed_) {
    const std::vector<size_t>& sinks = route_of(lane.lane).sinks;
    for (size_t chain = 0; chain < sinks.size(); ++chain) stages[first + sinks[chain]].staged.push_back(std::move(lane.staged[chain]));
  }
  size_t tail = 0;
  for (const auto& [index, sinks] : tails_) {
    for (size_t i = 0; tail_epoch_ && i < sinks.size(); ++i) stages[first + sinks[i]].staged.push_back(std::move(tail_epoch_->staged[tail][i]));
    ++tail;
  }
  return stages;
}

Status Stage::check_bad(int64_t records, int64_t rejected) const {
  if (records <= run_.bad_ratio_over || static_cast<double>(rejected) <= run_.bad_ratio_max * static_cast<double>(records)) return {};
  return Status::user("too_many_bad", "more records than bad_records.max_ratio allows could not be used; look into the quarantine, mend the schema or raise the ratio: " +
                                          std::to_string(rejected) + " of " + std::to_string(records));
}

// Lanes and the tail answer a stop within a quantum. Their parts are destroyed here: closing a client may block.
void Stage::end_lanes() {
  size_t running_count = 0;
  const auto stop = [&](auto& running) {
    if (!running.started) return;
    ++running_count;
    running.part->request_stop();
    running.waker->wake();
  };
  for (auto& lane : lanes_) stop(*lane);
  if (tail_) stop(*tail_);
  for (size_t ended = 0; ended < running_count;) {
    auto event = events_->pop(SteadyTime::max());
    if (event && event->kind == Kind::kEnded) ++ended;
  }
  lanes_.clear();
  tail_.reset();
}

}  // namespace laketide
