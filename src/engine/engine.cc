#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "base/log.h"
#include "base/metrics.h"
#include "base/signal.h"
#include "config/service_config.h"
#include "engine/catalog.h"
#include "engine/engine_metrics.h"
#include "engine/job_offsets.h"
#include "engine/jobs.h"
#include "engine/make_engine.h"
#include "engine/pool_info.h"
#include "engine/range_guard.h"
#include "engine/stream_status.h"
#include "engine/wiring.h"
#include "execution/receipt.h"
#include "execution/run.h"
#include "ledger/ledger.h"
#include "scheduler/scheduler.h"

namespace laketide {
namespace {

constexpr std::chrono::seconds kStuckStep{30};  // a worker in one step for longer is not alive

/// Keeps the catalogue and the streams; runs report to it when they end. Thread-safe.
class StreamEngine final : public Engine {
 public:
  StreamEngine(config::ServiceConfig service, std::unique_ptr<Scheduler> scheduler, std::unique_ptr<Ledger> ledger, std::string job_mark)
      : service_(std::move(service)), scheduler_(std::move(scheduler)), ledger_(std::move(ledger)) {
    JobsHost host;
    host.service = &service_;
    host.scheduler = scheduler_.get();
    host.ledger = ledger_.get();
    host.metrics = metrics_;
    host.budgets = budgets_;
    host.rested = rested_;
    host.mark = std::move(job_mark);
    host.refuse_repeats = [this](const config::PipelineSpec& pipeline, const Ranges& ranges) { return refuse_repeats_of(pipeline, ranges); };
    jobs_ = std::make_unique<Jobs>(std::move(host));
    watch_ = metrics_->watch([this] { return engine_readings(*scheduler_, budgets_, jobs_->counts()); });
  }

  ~StreamEngine() override {
    stopping_ = true;
    jobs_->hold();
    jobs_->cut();
    (void)stop_all(true);
    (void)wait_stopped(std::chrono::steady_clock::now() + std::chrono::seconds(30));
  }

  void add_files(std::vector<config::PipelineSpec> pipelines) {
    std::lock_guard lock(mutex_);
    for (auto& spec : pipelines) catalog_.add_file(std::move(spec));
  }

  /// Puts the streams back as the user wanted them.
  Status restore(bool start) {
    LT_ASSIGN_OR_RETURN(const auto intents, ledger_->intents());
    std::lock_guard lock(mutex_);
    for (const auto& intent : intents) restore_one(intent, start);
    for (const auto& [name, entry] : catalog_.all()) {
      if (start && entry.spec.autostart && !streams_.contains(name)) launch_logged(entry);
    }
    LT_RETURN_IF_ERROR(jobs_->restore(start));
    ready_ = true;
    return {};
  }

  Result<StreamStatus> start_stream(const StreamRequest& request) override {
    std::lock_guard lock(mutex_);
    if (stopping_) return Status::user("stopping", "the process is stopping; send the request to the next one");
    LT_ASSIGN_OR_RETURN(CatalogEntry entry, resolve(request));
    auto known = streams_.find(entry.spec.name);
    if (known != streams_.end() && known->second.run && is_active(known->second.run->view().state)) {
      StreamEntry& stream = known->second;
      if (stream.run->view().state == StreamState::kDraining) {
        return Status::user("draining", "this stream is draining; start it again when it has stopped: " + entry.spec.name);
      }
      if (stream.spec.canonical == entry.spec.canonical) return status_of(stream);
      return Status::user("other_spec", "a stream of this name runs with another document; stop it first (POST /stream/stop), or give the new one another name: " + entry.spec.name, "name");
    }
    LT_RETURN_IF_ERROR(catalog_.add(entry));
    return launch(entry);
  }

  Result<std::vector<StreamStatus>> stop_streams(const std::string& pipeline, const std::string& topic, bool now,
                                                 std::chrono::milliseconds wait) override {
    std::vector<std::string> names;
    {
      std::lock_guard lock(mutex_);
      LT_ASSIGN_OR_RETURN(names, names_to_stop(pipeline, topic));
      for (const auto& name : names) {
        StreamEntry& stream = streams_.at(name);
        stream.want = "stopped";
        LT_RETURN_IF_ERROR(save(stream));
        stream.run->stop(now);
      }
    }
    const auto resting = [&] {
      std::lock_guard lock(mutex_);
      return std::ranges::all_of(names, [&](const auto& name) { return streams_.at(name).run->at_rest(); });
    };
    rested_->wait_until(std::chrono::steady_clock::now() + wait, resting);
    std::lock_guard lock(mutex_);
    std::vector<StreamStatus> all;
    for (const auto& name : names) all.push_back(status_of(streams_.at(name)));
    return all;
  }

