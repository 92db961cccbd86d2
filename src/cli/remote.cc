#include "cli/remote.h"

#include <cstdlib>
#include <fstream>

#include <nlohmann/json.hpp>

#include "http/client.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Longer than the service itself takes over a drain before it answers.
constexpr std::chrono::seconds kPatience{60};

Result<std::string> token_of(const RemoteOptions& remote) {
  if (remote.token_file.empty()) {
    const char* token = std::getenv("LAKETIDE_TOKEN");
    return std::string(token == nullptr ? "" : token);
  }
  std::ifstream in(remote.token_file);
  std::string token;
  if (!std::getline(in, token)) return Status::user("bad_value", "the token file cannot be read: " + remote.token_file, "token-file");
  return token;
}

Result<http::Client> client_of(const RemoteOptions& remote) {
  LT_ASSIGN_OR_RETURN(const std::string token, token_of(remote));
  return http::Client::make(remote.url, token);
}

ExitCode report_problem(const Terminal& terminal, const http::ClientResponse& response) {
  const Json problem = Json::parse(response.body, nullptr, false);
  if (!problem.is_object() || !problem.contains("code")) {
    terminal.err << "laketide: the service answered " << response.status << "\n";
    return ExitCode::kFailed;
  }
  terminal.err << "laketide: " << problem.value("detail", "") << " (" << problem.value("code", "");
  if (problem.contains("field")) terminal.err << ", field " << problem.value("field", "");
  terminal.err << ")\n";
  return ExitCode::kFailed;
}

}  // namespace

ExitCode call(const RemoteOptions& remote, const std::string& method, const std::string& target, const std::string& body,
              const Terminal& terminal, const Printer& print) {
  const Result<http::Client> client = client_of(remote);
  if (!client.ok()) return fail(terminal, client.status(), ExitCode::kWrongUse);
  const Result<http::ClientResponse> response = client->request(method, target, body, kPatience);
  if (!response.ok()) return fail(terminal, response.status(), ExitCode::kFailed);
  if (response->status >= 300) {
    if (terminal.json) terminal.out << response->body;
    return report_problem(terminal, *response);
  }
  const Json answer = terminal.json ? Json() : Json::parse(response->body, nullptr, false);
  if (terminal.json) {
    terminal.out << response->body;
  } else if (answer.is_object()) {
    print(answer, terminal.out);
  }
  return ExitCode::kDone;
}

}  // namespace laketide::cli
