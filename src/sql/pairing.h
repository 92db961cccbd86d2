// JOIN of two streams: its step out of its conditions.
#pragma once

#include <vector>

#include "expr/expression.h"
#include "sql/plan.h"

namespace laketide::sql {

/// The step with further conditions, all of which hold for its pairs (of an outer join those of ON alone): equalities become its keys, what
/// is about one side is done on that side, comparisons of times bound how long rows are kept. What can fail for a pair is computed on one
/// side where it names one side only; else it stands in a Filter above an inner join. Null: an outer join whose condition can fail for a
/// pair.
PlanPtr pair_on(Join join, const std::vector<expr::ExprPtr>& conditions);

}  // namespace laketide::sql