  std::vector<StreamStatus> streams() const override {
    std::lock_guard lock(mutex_);
    std::vector<StreamStatus> all;
    for (const auto& [name, stream] : streams_) all.push_back(status_of(stream));
    return all;
  }

  Result<StreamStatus> stream(const std::string& pipeline) const override {
    std::lock_guard lock(mutex_);
    LT_ASSIGN_OR_RETURN(const StreamEntry* stream, find(pipeline));
    return status_of(*stream);
  }

  Result<std::vector<EpochReceipt>> epochs(const std::string& pipeline, int count_max) const override {
    {
      std::lock_guard lock(mutex_);
      LT_RETURN_IF_ERROR(find(pipeline).status());
    }
    LT_ASSIGN_OR_RETURN(const auto rows, ledger_->committed_epochs(pipeline, count_max));
    std::vector<EpochReceipt> receipts;
    for (const auto& row : rows) {
      LT_ASSIGN_OR_RETURN(EpochReceipt receipt, receipt_from_json(row.receipt));
      receipts.push_back(std::move(receipt));
    }
    return receipts;
  }

  Result<std::string> progress(const std::string& pipeline) const override {
    std::lock_guard lock(mutex_);
    LT_ASSIGN_OR_RETURN(const StreamEntry* stream, find(pipeline));
    return progress_of(*stream);
  }

  std::vector<PipelineInfo> pipelines() const override {
    std::lock_guard lock(mutex_);
    std::vector<PipelineInfo> all;
    for (const auto& [name, entry] : catalog_.all()) all.push_back({name, entry.origin, entry.spec.canonical});
    return all;
  }

  Result<PipelineInfo> pipeline(const std::string& name) const override {
    std::lock_guard lock(mutex_);
    if (const auto* entry = catalog_.find(name)) return PipelineInfo{name, entry->origin, entry->spec.canonical};
    return Status::user("unknown_pipeline", "no pipeline of this name is configured; GET /pipelines lists them: " + name);
  }

  Result<JobStatus> submit_job(const JobRequest& request) override {
    if (stopping_) return Status::user("stopping", "the process is stopping; send the request to the next one");
    LT_ASSIGN_OR_RETURN(const JobOffsets offsets, parse_job_offsets(request.start_offset, request.end_offset));
    LT_ASSIGN_OR_RETURN(const auto known, jobs_->known(request));
    if (known) return *known;
    LT_ASSIGN_OR_RETURN(const CatalogEntry pipeline, resolve_job(request));
    if (!request.allow_repeats) LT_RETURN_IF_ERROR(refuse_repeats_early(pipeline.spec, offsets));
    return jobs_->submit(request, offsets, pipeline);
  }
  Result<JobStatus> job(const std::string& id) const override { return jobs_->find(id); }
  Result<std::vector<JobStatus>> jobs(const JobFilter& filter) const override { return jobs_->list(filter); }
  Result<JobStatus> cancel_job(const std::string& id) override { return jobs_->cancel(id); }
  Result<std::vector<EpochReceipt>> job_receipt(const std::string& id) const override { return jobs_->receipt(id); }
  std::vector<PoolInfo> pools() const override { return pool_infos(*scheduler_, budgets_); }
  Result<PoolInfo> set_pool(const std::string& name, const PoolChange& change) override { return change_pool(*scheduler_, budgets_, name, change); }

  Status health() const override {
    const auto step = scheduler_->longest_current_step();
    if (step < kStuckStep) return {};
    return Status::internal("worker_stuck", "a worker has been in one step for " + std::to_string(step.count()) + " ms");
  }

  Status ready() const override {
    if (stopping_) return Status::user("stopping", "the process is stopping");
    return ready_ ? Status() : Status::external("starting", "streams are being restored");
  }

  std::string metrics() const override { return metrics_->text(); }

  void begin_stop() override {
    stopping_ = true;
    jobs_->hold();
    (void)stop_all(false);
  }

  bool wait_stopped(std::chrono::steady_clock::time_point deadline) override {
    const auto resting = [&] { return all_at_rest(); };
    if (rested_->wait_until(deadline, resting)) return true;
    (void)stop_all(true);
    jobs_->cut();
    rested_->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(5), resting);
    return false;
  }

