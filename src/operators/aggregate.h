// GROUP BY: partial results in each lane, the whole of them behind all lanes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "expr/aggregate.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "state/state_store.h"

namespace laketide {

/// Which groups leave a query's memory, and when (PRODUCT §7).
enum class OutputMode { kAppend, kUpdate, kComplete };

/// One call in the select list or in HAVING. Expressions were computed before, by a Project: here are columns only. Immutable.
struct AggregateCall {
  const expr::Aggregate* function = nullptr;
  expr::AggregateTypes types;
  std::vector<int> args;  // positions in the input
  int filter = -1;        // position of FILTER's condition, boolean; -1: none
  bool distinct = false;
  std::string name;       // of its column in the output
};

/// tumble, hop and session over a timestamptz or timestamp column; half-open, aligned to 1970-01-01T00:00Z (PRODUCT §6). Microseconds.
/// Immutable.
struct WindowOptions {
  enum class Kind { kTumble, kHop, kSession };
  Kind kind = Kind::kTumble;
  int time = -1;  // position in the input
  int64_t size = 0;   // kSession: the gap
  int64_t slide = 0;  // kHop
  int64_t offset = 0;
};

/// Rows in, per lane: `input`, of which `keys` are the plain columns of GROUP BY. Between lane and tail travel rows of
/// `partial_schema`. Rows out, behind all lanes: `output` = [window_start, window_end if there is a window] keys, one column for each
/// call; then `_change`. What tells rows apart is window_start and the keys: of a session that grows only window_end changes, and one
/// that begins earlier or is merged into another leaves a delete of its old row. Rows come in the order of window_start and keys.
/// Immutable.
struct AggregateOptions {
  std::string name;  // of its state; the same at every start of the same query
  Schema input;
  std::vector<int> keys;
  std::optional<WindowOptions> window;
  std::vector<AggregateCall> calls;
  Schema output;  // without _change
  OutputMode mode = OutputMode::kAppend;
  /// Position in the output of the column whose value at or before the watermark makes a group final where there is no window; -1: none.
  int event_time_key = -1;
  /// Positions in the input of _topic (-1: one topic), _partition, _offset, if a call is `ordered`; else empty.
  std::vector<int> order;
  /// No GROUP BY: there is one group even without rows (count(*) is 0).
  bool global = false;
};

Schema partial_schema(const AggregateOptions& options);
/// One lane's part: gives its partial results at the end of each epoch, and keeps nothing over it.
Result<std::unique_ptr<Operator>> make_partial_aggregate(AggregateOptions options, Context& context);
/// The part behind all lanes: takes partial results, remembers, and gives what the mode wants at the end of the epoch. A group is final
/// when EpochInfo::evict is at or behind its end; groups that ended at or before EpochInfo::late take nothing more: such rows are
/// counted (metric) and left out. In complete mode nothing is ever final, and nothing late. EpochInfo::last makes every group final.
Result<std::unique_ptr<Operator>> make_final_aggregate(AggregateOptions options, Context& context, state::StateTables& tables);

}  // namespace laketide
