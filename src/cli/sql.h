// One query in the foreground.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace laketide::cli {

/// What is a list here names one input a word, `orders=data/lake/orders` or without a name; what is said about inputs is for all that can
/// have it, or `orders=3` for one. Immutable.
struct SqlOptions {
  std::string query;
  std::vector<std::string> topics, tables, files;         // one at least: what FROM and JOIN read
  std::string brokers;                                     // topics; empty: the service file's
  std::vector<std::string> versions;                       // tables; none: the newest
  std::vector<std::string> schemas, formats, delimiters;   // topics: schemas; files: all; none: learnt, by the name's end, a comma
  bool no_header = false;                                  // files
  std::string output = "table";    // table | csv | json
  std::string config;              // empty: default_service_file()
  std::vector<std::string> sets;
};
/// One query over what there is now, in this process, without the service; prints its rows. kWrongUse if the query is wrong.
ExitCode run_sql(const SqlOptions& options, const Terminal& terminal);

}  // namespace laketide::cli