 private:
  Result<CatalogEntry> resolve(const StreamRequest& request) const {
    // A stream that a document over HTTP made before is known by its name too.
    if (const auto known = streams_.find(request.pipeline); !request.pipeline.empty() && known != streams_.end() && !catalog_.find(request.pipeline)) {
      return CatalogEntry{known->second.spec, known->second.origin};
    }
    return catalog_.resolve(request);
  }

  Result<CatalogEntry> resolve_job(const JobRequest& request) const {
    std::lock_guard lock(mutex_);
    return catalog_.resolve_job(request, service_.postgres_url.empty() ? Catalog::JobTable::kDelta : Catalog::JobTable::kPostgres);
  }

  /// What can be said before the job starts, when only it knows where the broker's log begins and ends.
  Status refuse_repeats_early(const config::PipelineSpec& pipeline, const JobOffsets& offsets) const {
    const auto* from = std::get_if<OffsetSetting::PerPartition>(&offsets.start.value);
    const auto* to = std::get_if<OffsetSetting::PerPartition>(&offsets.end.value);
    if (offsets.resume || !offsets.max_column.empty() || from == nullptr) return {};
    const auto topics = topics_of(pipeline);
    Ranges ranges;
    for (const auto& [topic, partitions] : *from) {
      for (const auto& [partition, offset] : partitions) {
        int64_t end = OffsetSetting::kLatest;
        if (to != nullptr && to->contains(topic) && to->at(topic).contains(partition)) end = to->at(topic).at(partition);
        if (offset < 0 || end == OffsetSetting::kEarliest) continue;
        ranges[{"", topic.empty() && topics.size() == 1 ? topics.front() : topic, partition}] =
            Range{NextOffset(offset), NextOffset(end == OffsetSetting::kLatest ? INT64_MAX : end)};
      }
    }
    return refuse_repeats_of(pipeline, ranges);
  }

  Status refuse_repeats_of(const config::PipelineSpec& pipeline, const Ranges& ranges) const {
    const auto mine = tables_of(pipeline, service_);
    std::map<std::string, std::string> shared;  // stream → the table it shares with the job
    {
      std::lock_guard lock(mutex_);
      for (const auto& [name, stream] : streams_) {
        for (const auto& table : tables_of(stream.spec, service_)) {
          if (std::ranges::find(mine, table) != mine.end()) shared[name] = table;
        }
      }
    }
    for (const auto& [name, table] : shared) {
      LT_ASSIGN_OR_RETURN(const auto rows, ledger_->committed_epochs(name, 1));
      if (rows.empty()) continue;
      LT_ASSIGN_OR_RETURN(const EpochPlan plan, EpochPlan::from_json(rows.front().plan));
      LT_RETURN_IF_ERROR(refuse_repeats(ranges, plan, table));
    }
    return {};
  }

  Result<StreamStatus> launch(const CatalogEntry& entry) {
    LT_ASSIGN_OR_RETURN(RunSpec spec, wire(entry.spec, service_, *scheduler_));
    spec.metrics = metrics_;
    spec.budget = budgets_.at(spec.pool);
    StreamEntry stream{entry.spec, entry.origin, "running", nullptr, {}, {}};
    LT_RETURN_IF_ERROR(save(stream));
    const std::string name = entry.spec.name;
    StreamEntry& kept = streams_[name] = std::move(stream);
    kept.run = Run::start(std::move(spec), *ledger_, *scheduler_, [this, name](const RunView& view) { on_ended(name, view); }, rested_);
    return status_of(kept);
  }

  void launch_logged(const CatalogEntry& entry) {
    const auto started = launch(entry);
    if (started.ok()) return;
    log::error("a stream could not be started", {{"pipeline", entry.spec.name}, {"reason", started.status().to_string()}});
    streams_[entry.spec.name] = StreamEntry{entry.spec, entry.origin, "running", nullptr, std::string(started.status().code()), std::string(started.status().detail())};
  }

