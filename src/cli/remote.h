// One call to a running service, and what is printed of it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/commands.h"

namespace laketide::cli {

/// Prints an answer for a person.
using Printer = std::function<void(const nlohmann::ordered_json& answer, const Terminal& terminal)>;

/// Sends a request. Its answer; or none: then what is wrong has been printed, a problem with its code, its field and what to do,
/// and `code` says how to end: kFailed (the service refused), kRefused (it refused the document), kWrongUse (it refused what the options
/// say; a bad URL or token file) or kUnreachable.
std::optional<std::string> ask(const RemoteOptions& remote, const std::string& method, const std::string& target, const std::string& body,
                               const Terminal& terminal, ExitCode& code);

/// Asks, and prints the answer: as it came with -o json, else by `print`.
ExitCode call(const RemoteOptions& remote, const std::string& method, const std::string& target, const std::string& body,
              const Terminal& terminal, const Printer& print);

}  // namespace laketide::cli
