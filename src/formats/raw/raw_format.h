// Records as Kafka has them: nothing is decoded.
#pragma once

#include <memory>

#include "flow/decoder.h"
#include "laketide/status.h"

namespace laketide::raw {

/// Columns key bytea, value bytea, topic text, partition int, "offset" bigint, timestamp timestamptz, timestamp_type int,
/// headers array of (key text, value bytea): Spark's, with SQL's types. No record is ever refused.
std::unique_ptr<Format> make_raw_format();

}  // namespace laketide::raw
