// Learns the schema of JSON records from samples.
#pragma once

#include <memory>

#include "flow/decoder.h"

namespace laketide::json {

/// Columns in the order in which fields were first seen, all nullable, of wide types: integers bigint, other numbers (or both) double,
/// true and false boolean, text text, or timestamptz if every text was an ISO-8601 time with an offset, arrays and objects jsonb, a
/// mixture of these jsonb (nothing is refused later), only nulls text. Behind them `_rescued text`.
/// Left to `_rescued`: fields called like a pseudo-column, or like another one but for upper and lower case; empty names; and what
/// comes after a thousand columns.
std::unique_ptr<SchemaInference> make_json_inference(bool with_rescued);

}  // namespace laketide::json
