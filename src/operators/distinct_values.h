// DISTINCT in an aggregate call.
#pragma once

#include <memory>
#include <vector>

#include <arrow/type_fwd.h>

#include "expr/aggregate.h"
#include "operators/aggregate.h"

namespace laketide {

/// An accumulator that hands every different combination of arguments of a group once to the call's own. A call whose result depends
/// on the order of rows gets them sorted, NULLS LAST, as PostgreSQL sorts them. Fails `kUser` key_type for arguments that cannot be
/// compared.
Result<std::unique_ptr<expr::Accumulator>> make_distinct_values(const AggregateCall& call, arrow::MemoryPool* memory);
/// Types of the columns of its partial state: a list for each argument.
std::vector<expr::Type> distinct_state_types(const AggregateCall& call);

}  // namespace laketide
