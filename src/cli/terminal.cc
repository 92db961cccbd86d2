#include "cli/terminal.h"

#include <unistd.h>

namespace laketide::cli {

ExitCode fail(const Terminal& terminal, const Status& status, ExitCode otherwise) {
  terminal.err << "laketide: " << status.detail() << " (" << status.code() << ")\n";
  return status.fault() == Fault::kExternal ? ExitCode::kUnreachable : otherwise;
}

void print_problems(const Terminal& terminal, const std::vector<config::Problem>& problems) {
  for (const config::Problem& problem : problems) terminal.err << problem.to_string() << '\n';
}

std::string default_service_file() {
  for (const char* file : {"conf/laketide.yaml", "/etc/laketide/laketide.yaml"}) {
    if (access(file, F_OK) == 0) return file;
  }
  return {};
}

}  // namespace laketide::cli
