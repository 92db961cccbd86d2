// Learns the schema of CSV records from samples.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/decoder.h"

namespace laketide::csv {

/// Columns of these names (none: column1, column2, … as the first record has values), all nullable, of wide types: bigint where every value
/// is a whole number, double where every one is a number, boolean where every one is true or false, timestamptz where every one is an
/// ISO-8601 time with an offset, else text; also where no record has a value. Numbers that begin with a zero are texts: they are codes.
/// Quotes say nothing. Columns called like a pseudo-column are left out; two names that differ in case alone fail `kUser` bad_schema.
std::unique_ptr<SchemaInference> make_csv_inference(std::vector<std::string> names, char delimiter);

}  // namespace laketide::csv
