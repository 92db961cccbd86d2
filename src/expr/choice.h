// Results put together from several columns, row by row.
#pragma once

#include <span>
#include <vector>

#include "expr/function.h"

namespace laketide::expr {

/// For each row, which column its value comes from; kNoColumn: it is NULL.
using Choice = std::vector<int32_t>;
inline constexpr int32_t kNoColumn = -1;

/// `out` takes each row from the chosen one of `columns`, which are all of the call's type, with its error if it has one there.
arrow::Status choose(const Call& call, std::span<const Column> columns, const Choice& choice, Column& out);

}  // namespace laketide::expr
