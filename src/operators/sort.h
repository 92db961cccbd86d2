// ORDER BY, LIMIT, OFFSET: of the rows of one epoch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "flow/context.h"
#include "flow/operator.h"
#include "operators/row_ranks.h"

namespace laketide {

/// Rows that are alike in `order` come by their place, or without one as they arrive. Rows out: the first `output` columns, `_change`.
/// Immutable.
struct SortOptions {
  Schema input;
  int output = 0;                // so many columns of the input, from the first, leave it
  std::vector<SortColumn> order;
  std::vector<int> place;        // positions of _topic (-1: one topic), _partition, _offset; empty: rows have none
  std::optional<int64_t> limit;
  int64_t offset = 0;
};

/// Stands behind all lanes, and keeps nothing from one epoch to the next: for a run of one epoch, or where each epoch gives every row
/// (complete mode). Of all rows it holds only those that can be among the first offset + limit. Fails `kUser` key_type.
Result<std::unique_ptr<Operator>> make_sort(SortOptions options, Context& context);

}  // namespace laketide
