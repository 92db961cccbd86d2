#include <arrow/config.h>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "http/server.h"
#include "kafka/client_settings.h"
#include "laketide/version.h"
#include "sinks/postgres/library_version.h"

namespace laketide::cli {

ExitCode version_report(const Terminal& terminal) {
  const nlohmann::ordered_json libraries{{"librdkafka", kafka::library_version()},
                                         {"arrow", arrow::GetBuildInfo().version_string},
                                         {"libpq", libpq_version()},
                                         {"boost", http::boost_version()}};
  if (terminal.json) {
    nlohmann::ordered_json all{{"version", version()}, {"commit", commit()}};
    all.update(libraries);
    terminal.out << all.dump() << '\n';
    return ExitCode::kDone;
  }
  terminal.out << "laketide " << version() << " (commit " << commit() << ")\n";
  for (const auto& [name, number] : libraries.items()) terminal.out << "  " << name << ' ' << number.get<std::string>() << '\n';
  return ExitCode::kDone;
}

}  // namespace laketide::cli
