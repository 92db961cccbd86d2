// The static side of a join: what it computes from a table, once for each version.
#pragma once

#include <string>

#include "flow/context.h"
#include "laketide/status.h"
#include "sql/plan.h"

namespace laketide::sql {

/// Declares in `context.tables` the index that the join looks rows up in, and gives its name; joins that compare the same have one. It
/// fails `kUser` static_table for a content of which the side cannot compute a row, `kInternal` if the run has no static tables.
Result<std::string> declare_index(const Lookup& lookup, const Context& context);

}  // namespace laketide::sql
