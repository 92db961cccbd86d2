// The commands: what each is told, and what it does. How that is spelled on the command line is in program.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace laketide::cli {

/// Immutable.
struct ServeOptions {
  std::string config;             // empty: default_service_file()
  std::vector<std::string> sets;  // "server.listen=…"
  bool paused = false;            // restore no stream
};
/// The daemon: returns when it has been stopped.
ExitCode serve(const ServeOptions& options, const Terminal& terminal);

/// Immutable.
struct ProbeOptions {
  std::string config;             // empty: default_service_file()
  std::vector<std::string> sets;
  bool ready = false;             // whether it is ready; else whether it is alive
};
/// Asks the service of this configuration on this machine, without a token: kDone, or kFailed if its answer is no.
ExitCode probe(const ProbeOptions& options, const Terminal& terminal);

/// Immutable.
struct CheckOptions {
  std::vector<std::string> files;
  bool connect = false;  // reach the servers that they name
};
/// Checks service and pipeline files, and prints each pipeline's plan. kRefused if anything is wrong, kUnreachable if all is right
/// but a server is away.
ExitCode check(const CheckOptions& options, const Terminal& terminal);

/// Immutable.
struct RunOptions {
  std::string file;               // a pipeline document
  std::string config;             // empty: default_service_file()
  std::vector<std::string> sets;
  std::string from, to;           // as startOffset and endOffset of a job; empty: all there is
  std::string state;              // directory that a crashed run is taken up from; empty: one that goes with the run
  bool no_atomic = false;
  bool allow_repeats = false;
};
/// One pipeline as a bounded job in this process, without the service: returns when it is over.
ExitCode run_pipeline(const RunOptions& options, const Terminal& terminal);

/// Immutable.
struct ProduceOptions {
  std::string config;
  std::string brokers;  // empty: the service file's
  std::string topic;
  double rate = 5;                // events per second; 0: as fast as it goes
  std::optional<int64_t> count;   // none: until a signal
  std::optional<uint64_t> seed;   // none: another at each start
};
/// Writes generated events into a topic.
ExitCode produce(const ProduceOptions& options, const Terminal& terminal);

/// Immutable.
struct TableChoice {
  std::string path;                // of a Delta table, or of a directory of Parquet files
  std::optional<int64_t> version;  // show and cat; none: the newest
  int64_t limit = 0;               // log and cat; 0: all
};
ExitCode table_show(const TableChoice& choice, const Terminal& terminal);
ExitCode table_log(const TableChoice& choice, const Terminal& terminal);
/// CSV, or JSON lines with -o json.
ExitCode table_cat(const TableChoice& choice, const Terminal& terminal);
/// kFailed if anything is wrong with the table.
ExitCode table_verify(const TableChoice& choice, const Terminal& terminal);

ExitCode version_report(const Terminal& terminal);

/// How to reach a running service. Immutable.
struct RemoteOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string token_file;  // one line; empty: LAKETIDE_TOKEN of the environment, else none
};

/// Immutable.
struct StreamChoice {
  std::string pipeline;
  std::string topic;
  std::string file;  // start only: a pipeline document
  bool now = false;  // stop only: give the open epoch up
  int limit = 20;    // epochs only
  std::string start; // reset only
};
ExitCode stream_start(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal);
ExitCode stream_stop(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal);
ExitCode stream_list(const RemoteOptions& remote, const Terminal& terminal);
ExitCode stream_show(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal);
ExitCode stream_epochs(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal);
ExitCode stream_pause(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal);
ExitCode stream_resume(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal);
ExitCode stream_reset(const RemoteOptions& remote, const StreamChoice& choice, const Terminal& terminal);

/// Immutable.
struct JobChoice {
  std::string id;                    // all but run and list
  std::string topic, pipeline, file; // run: exactly one; list: pipeline or none
  std::string start, end, pool, idempotency_key, deadline;  // run; empty: the service's defaults
  bool no_atomic = false;
  bool allow_repeats = false;
  std::optional<std::string> wait;   // run; none: not; empty: as long as it takes
  std::string status, before;        // list
  int limit = 20;                    // list
};
/// With a wait kDone only if the job SUCCEEDED; kFailed also if it is not over in time, when it goes on.
ExitCode batch_run(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal);
/// kFailed if the job FAILED.
ExitCode batch_status(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal);
ExitCode batch_list(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal);
ExitCode batch_cancel(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal);
ExitCode batch_receipt(const RemoteOptions& remote, const JobChoice& choice, const Terminal& terminal);

/// Immutable.
struct PipelineChoice {
  std::string name;  // show, delete
  std::string file;  // put, plan: a pipeline document, which has the name
};
ExitCode pipeline_list(const RemoteOptions& remote, const Terminal& terminal);
ExitCode pipeline_show(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal);
ExitCode pipeline_put(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal);
ExitCode pipeline_plan(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal);
ExitCode pipeline_delete(const RemoteOptions& remote, const PipelineChoice& choice, const Terminal& terminal);

/// What to change of a pool; what is not set stays. Immutable.
struct PoolChoice {
  std::string name;
  std::optional<double> weight, min_share;
  std::string max_share;  // cores, or "none" for no limit; empty: stays
};
ExitCode pool_list(const RemoteOptions& remote, const Terminal& terminal);
ExitCode pool_set(const RemoteOptions& remote, const PoolChoice& choice, const Terminal& terminal);

/// Streams, jobs that run, and the pools' shares.
ExitCode service_status(const RemoteOptions& remote, const Terminal& terminal);
ExitCode service_stop(const RemoteOptions& remote, const Terminal& terminal);

}  // namespace laketide::cli
