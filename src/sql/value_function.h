// The functions that SQL writes without parentheses: CURRENT_TIMESTAMP and its kin.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "laketide/status.h"
#include "sql/query_text.h"
#include "sql/syntax.h"

namespace laketide::sql {

/// A call of the same name, with the number of digits where one is given. Fails sql_unsupported for what a query without user and
/// schema has not, and for CURRENT_TIME, whose type has a zone.
Result<Syntax> read_value_function(const nlohmann::json& node, const QueryText& text);

}  // namespace laketide::sql
