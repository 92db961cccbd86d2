#include <nlohmann/json.hpp>

#include "base/quantity.h"
#include "cli/commands.h"
#include "cli/pool_text.h"
#include "cli/remote.h"
#include "http/client.h"

namespace laketide::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kNoLimit = "none";

/// The change, or none and a message.
std::optional<Json> change_body(const PoolChoice& choice, const Terminal& terminal) {
  Json body = Json::object();
  if (choice.weight) body["weight"] = *choice.weight;
  if (choice.min_share) body["minShare"] = *choice.min_share;
  if (choice.max_share == kNoLimit) {
    body["maxShare"] = nullptr;
  } else if (!choice.max_share.empty()) {
    const auto cores = parse_number(choice.max_share);
    if (!cores) {
      terminal.err << "laketide: --max-share is a number of cores, or none for no limit: " << choice.max_share << '\n';
      return std::nullopt;
    }
    body["maxShare"] = *cores;
  }
  if (!body.empty()) return body;
  terminal.err << "laketide: say what to change: --weight, --min-share or --max-share\n";
  return std::nullopt;
}

}  // namespace

ExitCode pool_list(const RemoteOptions& remote, const Terminal& terminal) {
  return call(remote, "GET", "/pools", "", terminal, [](const Json& answer, const Terminal& to) { print_pools(answer.value("pools", Json::array()), to); });
}

ExitCode pool_set(const RemoteOptions& remote, const PoolChoice& choice, const Terminal& terminal) {
  const auto body = change_body(choice, terminal);
  if (!body) return ExitCode::kWrongUse;
  return call(remote, "PUT", "/pools/" + http::path_segment(choice.name), body->dump(), terminal, [](const Json& pool, const Terminal& to) {
    print_pools(Json::array({pool}), to);
    to.out << pool.value("note", "") << '\n';
  });
}

}  // namespace laketide::cli
