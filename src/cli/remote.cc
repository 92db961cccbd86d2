#include "cli/remote.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include <nlohmann/json.hpp>

#include "http/client.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Longer than the service itself takes over a drain before it answers.
constexpr std::chrono::seconds kAnswerPatience{60};

/// What to type after a refusal. The service's own words are about HTTP.
constexpr std::pair<std::string_view, std::string_view> kHints[] = {
    {"unknown_job", "`laketide batch list` shows the jobs"},
    {"unknown_pool", "`laketide pool list` shows the pools"},
    {"committing", "it ends in a moment: `laketide batch status ID`"},
    {"range_already_in_table", "to take the rows in once more: --allow-repeats"},
    {"idempotency_key_reused", "another request needs another --idempotency-key"},
    {"queue_full", "`laketide batch list --status QUEUED` shows what waits; `laketide batch cancel ID` makes room"},
    {"unknown_pipeline", "`laketide pipeline list` shows the pipelines, `laketide stream list` the streams"},
    {"other_spec", "`laketide stream stop NAME` first"},
    {"stream_active", "`laketide stream stop NAME` first"},
    {"pipeline_read_only", "change the file that it comes from, and let the service read it again: kill -HUP"},
    {"unauthorized", "give a token with --token-file, or in LAKETIDE_TOKEN"}};

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

constexpr std::string_view kOptionCodes[] = {"bad_offsets", "offsets_reversed", "max_needs_upsert", "idempotency_key_reused"};

/// 400 is what was asked, 422 what it said: a document, unless it was one of our options. How things stand is neither's fault.
ExitCode code_of_refusal(int status, const std::string& code) {
  if (code == "stream_active") return ExitCode::kFailed;
  const bool is_option = std::ranges::find(kOptionCodes, code) != std::end(kOptionCodes);
  return status == 400 || is_option ? ExitCode::kWrongUse : status == 422 ? ExitCode::kRefused : ExitCode::kFailed;
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
  for (const auto& [code, hint] : kHints) {
    if (code == problem.value("code", "")) terminal.err << "  " << hint << '\n';
  }
  return code_of_refusal(response.status, problem.value("code", ""));
}

}  // namespace

std::optional<std::string> ask(const RemoteOptions& remote, const std::string& method, const std::string& target, const std::string& body,
                               const Terminal& terminal, ExitCode& code) {
  const Result<http::Client> client = client_of(remote);
  if (!client.ok()) {
    code = fail(terminal, client.status(), ExitCode::kWrongUse);
    return std::nullopt;
  }
  const Result<http::ClientResponse> response = client->request(method, target, body, kAnswerPatience);
  if (!response.ok()) {
    code = fail(terminal, response.status(), ExitCode::kFailed);
    return std::nullopt;
  }
  if (response->status < 300) return response->body;
  if (terminal.json) terminal.out << response->body;
  code = report_problem(terminal, *response);
  return std::nullopt;
}

ExitCode call(const RemoteOptions& remote, const std::string& method, const std::string& target, const std::string& body,
              const Terminal& terminal, const Printer& print) {
  ExitCode code = ExitCode::kDone;
  const auto answer = ask(remote, method, target, body, terminal, code);
  if (!answer) return code;
  const Json parsed = terminal.json ? Json() : Json::parse(*answer, nullptr, false);
  if (terminal.json) {
    terminal.out << *answer;
  } else if (parsed.is_object()) {
    print(parsed, terminal);
  }
  return code;
}

}  // namespace laketide::cli
