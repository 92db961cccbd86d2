// Rows made by the engine, so many a second: for trying things out without a broker.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "flow/alarm.h"
#include "flow/source.h"
#include "laketide/status.h"

namespace laketide {

/// `rate:` of a source, with what the engine adds. Immutable.
struct RateSourceOptions {
  std::string name;  // key under `sources:`
  int64_t rows_per_second = 1;
  int32_t partitions = 1;
  const Clock* clock = nullptr;  // null: the machine's
  Alarm alarm;
};

/// `timestamp timestamptz not null, value bigint not null`.
Schema rate_schema();

/// The rows are a function of the options alone, so that a range replays exactly and nothing need be stored: row number i of the whole
/// source has value i and the time 1970-01-01 + i / rows_per_second; it is in partition i mod partitions at offset i div partitions, and
/// can be read once that time has come. The topic is called `rate`. All rows since 1970 can be read, so a stream that begins now
/// starts at the high bounds (or at a time), and a stopped one catches up. Fails `kUser` bad_value.
Result<std::unique_ptr<Source>> make_rate_source(RateSourceOptions options);

}  // namespace laketide
