// One call to a running service, and what is printed of it.
#pragma once

#include <functional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "cli/commands.h"

namespace laketide::cli {

/// Prints an answer for a person.
using Printer = std::function<void(const nlohmann::ordered_json& answer, std::ostream& out)>;

/// Sends a request and prints its answer: as it came with -o json, else by `print`. A problem is printed with its code and
/// field. kDone, kFailed (the service refused), kUnreachable, or kWrongUse (a bad URL or token file).
ExitCode call(const RemoteOptions& remote, const std::string& method, const std::string& target, const std::string& body,
              const Terminal& terminal, const Printer& print);

}  // namespace laketide::cli
