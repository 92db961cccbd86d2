// The steps that a query's plan is made of.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "expr/expression.h"
#include "flow/batch.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "operators/aggregate.h"
#include "operators/key_codec.h"
#include "operators/row_place.h"
#include "operators/stream_join.h"

namespace laketide::sql {

struct PlanNode;
using PlanPtr = std::shared_ptr<const PlanNode>;

/// Rows of a source, or of a static table. `hidden`: pseudo-columns that the steps above name.
struct Scan {
  RowOrigin origin;
  bool pseudo_columns = true;  // false: the source's rows have no record behind them
  std::string event_time;      // a column; empty: none is declared
  Schema all;                  // the source's columns, of which the node's output has those that are read
  std::vector<std::string> hidden;
  bool is_static = false;      // the whole content of a table, at the version of the epoch
};
/// The rows of the input for which the condition is true, reduced to the columns of the node's output.
struct Filter {
  expr::ExprPtr condition;
};
/// One expression for each column of the node's output.
struct Project {
  std::vector<expr::ExprPtr> expressions;
};
/// A row for each element of its arrays: the node's output is a column for each of them, then those of the input that go on.
struct Unnest {
  std::vector<expr::ExprPtr> arrays;
};

/// The rows of the input, each beside the rows of a static table that have equal keys and fulfil the condition; a NULL key equals
/// none. The node's output: columns of the input, then of the table (kMark: the mark). Their names differ.
struct Lookup {
  enum class Kind { kInner, kLeft, kMark };  // kLeft: a row without such rows has NULLs; kMark: each row once, with whether there are any
  Kind kind = Kind::kInner;
  PlanPtr table;                          // over a Scan that is static
  std::vector<expr::ExprPtr> keys;        // over the input
  std::vector<expr::ExprPtr> table_keys;  // over the table, of the same types
  expr::ExprPtr condition;                // over both; null: none
  std::string mark;                       // kMark
  bool in = false;                        // kMark: NULL where x IN (…) is unknown
};

/// What a condition says of the times of two rows that belong together: left − right, in microseconds.
struct TimeBound {
  std::string left, right;  // columns
  std::optional<int64_t> least, most;
};
/// JOIN of two streams whose columns have different names. The node's output: columns of the left, then of the right (kSemi, kAnti: of the
/// left alone); it has no input of its own.
struct Join {
  std::string name;  // of its state
  JoinKind kind = JoinKind::kInner;
  PlanPtr left, right;
  std::vector<expr::ExprPtr> left_keys, right_keys;  // equal in rows that belong together; of the same types
  expr::ExprPtr condition;                           // over both, and fails for no row; null: none
  std::vector<TimeBound> bounds;                     // what keys and condition say of time
};

/// UNION ALL of several plans; their outputs are alike. The node has no input of its own.
struct Union {
  std::vector<PlanPtr> branches;
  std::string name;  // of the state of those branches that remember; empty: none does
};

/// tumble, hop or session over a column of the input; microseconds.
struct Window {
  WindowOptions::Kind kind = WindowOptions::Kind::kTumble;
  std::string time;
  int64_t size = 0, slide = 0, offset = 0;
};
/// An aggregate's call: its arguments and the condition of FILTER are columns of the input.
struct Call {
  const expr::Aggregate* function = nullptr;
  expr::AggregateTypes types;
  std::vector<std::string> args;
  std::string filter;  // empty: none
  bool distinct = false;
};
/// GROUP BY. The node's output: window_start and window_end if there is a window, the keys, a column for each call.
struct Aggregate {
  std::string name;               // of its state
  std::vector<std::string> keys;  // columns of the input
  std::optional<Window> window;
  std::vector<Call> calls;

  int first_key() const { return window ? 2 : 0; }  // positions in the output
  int first_call() const { return first_key() + static_cast<int>(keys.size()); }
};

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
/// Rows that a window of a GROUP BY takes no longer. The node's output: window_start, window_end, that of the input.
struct LateRows {
  Window window;
};
using PlanStep = std::variant<Scan, Filter, Project, Unnest, Union, Aggregate, FirstRows, TopRows, Sort, Lookup, Join, LateRows>;

}  // namespace laketide::sql
