// Steps of a plan that depend on an order of rows: of their places, or as ORDER BY says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "operators/key_codec.h"

namespace laketide::sql {

/// One item of ORDER BY: a column of the input.
struct SortKey {
  std::string column;
  KeyOrder order;
};
/// DISTINCT ON and `deduplicate:`: of the rows with the same keys the first by place, until its `time` + `within` or for ever.
struct FirstRows {
  std::string name;               // of its state
  std::vector<std::string> keys;  // columns of the input
  std::string time;               // column of the event time, where there is a `within`
  std::optional<int64_t> within;  // microseconds
};
/// The first `count` rows of each key by an order. The node's output: that of the input, then the row's number.
struct TopRows {
  std::string name;
  std::vector<std::string> keys;
  std::vector<SortKey> order;
  int64_t count = 1;
};
/// ORDER BY, LIMIT and OFFSET, of the rows of one epoch.
struct Sort {
  std::vector<SortKey> order;
  std::optional<int64_t> limit;
  int64_t offset = 0;
};

}  // namespace laketide::sql
