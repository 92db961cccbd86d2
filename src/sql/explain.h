// A plan as text.
#pragma once

#include <string>

#include "sql/plan.h"

namespace laketide::sql {

/// The tree from the last step down to the source: types, what each step that remembers keeps, where lanes end.
std::string explain(const PlanNode& plan);

/// "tumble(ts, 10 s)".
std::string window_text(const Window& window);
/// "sum(DISTINCT a) FILTER (WHERE b)", of columns of the input.
std::string call_text(const Call& call);

}  // namespace laketide::sql
