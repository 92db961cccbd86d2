// From a plan to the operators that do it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "flow/context.h"
#include "flow/operator.h"
#include "operators/aggregate.h"
#include "sql/plan.h"

namespace laketide::sql {

using Operators = std::vector<std::unique_ptr<Operator>>;

/// What stands above `memory`, behind the tail (null: the whole plan, behind a decoder of `source` that gives `decoded`); none for a plan
/// that changes nothing.
Result<Operators> lower_above(const PlanNode& plan, const PlanNode* memory, const std::string& source, const Decoded& decoded, Context& context);
/// What stands below a lowest step that remembers (or below one side of it), and that step's first half.
Result<Operators> lower_head(const Entry& entry, const std::string& source, const Decoded& decoded, LateCounting late, Context& context);
/// The other half, and every step up to `memory`. Below it (unless it only sorts) groups are given when they are final.
Result<Operators> lower_tail(const PlanNode& memory, OutputMode mode, Context& context, state::StateTables& tables);

}  // namespace laketide::sql
