// From the grammar's JSON tree to syntax.
#pragma once

#include <memory>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "laketide/status.h"
#include "sql/query_text.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// Reads the tree of a SELECT that libpg_query gave for `text`; refuses every node and clause that has no meaning here yet. A CAST
/// that stands at one of `try_casts` is a TRY_CAST. Throws nlohmann::json's exceptions for a tree of another shape.
Result<std::shared_ptr<const SelectSyntax>> read_select(const nlohmann::json& select, const QueryText& text, const std::vector<int>& try_casts);

}  // namespace laketide::sql
