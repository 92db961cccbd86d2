// Prints the rows of each epoch as a table.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "flow/sink.h"

namespace laketide {

/// Immutable.
struct ConsoleSinkOptions {
  std::string id = "console";
  std::string pipeline;
  int64_t rows_max = 20;   // shown of an epoch; the rest is counted
  int64_t width_max = 20;  // characters of a value; longer ones end in "..."; 0: all
  std::FILE* out = stdout; // lives longer than the sink
};

/// A table per epoch, as Spark's console sink prints it, at commit and only if the epoch has rows. At least once: it keeps
/// no progress, so an epoch that is run again is printed again.
std::unique_ptr<Sink> make_console_sink(ConsoleSinkOptions options);

}  // namespace laketide
