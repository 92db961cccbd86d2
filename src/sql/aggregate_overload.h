// Which aggregate a call means.
#pragma once

#include <string_view>
#include <vector>

#include "expr/aggregate.h"
#include "expr/expression.h"
#include "laketide/status.h"

namespace laketide::sql {

/// Chooses among the overloads of `name` by the arguments' types (exact ones first, then the fewest conversions, then the preferred
/// types), and converts the arguments to it. Fails `kUser` sql_function with what there is; the place is the binder's to add.
Result<const expr::Aggregate*> find_aggregate(std::string_view name, std::vector<expr::ExprPtr>& args);

}  // namespace laketide::sql
