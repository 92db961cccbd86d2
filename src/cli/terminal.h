// Where a command prints, how, and how it ends.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "cli/screen.h"
#include "config/pipeline_spec.h"
#include "laketide/status.h"

namespace laketide::cli {

/// What the shell sees.
enum class ExitCode {
  kDone = 0,
  kFailed = 1,       // the work failed
  kWrongUse = 2,     // options that do not fit
  kRefused = 3,      // configuration; also: port taken, state directory in use
  kUnreachable = 4,  // a dependency could not be reached
};

/// Results go to `out`, everything else to `err`. Caller synchronises.
struct Terminal {
  std::ostream& out;
  std::ostream& err;
  bool json = false;  // -o json
  Screen screen = {};
};

/// Prints "laketide: detail (code)", and says how to end: kUnreachable if something outside is away, else `otherwise`.
ExitCode fail(const Terminal& terminal, const Status& status, ExitCode otherwise);

/// Prints each problem on a line of its own.
void print_problems(const Terminal& terminal, const std::vector<config::Problem>& problems);

/// conf/laketide.yaml, else /etc/laketide/laketide.yaml, whichever is there; empty: neither, so the defaults hold.
std::string default_service_file();

}  // namespace laketide::cli
