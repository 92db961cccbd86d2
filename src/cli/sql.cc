#include "cli/sql.h"

#include <chrono>

#include <arrow/util/thread_pool.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "cli/foreground.h"
#include "cli/query_inputs.h"
#include "config/service_config.h"
#include "engine/make_engine.h"

namespace laketide::cli {
namespace {

using Document = nlohmann::json;

constexpr const char* kName = "sql";      // of the pipeline, in messages
constexpr const char* kOrigin = "laketide sql";
constexpr const char* kJobMark = "sql.";
constexpr std::chrono::hours kNoDeadline{24 * 365 * 10};
constexpr int64_t kRowsMax = 1'000'000'000;
/// Small epochs: rows are on the screen soon, and few wait in memory.
constexpr std::chrono::milliseconds kEpoch{200};
constexpr int64_t kEpochBytes = 16 << 20;

/// The query as a pipeline. What cannot be read is counted, not kept: nothing shall be left behind.
Result<std::string> document_of(const SqlOptions& options) {
  Document document, sink;
  LT_RETURN_IF_ERROR(add_inputs(options, document));
  sink["console"]["format"] = options.output == "table" ? "plain" : options.output;
  sink["console"]["rows"] = kRowsMax;
  document["name"] = kName;
  document["sql"] = options.query;
  document["output_mode"] = "complete";
  document["state"] = "unbounded";  // all there is to come has come when it ends
  document["bad_records"]["policy"] = "drop";
  document["bad_records"]["max_ratio"] = "100%";
  document["trigger"]["epoch"] = std::to_string(kEpoch.count()) + "ms";
  document["sinks"] = Document::array({sink});
  return document.dump(-1, ' ', false, Document::error_handler_t::replace);
}

bool is_about_query(const std::string& code) { return code.starts_with("sql_") || code == "bad_output_mode"; }

ExitCode code_of(const JobError& error) {
  if (is_away(error.code)) return ExitCode::kUnreachable;
  return is_about_query(error.code) ? ExitCode::kWrongUse : ExitCode::kFailed;
}

/// One attempt: rows are printed as they come, or, for a query that remembers, at its end.
Result<JobStatus> run_query(const config::ServiceConfig& service, const config::PipelineSpec& pipeline, bool as_it_goes, const Interrupt& interrupt) {
  LT_ASSIGN_OR_RETURN(const auto engine, make_engine(service, {pipeline}, true, kJobMark));
  JobRequest request;
  request.pipeline = pipeline.name;
  request.atomic = !as_it_goes;
  request.deadline = kNoDeadline;
  LT_ASSIGN_OR_RETURN(const JobStatus job, engine->submit_job(request));
  return follow_job(*engine, job.id, false, interrupt, nullptr);
}

ExitCode report(const JobStatus& job, const SqlOptions& options, const Terminal& terminal) {
  if (job.quarantined > 0) {
    terminal.err << "laketide: " << job.quarantined << " of " << job.rows_in << " records could not be read or computed and are left out; a pipeline keeps them in quarantine, with the reason\n";
  }
  if (job.state == JobState::kSucceeded) {
    if (job.rows_out == 0 && options.output == "table") terminal.out << "(0 rows)\n";
    return ExitCode::kDone;
  }
  if (!job.error) {
    terminal.err << "laketide: interrupted\n";
    return ExitCode::kFailed;
  }
  if (job.error->code == "output_closed") return ExitCode::kDone;  // as in `laketide sql … | head`
  terminal.err << "laketide: " << job.error->detail << " (" << job.error->code << ")\n";
  return code_of(*job.error);
}

ExitCode refuse(const Status& problem, const Terminal& terminal) {
  return fail(terminal, problem, is_about_query(std::string(problem.code())) ? ExitCode::kWrongUse : ExitCode::kRefused);
}

}  // namespace

ExitCode run_sql(const SqlOptions& options, const Terminal& terminal) {
  const auto document = document_of(options);
  if (!document.ok()) return fail(terminal, document.status(), ExitCode::kWrongUse);
  std::vector<config::Problem> problems;
  auto service = config::load_service(options.config.empty() ? default_service_file() : options.config, options.sets, problems);
  auto pipeline = config::parse_pipeline(*document, kOrigin, problems);
  print_problems(terminal, problems);
  if (!service.ok()) return ExitCode::kRefused;
  if (!pipeline.ok()) return ExitCode::kWrongUse;
  if (const Status logging = log::configure("error", service->log_format); !logging.ok()) return fail(terminal, logging, ExitCode::kRefused);
  if (const arrow::Status set = arrow::SetCpuThreadPoolCapacity(1); !set.ok()) return fail(terminal, Status::internal("arrow", set.ToString()), ExitCode::kFailed);
  const StateDirectory state("");
  if (state.path().empty()) return fail(terminal, Status::user("state_dir", "no directory can be made in the system's temporary directory"), ExitCode::kRefused);
  service->state_dir = state.path();
  service->lake_root = state.path() + "/lake";
  service->stream_defaults.epoch_bytes = kEpochBytes;
  service->batch_defaults.attempts = 1;  // whoever waits can ask again
  const Interrupt interrupt;
  auto job = run_query(*service, *pipeline, true, interrupt);
  // A query that remembers has one answer, at its end; nothing was printed yet.
  if (job.ok() && job->error && job->error->code == "unsupported" && job->rows_in == 0) job = run_query(*service, *pipeline, false, interrupt);
  return job.ok() ? report(*job, options, terminal) : refuse(job.status(), terminal);
}

}  // namespace laketide::cli
