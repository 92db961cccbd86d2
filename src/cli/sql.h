// One query in the foreground.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace laketide::cli {

/// Immutable.
struct SqlOptions {
  std::string query;
  std::string topic, table, file;  // exactly one: what FROM reads
  std::string brokers;             // topic; empty: the service file's
  std::optional<int64_t> version;  // table; none: the newest
  std::string schema, format, delimiter;  // topic: schema; file: all; empty: learnt, by the name's end, a comma
  bool no_header = false;          // file
  std::string output = "table";    // table | csv | json
  std::string config;              // empty: default_service_file()
  std::vector<std::string> sets;
};
/// One query over what there is now, in this process, without the service; prints its rows. kWrongUse if the query is wrong.
ExitCode run_sql(const SqlOptions& options, const Terminal& terminal);

}  // namespace laketide::cli
