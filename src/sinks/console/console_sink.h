// Prints the rows of each epoch.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "flow/sink.h"

namespace laketide {

/// kTable as Spark's console sink; kPlain without the lines about the epoch; kCsv with one line of names before the first row; kJson an object
/// a line, with `_change` before the columns where an epoch has rows that are no inserts.
enum class ConsoleForm { kTable, kPlain, kCsv, kJson };

/// Immutable.
struct ConsoleSinkOptions {
  std::string id = "console";
  std::string pipeline;
  ConsoleForm form = ConsoleForm::kTable;
  int64_t rows_max = 20;   // shown of an epoch; the rest is counted
  int64_t width_max = 20;  // characters of a value; longer ones end in "..."; 0: all
  std::FILE* out = stdout; // lives longer than the sink
  /// Set: the first rows of an epoch, `rows_max` a lane, are printed as they come, by what is given to it; the sink's calls come from the same
  /// io actor. Not set: they are printed at commit.
  std::function<void(std::function<void()>)> at_once;
};

/// The rows of an epoch, at commit and only if it has some, or as they come. At least once: it keeps no progress, so an epoch that is run
/// again is printed again. A table is for a look: an output that went away is no failure. In the other forms it fails `kUser` output_closed.
std::unique_ptr<Sink> make_console_sink(ConsoleSinkOptions options);

}  // namespace laketide