  void restore_one(const Intent& intent, bool start) {
    CatalogEntry entry;
    if (const auto* file = catalog_.find(intent.pipeline)) {
      entry = *file;
    } else if (auto stored = Catalog::from_document(intent.document, intent.origin); stored.ok()) {
      entry = std::move(stored).value();
      if (entry.origin != "file") (void)catalog_.add(entry);
    } else {
      log::error("a stream's stored document cannot be read any more", {{"pipeline", intent.pipeline}, {"reason", stored.status().to_string()}});
      return;
    }
    if (start && intent.want == "running" && intent.failed_code.empty() && (catalog_.find(intent.pipeline) || intent.origin != "file")) {
      launch_logged(entry);
    } else {
      streams_[intent.pipeline] = StreamEntry{entry.spec, entry.origin, intent.want, nullptr, intent.failed_code, intent.failed_detail};
    }
  }

  Status save(const StreamEntry& stream) {
    return ledger_->save_intent({stream.spec.name, stream.want, stream.spec.canonical, stream.origin, stream.failed_code, stream.failed_detail});
  }

  void on_ended(const std::string& name, const RunView& view) {
    std::lock_guard lock(mutex_);
    StreamEntry& stream = streams_.at(name);
    if (view.state == StreamState::kFailed || view.state == StreamState::kFenced) {
      stream.failed_code = view.problem.code();
      stream.failed_detail = view.problem.detail();
    }
    if (view.state == StreamState::kFinished) stream.want = "stopped";
    if (const Status saved = save(stream); !saved.ok()) {
      log::error("a stream's end could not be written down", {{"pipeline", name}, {"reason", saved.to_string()}});
    }
  }

  Result<std::vector<std::string>> names_to_stop(const std::string& pipeline, const std::string& topic) const {
    std::vector<std::string> names;
    for (const auto& [name, stream] : streams_) {
      const auto topics = topics_of(stream.spec);
      const bool meant = (pipeline.empty() || name == pipeline) && (topic.empty() || std::ranges::find(topics, topic) != topics.end());
      if (meant && stream.run && !stream.run->at_rest()) names.push_back(name);
    }
    if (!pipeline.empty() && !streams_.contains(pipeline) && !catalog_.find(pipeline)) {
      return Status::user("unknown_pipeline", "no pipeline of this name is known; GET /stream lists the streams: " + pipeline, "pipeline");
    }
    return names;
  }

  Status stop_all(bool now) {
    std::lock_guard lock(mutex_);
    for (auto& [name, stream] : streams_) {
      if (stream.run && !stream.run->at_rest()) stream.run->stop(now);
    }
    return {};
  }

  bool all_at_rest() const {
    if (!jobs_->at_rest()) return false;
    std::lock_guard lock(mutex_);
    return std::ranges::all_of(streams_, [](const auto& one) { return !one.second.run || one.second.run->at_rest(); });
  }

  Result<const StreamEntry*> find(const std::string& pipeline) const {
    const auto found = streams_.find(pipeline);
    if (found != streams_.end()) return &found->second;
    if (catalog_.find(pipeline)) return Status::user("not_started", "this pipeline was never started; POST /stream/start {\"pipeline\":\"" + pipeline + "\"}");
    return Status::user("unknown_pipeline", "no stream of this name is known; GET /stream lists them: " + pipeline);
  }

  const config::ServiceConfig service_;
  std::shared_ptr<Metrics> metrics_ = make_metrics();
  const PoolBudgets budgets_ = make_budgets(service_);
  std::unique_ptr<Scheduler> scheduler_;  // outlives the ledger and the runs, whose actors it drives
  std::unique_ptr<Ledger> ledger_;
  std::shared_ptr<Signal> rested_ = std::make_shared<Signal>();
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  Catalog catalog_;                             // guarded by mutex_
  std::map<std::string, StreamEntry> streams_;  // guarded by mutex_
  std::unique_ptr<Jobs> jobs_;                  // its calls are made without mutex_
  std::shared_ptr<void> watch_;
};

}  // namespace

Result<std::unique_ptr<Engine>> make_engine(config::ServiceConfig config, std::vector<config::PipelineSpec> pipelines, bool restore_streams, std::string job_mark) {
  SchedulerOptions options;
  options.workers = config.engine.threads;
  options.quantum = config.engine.quantum;
  auto scheduler = make_scheduler(options);
  LT_RETURN_IF_ERROR(set_pools(config, *scheduler));
  LT_ASSIGN_OR_RETURN(auto ledger, Ledger::open(config.state_dir, scheduler->io_actor("ledger")));
  auto engine = std::make_unique<StreamEngine>(std::move(config), std::move(scheduler), std::move(ledger), std::move(job_mark));
  engine->add_files(std::move(pipelines));
  LT_RETURN_IF_ERROR(engine->restore(restore_streams));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace laketide
