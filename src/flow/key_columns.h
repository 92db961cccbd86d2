// Which columns tell a query's rows apart, told to its sinks with the schema.
#pragma once

#include <string>
#include <vector>

#include "flow/batch.h"

namespace laketide {

/// `schema` with the names of those columns in its metadata; as it is for none.
Schema with_key_columns(const Schema& schema, const std::vector<std::string>& columns);
/// The names; empty: nothing was said.
std::vector<std::string> key_columns_of(const arrow::Schema& schema);

}  // namespace laketide
