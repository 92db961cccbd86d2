// JOIN of two streams.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/expression.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "operators/row_place.h"
#include "state/state_store.h"

namespace laketide {

enum class JoinKind { kInner, kLeft, kRight, kFull, kSemi, kAnti };

/// One input of a join. A row is remembered until the moment in its column `expiry` + `keep` (microseconds), when the watermark says that
/// no partner can come; without `expiry` for ever. Immutable.
struct JoinInput {
  Schema rows;                // `visible` columns go into the output; behind them may stand what else the condition or `order` need
  int visible = 0;
  std::vector<int> keys;      // equal in rows that belong together, of the same types on both sides; NULL equals nothing
  std::vector<int> order;     // positions of _topic (-1: one topic), _partition, _offset; empty: rows come in an order of their own
  int time = -1;              // column by which a row is late: at or before EpochInfo::late − `lag`; -1: none is
  int64_t lag = 0;
  int expiry = -1;
  int64_t keep = 0;
};

/// Port 0 is the left input, 1 the right one. A pair belongs together if its keys are equal and `condition` is true; it is resolved against
/// the rows of the left input with those of the right behind them, and cannot fail. Rows out: `output` = the visible columns of the left,
/// then of the right (kSemi, kAnti: of the left alone), then `_change`, which is always an insert. Immutable.
struct StreamJoinOptions {
  std::string name;  // of its state; the same at every start of the same query
  JoinKind kind = JoinKind::kInner;
  std::array<JoinInput, 2> inputs;
  expr::ExprPtr condition;  // null: always true
  Schema output;            // without _change
};

/// Stands behind all lanes; gives what the rows of an epoch make at its end: each pair in the epoch that brings the later of its rows, a
/// row without partner in the epoch in which it is forgotten (EpochInfo::last forgets all). Rows come in an order that depends on epochs
/// alone. Late rows are counted (metric) and left out. Fails `kUser` key_type for keys that cannot be compared.
Result<std::unique_ptr<Operator>> make_stream_join(StreamJoinOptions options, Context& context, state::StateTables& tables);

}  // namespace laketide
