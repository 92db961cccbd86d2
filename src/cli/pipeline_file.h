// A pipeline document on this machine, on its way to the service.
#pragma once

#include <optional>
#include <string>

#include "cli/terminal.h"

namespace laketide::cli {

/// The document as JSON; none if it cannot be read or has problems, which are printed then with their places. It is checked as a
/// request, because that is what it becomes: variables and absolute paths are for files on the server.
std::optional<std::string> read_pipeline_file(const std::string& file, const Terminal& terminal);

}  // namespace laketide::cli
