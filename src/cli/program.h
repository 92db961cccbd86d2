// The command line: which words lead to which command.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace laketide::cli {

/// Runs one command. `arguments` without the program's name; the result is the process's exit code.
int run_program(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& err);

}  // namespace laketide::cli
