#include <atomic>

#include "base/log.h"
#include "base/metrics.h"
#include "base/signal.h"
#include "config/service_config.h"
#include "engine/engine_metrics.h"
#include "engine/job_offsets.h"
#include "engine/jobs.h"
#include "engine/make_engine.h"
#include "engine/pool_info.h"
#include "engine/service_change.h"
#include "engine/streams.h"
#include "ledger/ledger.h"
#include "scheduler/scheduler.h"

namespace laketide {
namespace {

constexpr std::chrono::seconds kStuckStep{30};  // a worker in one step for longer is not alive

/// Puts streams, jobs, pools and the ledger together. Thread-safe.
class StreamEngine final : public Engine {
 public:
  StreamEngine(config::ServiceConfig service, std::unique_ptr<Scheduler> scheduler, std::unique_ptr<Ledger> ledger, std::string job_mark)
      : service_(std::move(service)), scheduler_(std::move(scheduler)), ledger_(std::move(ledger)), streams_(engine_host()),
        jobs_(std::make_unique<Jobs>(jobs_host(std::move(job_mark)))) {
    watch_ = metrics_->watch([this] { return engine_readings(*scheduler_, budgets_, jobs_->counts()); });
  }

  ~StreamEngine() override {
    stopping_ = true;
    jobs_->hold();
    jobs_->cut();
    streams_.end_all(true);
    (void)wait_stopped(std::chrono::steady_clock::now() + std::chrono::seconds(30));
  }

  /// Puts streams and jobs back as the user wanted them.
  Status restore(std::vector<config::PipelineSpec> files, bool start) {
    LT_RETURN_IF_ERROR(streams_.restore(std::move(files), start));
    LT_RETURN_IF_ERROR(jobs_->restore(start));
    ready_ = true;
    return {};
  }

  Result<StreamStatus> start_stream(const StreamRequest& request) override { return streams_.start(request); }
  Result<std::vector<StreamStatus>> stop_streams(const std::string& pipeline, const std::string& topic, bool now, std::chrono::milliseconds wait) override {
    return streams_.stop(pipeline, topic, now, wait);
  }
  Result<StreamStatus> pause_stream(const std::string& pipeline) override { return streams_.pause(pipeline); }
  Result<StreamStatus> resume_stream(const std::string& pipeline) override { return streams_.resume(pipeline); }
  Result<ResetReport> reset_stream(const std::string& pipeline, const std::string& start) override { return streams_.reset(pipeline, start); }
  std::vector<StreamStatus> streams() const override { return streams_.list(); }
  Result<StreamStatus> stream(const std::string& pipeline) const override { return streams_.find(pipeline); }
  Result<std::vector<EpochReceipt>> epochs(const std::string& pipeline, int64_t before, int count_max) const override {
    return streams_.epochs(pipeline, before, count_max);
  }
  Result<std::string> progress(const std::string& pipeline) const override { return streams_.progress(pipeline); }
  std::vector<PipelineInfo> pipelines() const override { return streams_.pipelines(); }
  Result<PipelineInfo> pipeline(const std::string& name) const override { return streams_.pipeline(name); }
  Result<PipelineChange> plan_pipeline(const std::string& name, const std::string& document) const override { return streams_.plan(name, document); }
  Result<PipelineChange> put_pipeline(const std::string& name, const std::string& document) override { return streams_.put(name, document); }
  Status delete_pipeline(const std::string& name) override { return streams_.remove(name); }

  ReloadReport reload(const ConfigSource& source) override {
    ReloadReport report;
    std::vector<config::Problem> problems;
    const auto read = config::load_service(source.file, source.sets, problems);
    std::vector<config::PipelineSpec> files;
    if (read.ok()) {
      take_service(*read, report);
      files = config::load_pipelines(read->pipelines, problems);
    }
    // A file that cannot be read might be any pipeline's: none is taken then.
    if (problems.empty()) streams_.reread(std::move(files), report);
    std::string all;
    for (const auto& problem : problems) all += (all.empty() ? "" : "\n") + problem.to_string();
    if (!problems.empty()) report.problem = Status::user("invalid_config", all, problems.front().field);
    return report;
  }

