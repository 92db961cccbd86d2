// A plan as text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sql/plan.h"

namespace laketide::sql {

/// The tree from the last step down to the source: types, what each step that remembers keeps and until when, where lanes end. `mode` is
/// of the topmost such step; none: it is not known.
std::string explain(const PlanNode& plan, std::optional<OutputMode> mode);

/// "tumble(ts, 10 s)".
std::string window_text(const Window& window);
/// "n DESC, id".
std::string order_text(const std::vector<SortKey>& order);
/// "sum(DISTINCT a) FILTER (WHERE b)", of columns of the input.
std::string call_text(const Call& call);

}  // namespace laketide::sql
