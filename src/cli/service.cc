#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/remote.h"

namespace laketide::cli {

ExitCode service_status(const RemoteOptions& remote, const Terminal& terminal) {
  // Ready or not is the answer; the streams are the rest of it.
  Terminal quiet = terminal;
  quiet.json = false;
  const ExitCode ready = call(remote, "GET", "/ready", "", quiet, [&](const nlohmann::ordered_json&, std::ostream& out) {
    if (!terminal.json) out << "ready: " << remote.url << '\n';
  });
  if (ready != ExitCode::kDone) return ready;
  return stream_list(remote, terminal);
}

ExitCode service_stop(const RemoteOptions& remote, const Terminal& terminal) {
  return call(remote, "POST", "/stop", "", terminal, [](const nlohmann::ordered_json&, std::ostream& out) {
    out << "stopping: streams drain and commit, then the service ends\n";
  });
}

}  // namespace laketide::cli