  Result<JobStatus> submit_job(const JobRequest& request) override {
    if (stopping_) return Status::user("stopping", "the process is stopping; send the request to the next one");
    LT_ASSIGN_OR_RETURN(const JobOffsets offsets, parse_job_offsets(request.start_offset, request.end_offset));
    LT_ASSIGN_OR_RETURN(const auto known, jobs_->known(request));
    if (known) return *known;
    LT_ASSIGN_OR_RETURN(const CatalogEntry pipeline, streams_.resolve_job(request));
    if (!request.allow_repeats) LT_RETURN_IF_ERROR(streams_.refuse_repeats_early(pipeline.spec, offsets));
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
    streams_.end_all(false);
  }

  bool wait_stopped(std::chrono::steady_clock::time_point deadline) override {
    const auto resting = [&] { return jobs_->at_rest() && streams_.at_rest(); };
    if (rested_->wait_until(deadline, resting)) return true;
    streams_.end_all(true);
    jobs_->cut();
    rested_->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(5), resting);
    return false;
  }

 private:
  EngineHost engine_host() { return {&service_, scheduler_.get(), ledger_.get(), metrics_, counters_, budgets_, rested_}; }

  JobsHost jobs_host(std::string mark) {
    JobsHost host{engine_host(), {}, {}};
    host.mark = std::move(mark);
    host.refuse_repeats = [this](const config::PipelineSpec& pipeline, const Ranges& ranges) { return streams_.refuse_repeats(pipeline, ranges); };
    return host;
  }

  /// Takes what can change while the process runs, and tells the rest.
  void take_service(const config::ServiceConfig& read, ReloadReport& report) {
    for (const auto& name : settings_for_restart(service_, read)) report.not_live.push_back(name + " has changed and is taken at the next start of the process");
    config::ServiceConfig known = read;  // pools that were not there at the start have no budget
    std::erase_if(known.pools, [&](const auto& pool) { return !service_.pools.contains(pool.first); });
    if (const Status set = set_pools(known, *scheduler_); !set.ok()) {
      report.not_live.push_back("pools: " + set.to_string());
    } else {
      report.changed.push_back("pools have the shares of the service file");
    }
    if (const Status set = log::configure(read.log_level, read.log_format); !set.ok()) {
      report.not_live.push_back("log: " + set.to_string());
    } else {
      report.changed.push_back("the log's level is " + read.log_level + ", its format " + read.log_format);
    }
  }

  const config::ServiceConfig service_;
  std::shared_ptr<Metrics> metrics_ = make_metrics();
  std::shared_ptr<KeptCounters> counters_ = std::make_shared<KeptCounters>(metrics_);
  const PoolBudgets budgets_ = make_budgets(service_);
  std::unique_ptr<Scheduler> scheduler_;  // outlives the ledger and the runs, whose actors it drives
  std::unique_ptr<Ledger> ledger_;
  std::shared_ptr<Signal> rested_ = std::make_shared<Signal>();
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  Streams streams_;
  std::unique_ptr<Jobs> jobs_;
  std::shared_ptr<void> watch_;
};

}  // namespace

Result<std::unique_ptr<Engine>> make_engine(config::ServiceConfig config, std::vector<config::PipelineSpec> pipelines, bool restore_streams, std::string job_mark) {
  SchedulerOptions options;
  options.workers = config.engine.threads;
  options.quantum = config.engine.quantum;
  auto scheduler = make_scheduler(options);
  LT_RETURN_IF_ERROR(set_pools(config, *scheduler));
  LT_ASSIGN_OR_RETURN(auto ledger, Ledger::open(config.state_dir));
  auto engine = std::make_unique<StreamEngine>(std::move(config), std::move(scheduler), std::move(ledger), std::move(job_mark));
  LT_RETURN_IF_ERROR(engine->restore(std::move(pipelines), restore_streams));
  return std::unique_ptr<Engine>(std::move(engine));
}

}  // namespace laketide
