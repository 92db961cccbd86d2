#include "execution/stage.h"

#include <algorithm>
#include <atomic>

#include "base/log.h"
#include "base/mutex.h"
#include "execution/receipt.h"

namespace laketide {

namespace {

enum class Kind { kRows, kFull, kDrained, kClosed, kFailed, kBlocked, kEnded, kStop };

/// What a lane or another thread tells the stage. Confined to its task.
struct Event {
  Kind kind;
  LaneEpoch epoch;
  Status status;
  BlockReason reason = BlockReason::kNone;
  std::shared_ptr<void> parts;
  EpochId open{0};  // the epoch that the lane fills, with kRows and kFull
};

/// A lane's task: the scheduler owns this, the stage owns the lane. The stage waits for the word of every lane; one whose task the
/// scheduler drops, after an exception or at its own end, gives it here. Confined to its task.
class LaneTask final : public Task {
 public:
  explicit LaneTask(std::shared_ptr<Lane> lane) : lane_(std::move(lane)) {}
  ~LaneTask() override { lane_->gone(); }
  TaskStep run(const Quantum& quantum) override { return lane_->run(quantum); }

 private:
  std::shared_ptr<Lane> lane_;
};

/// Lets parts of a lane wake its task from any thread, also before it is started and after it has ended. Thread-safe.
class LaneWaker {
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

}  // namespace

/// The stage's ear: what lanes report becomes events for its loop. Thread-safe.
class Stage::Events final : public LaneHost {
 public:
  void lane_has_read(int64_t records) override { records_read_.fetch_add(records, std::memory_order_relaxed); }
  void lane_has_rows(EpochId open) override { push({Kind::kRows, {}, {}, {}, {}, open}); }
  void lane_is_full(EpochId open) override { push({Kind::kFull, {}, {}, {}, {}, open}); }
  void lane_is_drained() override { push({Kind::kDrained, {}, {}, {}, {}}); }
  void lane_closed(LaneEpoch epoch) override { push({Kind::kClosed, std::move(epoch), {}, {}, {}}); }
  void lane_failed(Status status) override { push({Kind::kFailed, {}, std::move(status), {}, {}}); }
  void lane_blocked(BlockReason reason) override { push({Kind::kBlocked, {}, {}, reason, {}}); }
  void lane_ended(std::shared_ptr<void> parts) override { push({Kind::kEnded, {}, {}, {}, std::move(parts)}); }
  void stop() { push({Kind::kStop, {}, {}, {}, {}}); }
  std::optional<Event> pop(SteadyTime deadline) { return queue_.pop(deadline); }
  int64_t records_read() const { return records_read_.load(std::memory_order_relaxed); }

