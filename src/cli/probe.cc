#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "config/service_config.h"
#include "http/address.h"
#include "http/client.h"

namespace laketide::cli {
namespace {

/// Less than a container engine waits for its health check.
constexpr std::chrono::seconds kProbePatience{4};

/// Where a service with this configuration answers probes, asked on the machine it runs on.
Result<std::string> probe_url(const config::ServerConfig& server) {
  const bool has_own = !server.probe_listen.empty();
  LT_ASSIGN_OR_RETURN(http::Address address, http::resolve_address(has_own ? server.probe_listen : server.listen,
                                                                   has_own ? "server.probe_listen" : "server.listen"));
  // Listening everywhere includes loopback, and only that is an address to connect to.
  if (address.ip == "0.0.0.0") address.ip = "127.0.0.1";
  if (address.ip == "::") address.ip = "::1";
  return "http://" + address.to_string();
}

}  // namespace

ExitCode probe(const ProbeOptions& options, const Terminal& terminal) {
  std::vector<config::Problem> problems;
  const Result<config::ServiceConfig> config = config::load_service(options.config.empty() ? default_service_file() : options.config, options.sets, problems);
  if (!config.ok()) {
    print_problems(terminal, problems);
    return ExitCode::kRefused;
  }
  const Result<std::string> url = probe_url(config->server);
  if (!url.ok()) return fail(terminal, url.status(), ExitCode::kRefused);
  const Result<http::Client> client = http::Client::make(*url, "");
  if (!client.ok()) return fail(terminal, client.status(), ExitCode::kRefused);
  const Result<http::ClientResponse> answer = client->request("GET", options.ready ? "/ready" : "/health", "", kProbePatience);
  if (!answer.ok()) return fail(terminal, answer.status(), ExitCode::kFailed);
  const auto document = nlohmann::ordered_json::parse(answer->body, nullptr, false);
  const bool is_document = document.is_object();
  if (terminal.json) {
    terminal.out << answer->body;
  } else {
    terminal.out << *url << ": " << (is_document ? document.value(document.contains("detail") ? "detail" : "status", "") : std::to_string(answer->status)) << '\n';
  }
  return answer->status == 200 ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace laketide::cli
