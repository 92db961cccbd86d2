#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/job_text.h"
#include "cli/pool_text.h"
#include "cli/remote.h"
#include "cli/stream_text.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

/// What a glance at the service asks for, and under which name its answer stands.
struct Look {
  const char* target;
  const char* member;
  const char* name;
};
constexpr Look kLooks[] = {{"/stream", "streams", "streams"},
                           {"/batch?status=RUNNING&limit=1000", "jobs", "running"},
                           {"/batch?status=QUEUED&limit=1000", "jobs", "queued"},
                           {"/pools", "pools", "pools"}};

void print_glance(const RemoteOptions& remote, const Json& glance, const Terminal& terminal) {
  terminal.out << "ready: " << remote.url << "\n\n";
  print_streams({{"streams", glance["streams"]}}, terminal);
  terminal.out << '\n';
  if (glance["running"].empty()) {
    terminal.out << "no jobs run";
  } else {
    print_jobs(glance["running"], terminal);
    terminal.out << glance["running"].size() << (glance["running"].size() == 1 ? " job runs" : " jobs run");
  }
  terminal.out << ", " << glance["queued"].size() << " in the queue\n\n";
  print_pools(glance["pools"], terminal);
}

}  // namespace

ExitCode service_status(const RemoteOptions& remote, const Terminal& terminal) {
  // Ready or not is the answer; the rest is the rest of it.
  ExitCode code = ExitCode::kDone;
  Terminal quiet = terminal;
  quiet.json = false;
  if (!ask(remote, "GET", "/ready", "", quiet, code)) return code;
  Json glance{{"status", "ready"}};
  for (const Look& look : kLooks) {
    const auto answer = ask(remote, "GET", look.target, "", quiet, code);
    if (!answer) return code;
    glance[look.name] = Json::parse(*answer, nullptr, false).value(look.member, Json::array());
  }
  if (terminal.json) {
    terminal.out << glance.dump() << '\n';
  } else {
    print_glance(remote, glance, terminal);
  }
  return code;
}

ExitCode service_stop(const RemoteOptions& remote, const Terminal& terminal) {
  return call(remote, "POST", "/stop", "", terminal, [](const Json&, const Terminal& to) {
    to.out << "stopping: streams drain and commit, then the service ends\n";
  });
}

}  // namespace laketide::cli
