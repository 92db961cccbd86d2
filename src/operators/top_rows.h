// ROW_NUMBER() … WHERE rn <= n, and DISTINCT ON … ORDER BY: the first rows of each key by an order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "flow/context.h"
#include "flow/operator.h"
#include "operators/aggregate.h"
#include "operators/row_ranks.h"
#include "state/state_store.h"

namespace laketide {

/// Of the rows with the same key the first `count` by `order`; rows that are alike in it come by their place, or without one as they
/// arrive. NULL equals NULL in a key. Rows out: the first `output` columns of a row, its number within the key from 1, `_change`; by
/// key and number. A row that a better one pushes back is given again under its new number. Immutable.
struct TopRowsOptions {
  static constexpr int64_t kCountMax = 10'000;

  std::string name;  // of its state; the same at every start of the same query
  Schema input;
  int output = 0;                // so many columns of the input, from the first, leave it
  std::vector<int> keys;
  std::vector<SortColumn> order;
  std::vector<int> place;        // positions of _topic (-1: one topic), _partition, _offset; empty: rows have none
  int64_t count = 1;             // to kCountMax
  std::string number = "row_number";  // the column of the number
  OutputMode mode = OutputMode::kAppend;
  int event_time_key = -1;       // which of the keys, at or before the watermark, makes it final; -1: none
};

/// One lane's part: of each epoch's rows those that can be among the first.
Result<std::unique_ptr<Operator>> make_partial_top_rows(TopRowsOptions options, Context& context);
/// Stands behind all lanes, and remembers. Which keys are given, and when, is as for an aggregate (aggregate.h). Fails `kUser` key_type
/// for keys or an order that cannot be compared.
Result<std::unique_ptr<Operator>> make_top_rows(TopRowsOptions options, Context& context, state::StateTables& tables);

}  // namespace laketide
