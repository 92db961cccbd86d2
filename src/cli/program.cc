#include "cli/program.h"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include <CLI/CLI.hpp>

#include "base/nearest_name.h"
#include "cli/commands.h"
#include "cli/man_page.h"
#include "cli/sql.h"
#include "config/reference.h"
#include "laketide/version.h"

namespace laketide::cli {
namespace {

/// What the options say, for all commands together: only one of them runs. Confined to its task.
struct Words {
  std::string output = "text";
  ServeOptions serve;
  ProbeOptions probe;
  CheckOptions check;
  RunOptions run;
  SqlOptions sql;
  ProduceOptions produce;
  RemoteOptions remote;
  StreamChoice stream;
  JobChoice job;
  PipelineChoice pipeline;
  PoolChoice pool;
  TableChoice table;
  std::function<ExitCode(const Terminal&)> command;
};

/// How a command is called and described; of `examples` the indented lines are what to type. Immutable.
struct Described {
  const char* name;
  const char* description;
  const char* examples;
};

constexpr const char* kFrom = "earliest (default), offsets as JSON, an ISO time, milliseconds, resume, or sink:max(column)";
constexpr const char* kTo = "latest (default), offsets as JSON, an ISO time or milliseconds; exclusive";

CLI::App* add_group(CLI::App& parent, const Described& described) {
  CLI::App* app = parent.add_subcommand(described.name, described.description);
  app->footer(std::string("Examples:\n") + described.examples);
  app->require_subcommand(1);
  return app;
}

CLI::App* add_command(CLI::App& parent, Words& words, const Described& described, std::function<ExitCode(const Terminal&)> command) {
  CLI::App* app = parent.add_subcommand(described.name, described.description);
  app->footer(std::string("Examples:\n") + described.examples);
  app->callback([&words, command = std::move(command)] { words.command = command; });
  return app;
}

CLI::App* add_printing(CLI::App& parent, Words& words, const Described& described, std::function<ExitCode(const Terminal&)> command) {
  CLI::App* app = add_command(parent, words, described, std::move(command));
  app->add_option("-o,--output", words.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  return app;
}

void add_remote_options(CLI::App& app, Words& words) {
  app.add_option("--url,--server", words.remote.url, "the service")->envname("LAKETIDE_URL")->capture_default_str();
  app.add_option("--token-file", words.remote.token_file, "file with a token; without it LAKETIDE_TOKEN of the environment");
}

/// A call of the running service, told what `choice` says when it is made.
template <typename Choice>
CLI::App* add_remote(CLI::App& parent, Words& words, const Described& described, const Choice& choice,
                     ExitCode (*command)(const RemoteOptions&, const Choice&, const Terminal&)) {
  CLI::App* app = add_printing(parent, words, described, [&words, &choice, command](const Terminal& terminal) { return command(words.remote, choice, terminal); });
  add_remote_options(*app, words);
  return app;
}

CLI::App* add_remote(CLI::App& parent, Words& words, const Described& described, ExitCode (*command)(const RemoteOptions&, const Terminal&)) {
  CLI::App* app = add_printing(parent, words, described, [&words, command](const Terminal& terminal) { return command(words.remote, terminal); });
  add_remote_options(*app, words);
  return app;
}

void add_service_file(CLI::App& app, std::string& config, std::vector<std::string>* sets) {
  app.add_option("--config", config, "service file; default conf/laketide.yaml, then /etc/laketide/laketide.yaml");
  if (sets == nullptr) return;
  app.add_option("--set", *sets, "section.key=value over the file and the environment; may be given again")->take_all()->allow_extra_args(false);
}

void add_serve(CLI::App& app, Words& words) {
  CLI::App* serve_app = add_command(app, words, {"serve", "Run the service in the foreground; SIGTERM and Ctrl-C drain and end it",
                                                 "  laketide serve\n"
                                                 "  laketide serve --config /etc/laketide/laketide.yaml\n"
                                                 "  laketide serve --set server.listen=127.0.0.1:9090 --set kafka.brokers=broker:9092"},
                                    [&words](const Terminal& terminal) { return serve(words.serve, terminal); });
  add_service_file(*serve_app, words.serve.config, &words.serve.sets);
  serve_app->add_flag("--paused", words.serve.paused, "start no stream that ran before");
}

void add_probe(CLI::App& app, Words& words) {
  CLI::App* probe_app = add_printing(app, words, {"probe", "Whether the service of this machine's configuration is alive; for health checks",
                                                 "  laketide probe\n"
                                                 "  laketide probe --ready --config /etc/laketide/laketide.yaml"},
                                    [&words](const Terminal& terminal) { return probe(words.probe, terminal); });
  add_service_file(*probe_app, words.probe.config, &words.probe.sets);
  probe_app->add_flag("--ready", words.probe.ready, "whether it is ready, not only alive");
}

void add_check(CLI::App& app, Words& words) {
  CLI::App* check_app = add_printing(app, words, {"check", "Check service and pipeline files; print each pipeline's plan",
                                                  "  laketide check conf/laketide.yaml\n"
                                                  "  laketide check -o json conf/pipelines/*.yaml\n"
                                                  "  laketide check --connect conf/laketide.yaml new-pipeline.yaml\n"
                                                  "Every problem is shown with file:line:column. Exit 0: none. 3: at least one. 4: with --connect, a server could not be reached."},
                                     [&words](const Terminal& terminal) { return check(words.check, terminal); });
  check_app->add_option("FILE", words.check.files, "service or pipeline files")->required();
  check_app->add_flag("--connect", words.check.connect, "also reach the Kafka brokers, the topics and the PostgreSQL servers that the files name");
}

void add_run(CLI::App& app, Words& words) {
  CLI::App* run = add_printing(app, words, {"run", "Run one pipeline over a range of offsets in the foreground, without the service",
                                            "  laketide run backfill.yaml\n"
                                            "  laketide run backfill.yaml --from 2026-01-01T00:00:00Z --to '{\"0\":500}'\n"
                                            "  laketide run backfill.yaml --state backfill.state --no-atomic\n"
                                            "Its progress is its own: no stream or job of the service goes on from it. A pipeline that the service of state.dir works on is refused.\n"
                                            "Ctrl-C: nothing becomes visible; with --state the same command goes on."},
                               [&words](const Terminal& terminal) { return run_pipeline(words.run, terminal); });
  run->add_option("PIPELINE.yaml", words.run.file, "a pipeline document")->required();
  run->add_option("--from,--start", words.run.from, kFrom);
  run->add_option("--to,--end", words.run.to, kTo);
  add_service_file(*run, words.run.config, &words.run.sets);
  run->add_option("--state", words.run.state, "directory of what the run remembers: a crashed one is taken up again; default: a temporary one");
  run->add_flag("--no-atomic", words.run.no_atomic, "commit as it goes instead of once at the end");
  run->add_flag("--allow-repeats", words.run.allow_repeats, "with sink:max also into a table without a key");
}

void add_sql(CLI::App& app, Words& words) {
  CLI::App* sql = add_command(app, words, {"sql", "Run a query over topics, Delta tables and files, once, and print its rows",
                                           "  laketide sql 'SELECT id, avg(value) FROM events GROUP BY id' --topic events\n"
                                           "  laketide sql 'SELECT * FROM orders WHERE total > 100' --table data/lake/orders -o csv > large.csv\n"
                                           "  laketide sql 'SELECT count(*) FROM source' --file 'in/2026-*.csv' -o json\n"
                                           "  laketide sql 'SELECT o.id, u.name FROM orders o JOIN users u ON u.id = o.user_id' --table data/lake/orders --file users=in/u.csv\n"
                                           "An input's name in SQL is its own, without folder and ending (input for a pattern), or the one in front of it, as in --table old=data/lake/orders; source\n"
                                           "names the only one too. A query reads what there is when it begins, and needs no running service. Exit 0: all rows are printed. 1: the work failed. 2: the\n"
                                           "query is wrong. 4: no broker."},
                              [&words](const Terminal& terminal) { return run_sql(words.sql, terminal); });
  const auto add_words = [&](const char* name, std::vector<std::string>& into, const char* description) {
    sql->add_option(name, into, description)->take_all()->allow_extra_args(false);
  };
  sql->add_option("QUERY", words.sql.query, "a SELECT")->required();
  add_words("--topic", words.sql.topics, "a Kafka topic of JSON records, [name=]topic; may be given again");
  add_words("--table", words.sql.tables, "folder of a Delta table, [name=]folder; may be given again");
  add_words("--file", words.sql.files, "Parquet, CSV or JSON files: [name=] and a name, a folder, or a pattern in quotes; may be given again");
  sql->add_option("-o,--output", words.sql.output, "table, csv or json (an object a line)")->check(CLI::IsMember({"table", "csv", "json"}))->capture_default_str();
  add_words("--version", words.sql.versions, "of the table, or name=version; default: the newest");
  add_words("--schema", words.sql.schemas, "columns as in CREATE TABLE, or name=columns; default: learnt from the first records");
  add_words("--format", words.sql.formats, "of the files, or name=format: parquet, csv or json; default: by the name's end");
  add_words("--delimiter", words.sql.delimiters, "between the values of a CSV file, or name=delimiter; default: a comma");
  sql->add_flag("--no-header", words.sql.no_header, "the first line of a CSV file is a record; columns are column1, column2 and so on");
  sql->add_option("--brokers", words.sql.brokers, "host:port[,host:port]; default kafka.brokers of the service file");
  add_service_file(*sql, words.sql.config, &words.sql.sets);
}

void add_produce(CLI::App& app, Words& words) {
  CLI::App* produce_app = add_printing(app, words, {"produce", "Write generated JSON events into a topic, until Ctrl-C or --count",
                                                    "  laketide produce --topic events\n"
                                                    "  laketide produce --topic events --rate 10000 --count 1000000 --seed 7"},
                                       [&words](const Terminal& terminal) { return produce(words.produce, terminal); });
  produce_app->add_option("--topic", words.produce.topic, "where to")->required();
  produce_app->add_option("--rate", words.produce.rate, "events per second; 0: as fast as it goes")->check(CLI::NonNegativeNumber)->capture_default_str();
  produce_app->add_option("--count", words.produce.count, "stop after so many")->check(CLI::NonNegativeNumber);
  produce_app->add_option("--seed", words.produce.seed, "the same seed, the same values");
  produce_app->add_option("--brokers", words.produce.brokers, "host:port[,host:port]; default kafka.brokers of the service file");
  add_service_file(*produce_app, words.produce.config, nullptr);
}

void add_stream(CLI::App& app, Words& words) {
  CLI::App* stream = add_group(app, {"stream", "Streams of a running service", "  laketide stream start --topic events\n  laketide stream list"});
  const auto add = [&](const Described& described, ExitCode (*command)(const RemoteOptions&, const StreamChoice&, const Terminal&)) {
    return add_remote(*stream, words, described, words.stream, command);
  };
  const auto add_named = [&](const Described& described, ExitCode (*command)(const RemoteOptions&, const StreamChoice&, const Terminal&)) {
    CLI::App* one = add(described, command);
    one->add_option("PIPELINE", words.stream.pipeline, "its name")->required();
    return one;
  };
  CLI::App* start = add({"start", "Start a stream", "  laketide stream start sensor-averages\n  laketide stream start --topic events\n  laketide stream start --file pipeline.yaml"}, stream_start);
  start->add_option("PIPELINE", words.stream.pipeline, "a pipeline known by name");
  start->add_option("--topic", words.stream.topic, "the pipeline of this topic, or the implicit one");
  start->add_option("--file", words.stream.file, "a pipeline document");
  CLI::App* stop = add({"stop", "Stop one stream, those of a topic, or all, and wait until they have drained",
                        "  laketide stream stop\n  laketide stream stop sensor-averages --now\n"
                        "Exit 0: what was read is committed (with --now: given up). 1: still draining after half a minute, or failed over it."}, stream_stop);
  stop->add_option("PIPELINE", words.stream.pipeline, "only this one");
  stop->add_option("--topic", words.stream.topic, "only those that read this topic");
  stop->add_flag("--now", words.stream.now, "give the open epoch up instead of committing it");
  add_remote(*stream, words, {"list", "All streams", "  laketide stream list\n  laketide stream list -o json"}, stream_list);
  add_named({"show", "One stream and its partitions", "  laketide stream show sensor-averages"}, stream_show);
  add_named({"epochs", "Receipts of the last committed epochs", "  laketide stream epochs sensor-averages --limit 5"}, stream_epochs)
      ->add_option("--limit", words.stream.limit, "how many")->check(CLI::Range(1, 1000))->capture_default_str();
  add_named({"pause", "Read nothing more for now; what was read is committed, and progress is kept", "  laketide stream pause sensor-averages"}, stream_pause);
  add_named({"resume", "Go on where it was paused", "  laketide stream resume sensor-averages"}, stream_resume);
  add_named({"reset", "Begin again elsewhere: only of a stream that is stopped; says what will be repeated",
             "  laketide stream reset sensor-averages --start earliest\n  laketide stream reset sensor-averages --start '{\"0\":100}'"}, stream_reset)
      ->add_option("--start,--from", words.stream.start, "earliest, latest, offsets as JSON, an ISO time or milliseconds")
      ->required();
}

void add_batch_run(CLI::App& batch, Words& words) {
  CLI::App* run = add_remote(batch, words, {"run", "Run a pipeline over a range of offsets, once",
                                            "  laketide batch run --topic events\n"
                                            "  laketide batch run --topic events --start '{\"0\":100}' --end '{\"0\":500}' --wait\n"
                                            "  laketide batch run --pipeline sensor-averages --start 2026-01-01T00:00:00Z --wait 10m\n"
                                            "  laketide batch run --file backfill.yaml --no-atomic --idempotency-key backfill-7\n"
                                            "With --wait exit 0 means SUCCEEDED; 1 FAILED, CANCELLED, or not over in time, when it goes on."},
                             words.job, batch_run);
  run->add_option("--topic", words.job.topic, "the pipeline of this topic, or the implicit one");
  run->add_option("--pipeline", words.job.pipeline, "a pipeline known by name");
  run->add_option("--file", words.job.file, "a pipeline document");
  run->add_option("--start,--from", words.job.start, kFrom);
  run->add_option("--end,--to", words.job.end, kTo);
  run->add_option("--pool", words.job.pool, "the share of the engine it uses");
  run->add_flag("--no-atomic", words.job.no_atomic, "commit as it goes instead of once at the end");
  run->add_flag("--allow-repeats", words.job.allow_repeats, "also into a table that has these ranges already");
  run->add_option("--idempotency-key", words.job.idempotency_key, "the same key within 24 h is the same job");
  run->add_option("--deadline", words.job.deadline, "give up after this, such as 10m");
  run->add_option_function<std::vector<std::string>>("--wait", [&words](const std::vector<std::string>& given) { words.job.wait = given.empty() ? "" : given[0]; },
                                                     "wait for its end, at most so long if a duration is given")
      ->expected(0, 1)
      ->type_name("[DURATION]");
}

void add_batch(CLI::App& app, Words& words) {
  CLI::App* batch = add_group(app, {"batch", "Batch jobs of a running service", "  laketide batch run --topic events --wait\n  laketide batch list"});
  add_batch_run(*batch, words);
  const auto add = [&](const Described& described, ExitCode (*command)(const RemoteOptions&, const JobChoice&, const Terminal&)) {
    return add_remote(*batch, words, described, words.job, command);
  };
  const auto add_named = [&](const Described& described, ExitCode (*command)(const RemoteOptions&, const JobChoice&, const Terminal&)) {
    add(described, command)->add_option("ID", words.job.id, "as `batch run` and `batch list` show it")->required();
  };
  add_named({"status", "One job; exit 1 if it FAILED", "  laketide batch status ID\n  laketide batch status ID -o json"}, batch_status);
  CLI::App* list = add({"list", "Jobs, newest first", "  laketide batch list\n  laketide batch list --status failed --pipeline events --limit 5"}, batch_list);
  list->add_option("--status", words.job.status, "only those in this state")
      ->check(CLI::IsMember({"QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"}, CLI::ignore_case));
  list->add_option("--pipeline", words.job.pipeline, "only those of this pipeline");
  list->add_option("--before", words.job.before, "only those older than the job of this id");
  list->add_option("--limit", words.job.limit, "how many")->check(CLI::Range(1, 1000))->capture_default_str();
  add_named({"cancel", "End a job: nothing of it becomes visible", "  laketide batch cancel ID"}, batch_cancel);
  add_named({"receipt", "What a job committed, and where", "  laketide batch receipt ID"}, batch_receipt);
}

void add_pipeline(CLI::App& app, Words& words) {
  CLI::App* pipeline = add_group(app, {"pipeline", "Pipelines of a running service", "  laketide pipeline list\n  laketide pipeline put sensor-averages.yaml"});
  const auto add = [&](const Described& described, const char* what, std::string& into, ExitCode (*command)(const RemoteOptions&, const PipelineChoice&, const Terminal&)) {
    add_remote(*pipeline, words, described, words.pipeline, command)->add_option(what, into, what == std::string("FILE") ? "a pipeline document" : "its name")->required();
  };
  add_remote(*pipeline, words, {"list", "All pipelines, and where each comes from", "  laketide pipeline list"}, pipeline_list);
  add({"show", "One pipeline's document", "  laketide pipeline show sensor-averages"}, "NAME", words.pipeline.name, pipeline_show);
  add({"plan", "What a change would do, without doing it", "  laketide pipeline plan sensor-averages.yaml"}, "FILE", words.pipeline.file, pipeline_plan);
  add({"put", "Add a pipeline or change it; says what becomes of its progress",
       "  laketide pipeline put sensor-averages.yaml\nThe name is the document's. Pipelines from files of the service are changed in those files."}, "FILE", words.pipeline.file, pipeline_put);
  add({"delete", "Forget a pipeline whose stream is stopped; its tables stay", "  laketide pipeline delete sensor-averages"}, "NAME", words.pipeline.name, pipeline_delete);
}

void add_pool(CLI::App& app, Words& words) {
  CLI::App* pool = add_group(app, {"pool", "The shares of the engine", "  laketide pool list\n  laketide pool set batch-pool --weight 2"});
  add_remote(*pool, words, {"list", "All pools and what they get", "  laketide pool list"}, pool_list);
  CLI::App* set = add_remote(*pool, words, {"set", "Change a pool until SIGHUP or restart",
                                            "  laketide pool set batch-pool --weight 2\n"
                                            "  laketide pool set batch-pool --min-share 0.5 --max-share none"},
                             words.pool, pool_set);
  set->add_option("NAME", words.pool.name, "the pool")->required();
  set->add_option("--weight", words.pool.weight, "its part of what all pools want");
  set->add_option("--min-share", words.pool.min_share, "cores it gets if it has work");
  set->add_option("--max-share", words.pool.max_share, "cores it never exceeds; none: no limit");
}

void add_table(CLI::App& app, Words& words) {
  CLI::App* table = add_group(app, {"table", "Look into a Delta table or a directory of Parquet files", "  laketide table show data/lake/events\n  laketide table cat data/lake/events --limit 10"});
  const auto add = [&](const Described& described, ExitCode (*command)(const TableChoice&, const Terminal&)) {
    CLI::App* one = add_printing(*table, words, described, [&words, command](const Terminal& terminal) { return command(words.table, terminal); });
    one->add_option("PATH", words.table.path, "the table's folder")->required();
    return one;
  };
  const auto add_version = [&](CLI::App* one) {
    one->add_option("--version", words.table.version, "as it was; default: the newest")->check(CLI::NonNegativeNumber);
  };
  const auto add_limit = [&](CLI::App* one) { one->add_option("--limit", words.table.limit, "how many; default: all")->check(CLI::NonNegativeNumber); };
  add_version(add({"show", "Columns, version, rows and files", "  laketide table show data/lake/events --version 3"}, table_show));
  add_limit(add({"log", "Commits, newest first", "  laketide table log data/lake/events --limit 5"}, table_log));
  CLI::App* cat = add({"cat", "Rows as CSV, or as JSON lines with -o json",
                       "  laketide table cat data/lake/events --limit 10\n  laketide table cat -o json data/lake/events > events.jsonl"}, table_cat);
  add_version(cat);
  add_limit(cat);
  add({"verify", "Compare every file with what the log says of it; exit 1 if something is wrong", "  laketide table verify data/lake/events"}, table_verify);
}

void add_service(CLI::App& app, Words& words) {
  add_remote(app, words, {"status", "Whether the service is ready, its streams, the jobs that run, and the pools' shares",
                          "  laketide status\n  laketide status --url http://127.0.0.1:8080 -o json"}, service_status);
  add_remote(app, words, {"stop", "Stop the service: streams drain and commit", "  laketide stop"}, service_stop);
  add_printing(app, words, {"version", "Versions of this program and its libraries", "  laketide version\n  laketide version -o json"}, version_report);
}

/// What the program says of itself, for its documents: not for people at a terminal, so in no help.
void add_documents(CLI::App& app, Words& words) {
  const auto add = [&](const Described& described, auto text) {
    CLI::App* one = add_command(app, words, described, [text](const Terminal& terminal) {
      terminal.out << text();
      return ExitCode::kDone;
    });
    one->group("");
  };
  add({"man-page", "The manual page, conf/man/laketide.1", "  laketide man-page | man -l -"}, [&app] { return man_page(app); });
  add({"config-reference", "The reference of all keys, conf/reference.md", "  laketide config-reference"}, [] { return config::reference(); });
}

/// What to say of the first word that is no command and no option; empty: there is none.
std::string unknown_word(const CLI::App& app, const std::vector<std::string>& arguments) {
  const CLI::App* at = &app;
  for (const std::string& argument : arguments) {
    const std::string word = argument.substr(0, argument.find('='));
    std::vector<std::string> names;
    bool known = false;
    if (word.starts_with("--")) {
      for (const CLI::Option* option : at->get_options()) {
        for (const std::string& spelling : option->get_lnames()) names.push_back("--" + spelling);
      }
      known = std::ranges::find(names, word) != names.end();
    } else if (const auto commands = at->get_subcommands([](const CLI::App*) { return true; }); !commands.empty()) {
      for (const CLI::App* command : commands) {
        if (!command->get_group().empty()) names.push_back(command->get_name());
        if (command->get_name() == word) at = command, known = true;
      }
    } else {
      continue;  // a value
    }
    if (known) continue;
    const std::string near = nearest_name(word, {names.begin(), names.end()});
    return "unknown: " + word + (near.empty() ? "" : "; did you mean " + near + "?");
  }
  return {};
}

}  // namespace

int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, Screen screen) {
  CLI::App app("Laketide: Kafka streams into Delta Lake and PostgreSQL, exactly once.", "laketide");
  app.footer("Exit codes: 0 done, 1 the work failed, 2 wrong use, 3 configuration refused, 4 a dependency could not be reached.\n"
             "Examples of a command: laketide COMMAND --help");
  app.require_subcommand(1);
  app.set_version_flag("--version", version());
  Words words;
  add_serve(app, words);
  add_probe(app, words);
  add_check(app, words);
  add_run(app, words);
  add_sql(app, words);
  add_produce(app, words);
  add_table(app, words);
  add_stream(app, words);
  add_batch(app, words);
  add_pipeline(app, words);
  add_pool(app, words);
  add_service(app, words);
  add_documents(app, words);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  if (!arguments.empty() && arguments.front() == "help") reversed.back() = "--help", std::rotate(reversed.begin(), reversed.end() - 1, reversed.end());
  try {
    app.parse(reversed);
  } catch (const CLI::ParseError& error) {
    if (app.exit(error, out, err) == 0) return 0;
    if (const std::string unknown = unknown_word(app, arguments); !unknown.empty()) err << "laketide: " << unknown << '\n';
    return static_cast<int>(ExitCode::kWrongUse);
  }
  return static_cast<int>(words.command(Terminal{out, err, words.output == "json", screen}));
}

}  // namespace laketide::cli
