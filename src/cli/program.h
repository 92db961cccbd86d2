// The command line: which words lead to which command.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/screen.h"

namespace laketide::cli {

/// Runs one command. `arguments` without the program's name; the result is the process's exit code.
int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err, Screen screen = {});

}  // namespace laketide::cli