 private:
  // Each lane has a handful of events under way at most, so the bound is never met.
  void push(Event event) { (void)queue_.try_push(event, 1); }
  BoundedQueue<Event> queue_{SIZE_MAX};
  std::atomic<int64_t> records_read_{0};
};

/// A started lane. Confined to its task.
struct Stage::RunningLane {
  std::shared_ptr<Lane> lane;
  std::shared_ptr<LaneWaker> waker = std::make_shared<LaneWaker>();
  bool started = false;
};

Stage::Stage(RunSpec& run, const Format* format, const ChainPlan& chain, const std::string& schema_text, StageSpec spec, RunPosition& position,
             Ledger& ledger, Scheduler& scheduler, StageHooks hooks)
    : run_(run),
      format_(format),
      chain_(chain),
      schema_text_(schema_text),
      spec_(std::move(spec)),
      position_(position),
      ledger_(ledger),
      scheduler_(scheduler),
      hooks_(std::move(hooks)),
      events_(std::make_unique<Events>()),
      coordinator_({run.interval, lane_count(), spec_.one_epoch}, std::chrono::steady_clock::now()),
      opened_at_(spec_.replay ? spec_.replay->opened_at : system_clock().now()),
      filling_(position.epoch) {}

Stage::~Stage() { end_lanes(); }

void Stage::request_stop() { events_->stop(); }

int64_t Stage::records_read() const { return events_->records_read(); }

int Stage::lane_count() const {
  return std::max(1, std::min(run_.lanes_max, static_cast<int>(spec_.ranges.size())));
}

Status Stage::run(const Wait& wait) {
  Status outcome = start_lanes();
  if (outcome.ok()) outcome = loop(wait);
  end_lanes();
  return outcome;
}

Status Stage::start_lanes() {
  std::vector<Ranges> shares(static_cast<size_t>(lane_count()));
  size_t turn = 0;
  for (const auto& [place, range] : spec_.ranges) shares[turn++ % shares.size()].emplace(place, range);
  const LaneLimits limits{std::max<int64_t>(1, run_.epoch_records_max / lane_count()), run_.epoch_bytes_max / lane_count()};
  const LaneLimits unlimited;
  for (int i = 0; i < lane_count(); ++i) {
    auto running = std::make_unique<RunningLane>();
    lanes_.push_back(std::move(running));
    auto parts = make_parts(i, shares[static_cast<size_t>(i)]);
    if (!parts.ok()) {
      lanes_.pop_back();
      return parts.status();
    }
    lanes_.back()->lane = std::make_shared<Lane>(std::move(parts).value(), spec_.one_epoch ? unlimited : limits, run_.bad_records,
                                                 run_.pipeline, position_.epoch, events_.get());
  }
  for (auto& running : lanes_) {
    running->started = true;
    running->waker->set(scheduler_.start(std::make_unique<LaneTask>(running->lane), run_.account));
  }
  return {};
}

Result<LaneParts> Stage::make_parts(int lane, const Ranges& ranges) {
  LaneParts parts;
  parts.context = std::make_unique<Context>();
  parts.context->lane = lane;
  parts.context->memory = run_.memory.get();
  parts.context->clock = &system_clock();
  parts.context->metrics = run_.metrics;
  parts.context->labels = {{"pipeline", run_.pipeline}};
  parts.context->account = run_.account;
  parts.context->wake = [waker = lanes_.back()->waker] { waker->wake(); };
  LT_ASSIGN_OR_RETURN(parts.reader, run_.source->open(*parts.context));
  LT_RETURN_IF_ERROR(parts.reader->assign(ranges));
  if (format_ != nullptr) {
    LT_ASSIGN_OR_RETURN(parts.decoder, format_->open(chain_.columns, chain_.hidden, *parts.context));
  }
  for (const size_t sink : spec_.sinks) {
    LT_ASSIGN_OR_RETURN(auto operators, chain_.branches[sink].operators(*parts.context));
    LT_ASSIGN_OR_RETURN(auto writer, run_.sinks[sink]->open(*parts.context));
    parts.chains.push_back(std::make_unique<Chain>(std::move(operators), std::move(writer)));
  }
  if (run_.quarantine && spec_.quarantine) {
    LT_ASSIGN_OR_RETURN(parts.quarantine, run_.quarantine->open(*parts.context));
  }
  return parts;
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
  auto event = events_->pop(coordinator_.deadline().value_or(SteadyTime::max()));
  const auto now = std::chrono::steady_clock::now();
  if (!event) return coordinator_.on_time(now);
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
    case Kind::kClosed: break;
  }
  const bool something = event->epoch.records > 0 || spec_.replay.has_value();
  closed_.push_back(std::move(event->epoch));
  const Act act = coordinator_.on_closed(something, now);
  // Nothing but markers and holes stood before the end: they are read, and there is nothing to commit for them.
  if (act == Act::kEnd && coordinator_.last()) {
    for (const auto& lane : closed_) {
      for (const auto& [place, next] : lane.next) position_.positions[place] = next;
    }
  }
  if (act != Act::kWait && act != Act::kCommit) closed_.clear();
  return act;
}

void Stage::close_lanes() {
  const EpochInfo info{position_.epoch, opened_at_, coordinator_.last()};
  filling_ = after(position_.epoch);
  closed_.clear();
  for (auto& running : lanes_) {
    running->lane->request_close(info);
    running->waker->wake();
  }
}

Result<EpochPlan> Stage::make_plan() const {
  EpochPlan plan;
  plan.pipeline = run_.line;
  plan.epoch = position_.epoch;
  plan.opened_at = opened_at_;
  plan.spec_hash = run_.spec_hash;
  plan.last = coordinator_.last();
  plan.begin = position_.positions;
  for (const auto& [place, begin] : position_.begin) plan.begin[place] = begin;
  plan.next = position_.positions;
  plan.last_records = position_.last_records;
  if (!schema_text_.empty()) plan.schemas[run_.source_name] = schema_text_;
  for (const auto& sink : run_.sinks) plan.sinks.push_back(sink->id());
  for (const auto& lane : closed_) {
    for (const auto& [place, next] : lane.next) {
      const auto before = position_.positions.find(place);
      if (before == position_.positions.end()) return Status::internal("unknown_partition", "a lane read a partition it was not given: " + place.topic);
      if (next != before->second) plan.ranges[place] = Range{before->second, next};
      plan.next[place] = next;
    }
    for (const auto& [place, last] : lane.last_records) plan.last_records[place] = last;
  }
  if (spec_.replay && plan.ranges != spec_.replay->ranges) {
    return Status::internal("replay_differs", "an epoch that is run again read other ranges than its plan has: epoch " + std::to_string(plan.epoch.value));
  }
  plan.counts = count();
  return spec_.replay ? *spec_.replay : plan;
}

EpochCounts Stage::count() const {
  EpochCounts counts;
  for (const auto& lane : closed_) {
    counts.rows_in += lane.records;
    counts.rejected += lane.rejected;
    // A record that only a later branch refused counts as quarantined, not as out: in = out + filtered + quarantined.
    counts.rows_out += (lane.rows_out.empty() ? 0 : lane.rows_out.front()) - lane.refused_later;
  }
  return counts;
}

Status Stage::commit(const Wait& wait) {
  LT_ASSIGN_OR_RETURN(const EpochPlan plan, make_plan());
  // The quarantine takes part only in epochs that have something for it, and goes first: if any other sink has an epoch, the
  // quarantine has what was its due.
  std::vector<SinkStage> stages;
  if (run_.quarantine && spec_.quarantine) {
    SinkStage stage{run_.quarantine.get(), {}};
    int64_t rows = 0;
    for (auto& lane : closed_) {
      rows += lane.staged.back()->rows();
      stage.staged.push_back(std::move(lane.staged.back()));
    }
    if (rows > 0) stages.push_back(std::move(stage));
  }
  for (size_t i = 0; i < spec_.sinks.size(); ++i) {
    SinkStage stage{run_.sinks[spec_.sinks[i]].get(), {}};
    for (auto& lane : closed_) stage.staged.push_back(std::move(lane.staged[i]));
    stages.push_back(std::move(stage));
  }
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
  LT_ASSIGN_OR_RETURN(const auto commits, commit_epoch(plan, stages, ledger_, hooks_.decide, make_receipt, wait, run_.epoch_metrics.get()));
  position_.epoch = after(plan.epoch);
  position_.begin = plan.begin;
  position_.positions = plan.next;
  position_.last_records = plan.last_records;
  position_.records += receipt.rows_in;
  position_.rejected += receipt.quarantined;
  opened_at_ = system_clock().now();
  closed_.clear();
  hooks_.committed(plan, receipt);
  return run_.one_epoch ? Status() : check_bad(position_.records, position_.rejected);
}

Status Stage::check_bad(int64_t records, int64_t rejected) const {
  if (records <= run_.bad_ratio_over || static_cast<double>(rejected) <= run_.bad_ratio_max * static_cast<double>(records)) return {};
  return Status::user("too_many_bad", "more records than bad_records.max_ratio allows could not be used; look into the quarantine, mend the schema or raise the ratio: " +
                                          std::to_string(rejected) + " of " + std::to_string(records));
}

// Lanes answer a stop within a quantum. Their parts are destroyed here: closing a client may block.
void Stage::end_lanes() {
  size_t running_count = 0;
  for (auto& running : lanes_) {
    if (!running->started) continue;
    ++running_count;
    running->lane->request_stop();
    running->waker->wake();
  }
  for (size_t ended = 0; ended < running_count;) {
    auto event = events_->pop(SteadyTime::max());
    if (event && event->kind == Kind::kEnded) ++ended;
  }
  lanes_.clear();
}

}  // namespace laketide
