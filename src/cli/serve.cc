#include <chrono>
#include <cstdlib>

#include <arrow/util/thread_pool.h>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/supervisor.h"
#include "config/service_config.h"
#include "engine/make_engine.h"
#include "http/server.h"
#include "laketide/version.h"

namespace laketide::cli {
namespace {

http::ServerOptions server_options(const config::ServerConfig& config) {
  http::ServerOptions options;
  options.listen = config.listen;
  options.probe_listen = config.probe_listen;
  options.token_file = config.token_file;
  options.allow_unauthenticated = config.allow_unauthenticated;
  options.handle_signals = true;
  // Whoever signals twice does not want to wait. Ending so is safe: what was not committed is read again.
  options.on_impatience = [] { std::_Exit(static_cast<int>(ExitCode::kFailed)); };
  return options;
}

/// Until all has drained and committed, or the deadline.
void drain(Engine& engine, std::chrono::milliseconds deadline) {
  const bool committed = engine.wait_stopped(std::chrono::steady_clock::now() + deadline);
  if (committed) {
    log::info("stopped; everything read is committed");
  } else {
    log::warn("stopped at the deadline; open epochs were given up and are read again at the next start",
              {{"stop_deadline_ms", static_cast<int64_t>(deadline.count())}});
  }
}

/// On SIGHUP: takes what can change while the process runs, and says what cannot. Fails if the files were refused.
Status reload(const ConfigSource& source, Engine& engine, http::Server& server) {
  log::info("reading the files again");
  const ReloadReport report = engine.reload(source);
  if (!report.problem.ok()) log::error("the files were refused, and what they held before holds", {{"reason", report.problem.detail()}});
  for (const std::string& what : report.changed) log::info("reload", {{"changed", what}});
  for (const std::string& what : report.not_live) log::warn("reload: not taken", {{"what", what}});
  if (const Status tokens = server.reload_tokens(); !tokens.ok()) log::error("reload: the tokens stay as they were", {{"reason", tokens.to_string()}});
  log::info("the files were read again", {{"changed", static_cast<int64_t>(report.changed.size())}, {"not_taken", static_cast<int64_t>(report.not_live.size())}});
  return report.problem;
}

ExitCode run(const config::ServiceConfig& config, std::vector<config::PipelineSpec> pipelines, bool restore, const ConfigSource& source,
             const Terminal& terminal) {
  // Columns are worked on by the scheduler's threads. Nothing is given to Arrow's own; should something be, one thread does it.
  if (const arrow::Status set = arrow::SetCpuThreadPoolCapacity(1); !set.ok()) {
    return fail(terminal, Status::internal("arrow", set.ToString()), ExitCode::kFailed);
  }
  // Bound first: from here on /health answers, however long the rest takes.
  Result<std::unique_ptr<http::Server>> server = http::make_server(server_options(config.server));
  if (!server.ok()) return fail(terminal, server.status(), ExitCode::kRefused);
  Result<std::unique_ptr<Engine>> made = make_engine(config, std::move(pipelines), restore);
  if (!made.ok()) return fail(terminal, made.status(), ExitCode::kRefused);
  const std::shared_ptr<Engine> engine = std::move(*made);
  (*server)->attach(engine);
  Supervisor supervisor(supervisor_of_environment());
  while (!(*server)->wait_for_stop(supervisor.look(*engine))) {
    if (!(*server)->take_reload_wish()) continue;
    supervisor.reloading();
    supervisor.reloaded(reload(source, *engine, **server));
  }
  supervisor.stopping();
  drain(*engine, config.server.stop_deadline);
  server->reset();
  return ExitCode::kDone;
}

}  // namespace

ExitCode serve(const ServeOptions& options, const Terminal& terminal) {
  const std::string file = options.config.empty() ? default_service_file() : options.config;
  std::vector<config::Problem> problems;
  const Result<config::ServiceConfig> config = config::load_service(file, options.sets, problems);
  std::vector<config::PipelineSpec> pipelines;
  if (config.ok()) pipelines = config::load_pipelines(config->pipelines, problems);
  if (!problems.empty()) {
    print_problems(terminal, problems);
    return ExitCode::kRefused;
  }
  if (const Status logging = log::configure(config->log_level, config->log_format); !logging.ok()) return fail(terminal, logging, ExitCode::kRefused);
  log::info("laketide is starting", {{"version", version()}, {"commit", commit()}, {"config", file.empty() ? "none: defaults" : file},
                                     {"pipelines", static_cast<int64_t>(pipelines.size())}});
  return run(*config, std::move(pipelines), !options.paused, {file, options.sets}, terminal);
}

}  // namespace laketide::cli
