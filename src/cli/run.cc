#include <chrono>
#include <filesystem>

#include <arrow/util/thread_pool.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/foreground.h"
#include "cli/job_text.h"
#include "config/document_file.h"
#include "config/service_config.h"
#include "engine/held_pipeline.h"
#include "engine/make_engine.h"
#include "http/job_json.h"

namespace laketide::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours kNoDeadline{24 * 365 * 10};  // whoever waits in the foreground is the deadline
/// Before the number in the names of a run's progress: none of the service's jobs has it.
constexpr const char* kJobMark = "run.";

bool is_same_directory(const std::string& left, const std::string& right) {
  std::error_code failed;
  return fs::weakly_canonical(left, failed) == fs::weakly_canonical(right, failed);
}

/// What is to run, and on what. Caller synchronises.
struct Task {
  config::ServiceConfig service;
  config::PipelineSpec pipeline;
};

std::optional<Task> load(const RunOptions& options, const Terminal& terminal) {
  std::vector<config::Problem> problems;
  auto service = config::load_service(options.config.empty() ? default_service_file() : options.config, options.sets, problems);
  const auto text = config::read_text(options.file, problems);
  auto pipeline = text ? config::parse_pipeline(*text, options.file, problems) : Status::user("unreadable", "");
  print_problems(terminal, problems);
  if (!service.ok() || !pipeline.ok()) return std::nullopt;
  pipeline->autostart = false;  // that is about a stream
  return Task{std::move(*service), std::move(*pipeline)};
}

JobRequest request_of(const RunOptions& options, const std::string& pipeline) {
  JobRequest request;
  request.pipeline = pipeline;
  request.start_offset = options.from;
  request.end_offset = options.to;
  request.atomic = !options.no_atomic;
  request.allow_repeats = options.allow_repeats;
  request.deadline = kNoDeadline;
  return request;
}

/// The run that an earlier process left in this state directory; looked at without going on with it.
Result<std::optional<JobStatus>> find_unfinished(const config::ServiceConfig& service) {
  LT_ASSIGN_OR_RETURN(const auto engine, make_engine(service, {}, false, kJobMark));
  for (const JobState state : {JobState::kRunning, JobState::kQueued}) {
    LT_ASSIGN_OR_RETURN(const auto jobs, engine->jobs({state, "", "", 1}));
    if (!jobs.empty()) return std::optional(jobs.front());
  }
  return std::optional<JobStatus>();
}

Status check_same(const JobStatus& unfinished, const RunOptions& options, const std::string& pipeline) {
  const std::string from = options.from.empty() ? "earliest" : options.from;
  const std::string to = options.to.empty() ? "latest" : options.to;
  if (unfinished.pipeline == pipeline && unfinished.start_offset == from && unfinished.end_offset == to) return {};
  return Status::user("unfinished_run", "the state directory holds a run that was not finished: pipeline " + unfinished.pipeline + ", --from '" + unfinished.start_offset + "' --to '" +
                                            unfinished.end_offset + "'; run that to its end first, or give another --state");
}

/// Takes up what is unfinished, else begins. The job's id.
Result<std::string> begin(Engine& engine, const RunOptions& options, const std::string& pipeline, const std::optional<JobStatus>& unfinished, const Terminal& terminal) {
  if (unfinished) {
    terminal.err << "laketide: goes on with the run that was begun at " << unfinished->submitted_at << '\n';
    return unfinished->id;
  }
  LT_ASSIGN_OR_RETURN(const JobStatus job, engine.submit_job(request_of(options, pipeline)));
  return job.id;
}

ExitCode report(const JobStatus& job, const Terminal& terminal) {
  const auto document = http::job_json(job);
  if (terminal.json) {
    terminal.out << document.dump() << '\n';
  } else {
    print_job(document, terminal);
  }
  print_job_failure(document, terminal);
  if (!http::is_final(job.state)) terminal.err << "laketide: interrupted; the same command goes on with it\n";
  if (job.state == JobState::kSucceeded) return ExitCode::kDone;
  return job.error && is_away(job.error->code) ? ExitCode::kUnreachable : ExitCode::kFailed;
}

ExitCode refuse(const Status& problem, const Terminal& terminal) {
  const bool is_about_options = problem.field() == "startOffset" || problem.field() == "endOffset";
  return fail(terminal, problem, is_about_options ? ExitCode::kWrongUse : ExitCode::kRefused);
}

ExitCode run_in(const StateDirectory& state, Task task, const RunOptions& options, const Terminal& terminal) {
  const std::string pipeline = task.pipeline.name;
  task.service.state_dir = state.path();
  std::optional<JobStatus> unfinished;
  if (state.is_given()) {
    auto found = find_unfinished(task.service);
    if (!found.ok()) return refuse(found.status(), terminal);
    unfinished = std::move(*found);
  }
  if (unfinished) {
    if (const Status same = check_same(*unfinished, options, pipeline); !same.ok()) return refuse(same, terminal);
  }
  const Interrupt interrupt;
  std::vector<config::PipelineSpec> pipelines{std::move(task.pipeline)};
  auto engine = make_engine(std::move(task.service), std::move(pipelines), true, kJobMark);
  if (!engine.ok()) return refuse(engine.status(), terminal);
  const auto id = begin(**engine, options, pipeline, unfinished, terminal);
  if (!id.ok()) return refuse(id.status(), terminal);
  const auto job = [&] {
    JobProgress progress(terminal, JobProgress::Plain::kLines);
    return follow_job(**engine, *id, state.is_given(), interrupt, &progress);
  }();
  return job.ok() ? report(*job, terminal) : fail(terminal, job.status(), ExitCode::kFailed);
}

}  // namespace

ExitCode run_pipeline(const RunOptions& options, const Terminal& terminal) {
  auto task = load(options, terminal);
  if (!task) return ExitCode::kRefused;
  // What goes well is on the screen already.
  const std::string level = task->service.log_level == "info" ? "warn" : task->service.log_level;
  if (const Status logging = log::configure(level, task->service.log_format); !logging.ok()) return fail(terminal, logging, ExitCode::kRefused);
  if (!options.state.empty() && is_same_directory(options.state, task->service.state_dir)) {
    terminal.err << "laketide: --state is the state directory of the service; give the run one of its own: " << options.state << '\n';
    return ExitCode::kWrongUse;
  }
  if (const Status held = refuse_held(task->service.state_dir, task->pipeline.name); !held.ok()) return fail(terminal, held, ExitCode::kRefused);
  if (const arrow::Status set = arrow::SetCpuThreadPoolCapacity(1); !set.ok()) {
    return fail(terminal, Status::internal("arrow", set.ToString()), ExitCode::kFailed);
  }
  const StateDirectory state(options.state);
  if (state.path().empty()) return fail(terminal, Status::user("state_dir", "no directory can be made in the system's temporary directory; give one with --state"), ExitCode::kRefused);
  return run_in(state, std::move(*task), options, terminal);
}

}  // namespace laketide::cli
