// DISTINCT ON and deduplicate: the first row of each key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "flow/context.h"
#include "flow/operator.h"
#include "state/state_store.h"

namespace laketide {

/// Of the rows with the same key the first by (topic, partition, offset) passes. It is remembered for ever, or until its
/// event time + `within`: a row of that time or later is a first one again, whether the key was forgotten meanwhile or not. Rows that
/// arrive in a later epoch are behind those of an earlier one. NULL equals NULL. Immutable.
struct DeduplicateOptions {
  std::string name;  // of its state; the same at every start of the same query
  Schema input;
  int output = 0;    // so many columns of it, from the first, leave it; behind them `_change`
  std::vector<int> keys;
  std::vector<int> order;         // positions of _topic (-1: one topic), _partition, _offset
  int time = -1;                  // position of the event time, where there is a `within`
  std::optional<int64_t> within;  // microseconds
};

/// Stands behind all lanes; gives the rows of an epoch at its end, in the order of their places. With `within`, rows at or before
/// EpochInfo::late are counted (metric) and left out, and keys are forgotten when EpochInfo::evict reaches their end. Fails `kUser`
/// key_type for keys that cannot be compared.
Result<std::unique_ptr<Operator>> make_deduplicate(DeduplicateOptions options, Context& context, state::StateTables& tables);

}  // namespace laketide
