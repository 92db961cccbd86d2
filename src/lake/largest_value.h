// The largest time in a table, as its log tells it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lake/live_files.h"
#include "laketide/status.h"

namespace laketide::lake {

/// Microseconds since 1970 of the largest value in `column`, a date or a timestamp; none: no row has one. From the files' statistics or
/// partition values alone, no data is read; a bound that was cut to milliseconds is a little too small. Fails `kUser` `bad_column` for
/// another column, `no_statistics` naming a file that says nothing of it.
Result<std::optional<int64_t>> largest_micros(const FullState& table, const std::string& column);

}  // namespace laketide::lake
