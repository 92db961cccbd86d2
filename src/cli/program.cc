#include "cli/program.h"

#include <functional>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "cli/commands.h"
#include "laketide/version.h"

namespace laketide::cli {
namespace {

/// What the options say, for all commands together: only one of them runs. Confined to its task.
struct Words {
  std::string output = "text";
  ServeOptions serve;
  ProbeOptions probe;
  std::vector<std::string> files;
  RunOptions run;
  ProduceOptions produce;
  RemoteOptions remote;
  StreamChoice stream;
  JobChoice job;
  PoolChoice pool;
  TableChoice table;
  std::function<ExitCode(const Terminal&)> command;
};

CLI::App* add_command(CLI::App& parent, Words& words, const std::string& name, const std::string& description, const std::string& examples,
                      std::function<ExitCode(const Terminal&)> command) {
  CLI::App* app = parent.add_subcommand(name, description);
  if (!examples.empty()) app->footer("Examples:\n" + examples);
  app->add_option("-o,--output", words.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  app->callback([&words, command = std::move(command)] { words.command = command; });
  return app;
}

void add_remote_options(CLI::App& app, Words& words) {
  app.add_option("--url", words.remote.url, "the service")->envname("LAKETIDE_URL")->capture_default_str();
  app.add_option("--token-file", words.remote.token_file, "file with a token; without it LAKETIDE_TOKEN of the environment");
}

void add_serve(CLI::App& app, Words& words) {
  CLI::App* serve_app = add_command(app, words, "serve", "Run the service in the foreground; SIGTERM and Ctrl-C drain and end it",
                                    "  laketide serve\n"
                                    "  laketide serve --config /etc/laketide/laketide.yaml\n"
                                    "  laketide serve --set server.listen=127.0.0.1:9090 --set kafka.brokers=broker:9092",
                                    [&words](const Terminal& terminal) { return serve(words.serve, terminal); });
  serve_app->add_option("--config", words.serve.config, "service file; default conf/laketide.yaml, then /etc/laketide/laketide.yaml");
  serve_app->add_option("--set", words.serve.sets, "section.key=value over the file and the environment; may be given again")->take_all();
  serve_app->add_flag("--paused", words.serve.paused, "start no stream that ran before");
}

void add_probe(CLI::App& app, Words& words) {
  CLI::App* probe_app = add_command(app, words, "probe", "Whether the service of this machine's configuration is alive; for health checks",
                                    "  laketide probe\n"
                                    "  laketide probe --ready --config /etc/laketide/laketide.yaml",
                                    [&words](const Terminal& terminal) { return probe(words.probe, terminal); });
  probe_app->add_option("--config", words.probe.config, "service file, as of serve: its probe_listen, else its listen, is asked");
  probe_app->add_option("--set", words.probe.sets, "section.key=value, as of serve")->take_all();
  probe_app->add_flag("--ready", words.probe.ready, "whether it is ready, not only alive");
}

void add_check(CLI::App& app, Words& words) {
  add_command(app, words, "check", "Check service and pipeline files; print each pipeline's plan",
              "  laketide check conf/laketide.yaml\n"
              "  laketide check -o json conf/pipelines/*.yaml",
              [&words](const Terminal& terminal) { return check(words.files, terminal); })
      ->add_option("FILE", words.files, "service or pipeline files")
      ->required();
}

void add_run(CLI::App& app, Words& words) {
  CLI::App* run = add_command(app, words, "run", "Run one pipeline over a range of offsets in the foreground, without the service",
                              "  laketide run backfill.yaml\n"
                              "  laketide run backfill.yaml --from 2026-01-01T00:00:00Z --to '{\"0\":500}'\n"
                              "  laketide run backfill.yaml --state backfill.state --no-atomic\n"
                              "Its progress is its own: no stream or job of the service goes on from it. A pipeline that the service of state.dir works on is refused.\n"
                              "Ctrl-C: nothing becomes visible; with --state the same command goes on.",
                              [&words](const Terminal& terminal) { return run_pipeline(words.run, terminal); });
  run->add_option("PIPELINE.yaml", words.run.file, "a pipeline document")->required();
  run->add_option("--from", words.run.from, "earliest (default), offsets as JSON, an ISO time, milliseconds, resume, or sink:max(column)");
  run->add_option("--to", words.run.to, "latest (default), offsets as JSON, an ISO time or milliseconds; exclusive");
  run->add_option("--config", words.run.config, "service file; default conf/laketide.yaml, then /etc/laketide/laketide.yaml");
  run->add_option("--set", words.run.sets, "section.key=value over the file and the environment; may be given again")->take_all();
  run->add_option("--state", words.run.state, "directory of what the run remembers: a crashed one is taken up again; default: a temporary one");
  run->add_flag("--no-atomic", words.run.no_atomic, "commit as it goes instead of once at the end");
  run->add_flag("--allow-repeats", words.run.allow_repeats, "with sink:max also into a table without a key");
}

void add_produce(CLI::App& app, Words& words) {
  CLI::App* produce_app = add_command(app, words, "produce", "Write generated JSON events into a topic, until Ctrl-C or --count",
                                      "  laketide produce --topic events\n"
                                      "  laketide produce --topic events --rate 10000 --count 1000000 --seed 7",
                                      [&words](const Terminal& terminal) { return produce(words.produce, terminal); });
  produce_app->add_option("--topic", words.produce.topic, "where to")->required();
  produce_app->add_option("--rate", words.produce.rate, "events per second; 0: as fast as it goes")->check(CLI::NonNegativeNumber)->capture_default_str();
  produce_app->add_option("--count", words.produce.count, "stop after so many")->check(CLI::NonNegativeNumber);
  produce_app->add_option("--seed", words.produce.seed, "the same seed, the same values");
  produce_app->add_option("--brokers", words.produce.brokers, "host:port[,host:port]; default kafka.brokers of the service file");
  produce_app->add_option("--config", words.produce.config, "service file; default as for serve");
}

void add_stream(CLI::App& app, Words& words) {
  CLI::App* stream = app.add_subcommand("stream", "Streams of a running service");
  stream->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, const char* examples, ExitCode (*command)(const RemoteOptions&, const StreamChoice&, const Terminal&)) {
    CLI::App* one = add_command(*stream, words, name, description, examples,
                                [&words, command](const Terminal& terminal) { return command(words.remote, words.stream, terminal); });
    add_remote_options(*one, words);
    return one;
  };
  CLI::App* start = add("start", "Start a stream", "  laketide stream start sensor-averages\n  laketide stream start --topic events\n  laketide stream start --file pipeline.yaml", stream_start);
  start->add_option("PIPELINE", words.stream.pipeline, "a pipeline known by name");
  start->add_option("--topic", words.stream.topic, "the pipeline of this topic, or the implicit one");
  start->add_option("--file", words.stream.file, "a pipeline document");
  CLI::App* stop = add("stop", "Stop one stream, those of a topic, or all, and wait until they have drained",
                       "  laketide stream stop\n  laketide stream stop sensor-averages --now\n"
                       "Exit 0: what was read is committed (with --now: given up). 1: still draining after half a minute, or failed over it.", stream_stop);
  stop->add_option("PIPELINE", words.stream.pipeline, "only this one");
  stop->add_option("--topic", words.stream.topic, "only those that read this topic");
  stop->add_flag("--now", words.stream.now, "give the open epoch up instead of committing it");
  add("show", "One stream and its partitions", "  laketide stream show sensor-averages", stream_show)->add_option("PIPELINE", words.stream.pipeline, "its name")->required();
  CLI::App* epochs = add("epochs", "Receipts of the last committed epochs", "  laketide stream epochs sensor-averages --limit 5", stream_epochs);
  epochs->add_option("PIPELINE", words.stream.pipeline, "its name")->required();
  epochs->add_option("--limit", words.stream.limit, "how many")->check(CLI::Range(1, 1000))->capture_default_str();
  CLI::App* list = add_command(*stream, words, "list", "All streams", "  laketide stream list -o json",
                               [&words](const Terminal& terminal) { return stream_list(words.remote, terminal); });
  add_remote_options(*list, words);
}

void add_batch_run(CLI::App& batch, Words& words) {
  CLI::App* run = add_command(batch, words, "run", "Run a pipeline over a range of offsets, once",
                              "  laketide batch run --topic events\n"
                              "  laketide batch run --topic events --start '{\"0\":100}' --end '{\"0\":500}' --wait\n"
                              "  laketide batch run --pipeline sensor-averages --start 2026-01-01T00:00:00Z --wait 10m\n"
                              "  laketide batch run --file backfill.yaml --no-atomic --idempotency-key backfill-7\n"
                              "With --wait exit 0 means SUCCEEDED; 1 FAILED, CANCELLED, or not over in time, when it goes on.",
                              [&words](const Terminal& terminal) { return batch_run(words.remote, words.job, terminal); });
  run->add_option("--topic", words.job.topic, "the pipeline of this topic, or the implicit one");
  run->add_option("--pipeline", words.job.pipeline, "a pipeline known by name");
  run->add_option("--file", words.job.file, "a pipeline document");
  run->add_option("--start", words.job.start, "earliest (default), offsets as JSON, an ISO time, milliseconds, resume, or sink:max(column)");
  run->add_option("--end", words.job.end, "latest (default), offsets as JSON, an ISO time or milliseconds; exclusive");
  run->add_option("--pool", words.job.pool, "the share of the engine it uses");
  run->add_flag("--no-atomic", words.job.no_atomic, "commit as it goes instead of once at the end");
  run->add_flag("--allow-repeats", words.job.allow_repeats, "also into a table that has these ranges already");
  run->add_option("--idempotency-key", words.job.idempotency_key, "the same key within 24 h is the same job");
  run->add_option("--deadline", words.job.deadline, "give up after this, such as 10m");
  run->add_option_function<std::vector<std::string>>("--wait", [&words](const std::vector<std::string>& given) { words.job.wait = given.empty() ? "" : given[0]; },
                                                     "wait for its end, at most so long if a duration is given")
      ->expected(0, 1)
      ->type_name("[DURATION]");
  add_remote_options(*run, words);
}

void add_batch(CLI::App& app, Words& words) {
  CLI::App* batch = app.add_subcommand("batch", "Batch jobs of a running service");
  batch->require_subcommand(1);
  add_batch_run(*batch, words);
  const auto add = [&](const char* name, const char* description, const char* examples, ExitCode (*command)(const RemoteOptions&, const JobChoice&, const Terminal&)) {
    CLI::App* one = add_command(*batch, words, name, description, examples,
                                [&words, command](const Terminal& terminal) { return command(words.remote, words.job, terminal); });
    add_remote_options(*one, words);
    return one;
  };
  const char* job_id = "as `batch run` and `batch list` show it";
  add("status", "One job; exit 1 if it FAILED", "  laketide batch status ID\n  laketide batch status ID -o json", batch_status)->add_option("ID", words.job.id, job_id)->required();
  CLI::App* list = add("list", "Jobs, newest first", "  laketide batch list\n  laketide batch list --status failed --pipeline events --limit 5", batch_list);
  list->add_option("--status", words.job.status, "only those in this state")
      ->check(CLI::IsMember({"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"}, CLI::ignore_case));
  list->add_option("--pipeline", words.job.pipeline, "only those of this pipeline");
  list->add_option("--before", words.job.before, "only those older than the job of this id");
  list->add_option("--limit", words.job.limit, "how many")->check(CLI::Range(1, 1000))->capture_default_str();
  add("cancel", "End a job: nothing of it becomes visible", "  laketide batch cancel ID", batch_cancel)->add_option("ID", words.job.id, job_id)->required();
  add("receipt", "What a job committed, and where", "  laketide batch receipt ID", batch_receipt)->add_option("ID", words.job.id, job_id)->required();
}

void add_pool(CLI::App& app, Words& words) {
  CLI::App* pool = app.add_subcommand("pool", "The shares of the engine");
  pool->require_subcommand(1);
  CLI::App* list = add_command(*pool, words, "list", "All pools and what they get", "  laketide pool list",
                               [&words](const Terminal& terminal) { return pool_list(words.remote, terminal); });
  add_remote_options(*list, words);
  CLI::App* set = add_command(*pool, words, "set", "Change a pool until SIGHUP or restart",
                              "  laketide pool set batch-pool --weight 2\n"
                              "  laketide pool set batch-pool --min-share 0.5 --max-share none",
                              [&words](const Terminal& terminal) { return pool_set(words.remote, words.pool, terminal); });
  set->add_option("NAME", words.pool.name, "the pool")->required();
  set->add_option("--weight", words.pool.weight, "its part of what all pools want");
  set->add_option("--min-share", words.pool.min_share, "cores it gets if it has work");
  set->add_option("--max-share", words.pool.max_share, "cores it never exceeds; none: no limit");
  add_remote_options(*set, words);
}

void add_table(CLI::App& app, Words& words) {
  CLI::App* table = app.add_subcommand("table", "Look into a Delta table or a directory of Parquet files");
  table->require_subcommand(1);
  const auto add = [&](const char* name, const char* description, const char* examples, ExitCode (*command)(const TableChoice&, const Terminal&)) {
    CLI::App* one = add_command(*table, words, name, description, examples, [&words, command](const Terminal& terminal) { return command(words.table, terminal); });
    one->add_option("PATH", words.table.path, "the table's folder")->required();
    return one;
  };
  CLI::App* show = add("show", "Columns, version, rows and files", "  laketide table show data/lake/events --version 3", table_show);
  show->add_option("--version", words.table.version, "as it was; default: the newest")->check(CLI::NonNegativeNumber);
  CLI::App* log = add("log", "Commits, newest first", "  laketide table log data/lake/events --limit 5", table_log);
  log->add_option("--limit", words.table.limit, "how many; default: all")->check(CLI::NonNegativeNumber);
  CLI::App* cat = add("cat", "Rows as CSV, or as JSON lines with -o json",
                      "  laketide table cat data/lake/events --limit 10\n  laketide table cat -o json data/lake/events > events.jsonl", table_cat);
  cat->add_option("--version", words.table.version, "as it was; default: the newest")->check(CLI::NonNegativeNumber);
  cat->add_option("--limit", words.table.limit, "how many; default: all")->check(CLI::NonNegativeNumber);
  add("verify", "Compare every file with what the log says of it; exit 1 if something is wrong", "  laketide table verify data/lake/events", table_verify);
}

void add_service(CLI::App& app, Words& words) {
  CLI::App* status = add_command(app, words, "status", "Whether the service is ready, its streams, the jobs that run, and the pools' shares", "  laketide status --url http://127.0.0.1:8080",
                                 [&words](const Terminal& terminal) { return service_status(words.remote, terminal); });
  add_remote_options(*status, words);
  CLI::App* stop = add_command(app, words, "stop", "Stop the service: streams drain and commit", "  laketide stop",
                               [&words](const Terminal& terminal) { return service_stop(words.remote, terminal); });
  add_remote_options(*stop, words);
  add_command(app, words, "version", "Versions of this program and its libraries", "", version_report);
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, Screen screen) {
  CLI::App app("Laketide: Kafka streams into Delta Lake and PostgreSQL, exactly once.", "laketide");
  app.footer("Exit codes: 0 done, 1 the work failed, 2 wrong use, 3 configuration refused, 4 a dependency could not be reached.");
  app.require_subcommand(1);
  app.set_version_flag("--version", version());
  Words words;
  add_serve(app, words);
  add_probe(app, words);
  add_check(app, words);
  add_run(app, words);
  add_produce(app, words);
  add_table(app, words);
  add_stream(app, words);
  add_batch(app, words);
  add_pool(app, words);
  add_service(app, words);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return app.exit(error, out, err) == 0 ? 0 : static_cast<int>(ExitCode::kWrongUse);
  }
  return static_cast<int>(words.command(Terminal{out, err, words.output == "json", screen}));
}

}  // namespace laketide::cli
