// A bound query as a tree of relational steps, typed throughout, and how it becomes operators.
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

/// UNION ALL of what several plans make of the same rows; their outputs are alike. The node has no input of its own.
struct Union {
  std::vector<PlanPtr> branches;
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
using PlanStep = std::variant<Scan, Filter, Project, Unnest, Union, Aggregate, FirstRows, TopRows, Sort, Lookup>;

/// One step and what stands below it; a Scan has no input. `output` is without hidden columns: those of the Scan go with every row
/// up to the top or the first step that remembers; above that it is `_change` that goes with them. Expressions name columns of the input's
/// output, or pseudo-columns. Immutable.
struct PlanNode {
  PlanStep step;
  PlanPtr input;
  Schema output;
};

/// The columns of a source that are decoded, and the pseudo-columns that come behind them: the head of every chain.
struct Decoded {
  Schema columns;
  std::vector<std::string> hidden;
};

PlanPtr make_scan(Scan scan, Schema output);
PlanPtr make_filter_node(PlanPtr input, expr::ExprPtr condition);
PlanPtr make_project_node(PlanPtr input, std::vector<expr::ExprPtr> expressions, std::vector<std::shared_ptr<arrow::Field>> fields);
/// None of the branches remembers.
PlanPtr make_union_node(std::vector<PlanPtr> branches);
PlanPtr make_unnest_node(PlanPtr input, std::vector<expr::ExprPtr> arrays, std::vector<std::shared_ptr<arrow::Field>> fields);
PlanPtr make_lookup_node(PlanPtr input, Lookup lookup);

/// Leaves out at once what the groups do not need, so that the node stays the same one whatever is read from it.
PlanPtr make_aggregate_node(PlanPtr input, Aggregate aggregate, Schema output);

/// Steps that stand behind all lanes; `output` of the first and last is that of the input. What they need of a row's place goes with it.
PlanPtr make_first_rows_node(PlanPtr input, FirstRows first);
PlanPtr make_top_rows_node(PlanPtr input, TopRows top, const std::string& number);
PlanPtr make_sort_node(PlanPtr input, Sort sort);

/// Aggregate, FirstRows, TopRows, Sort: lanes end below the lowest of them.
bool remembers(const PlanNode& plan);
/// The columns of a step's keys; none for a Sort.
const std::vector<std::string>& keys_of(const PlanNode& memory);
/// The pseudo-columns that say where the rows come from which reach FirstRows, TopRows or Sort; none where they come from groups.
std::vector<std::string> places_below(const PlanNode& memory);

/// Of the rows that go through the plan; a static table that is joined is not looked at, nor in those below.
const Scan& scan_of(const PlanNode& plan);
/// Whether the rows are those of static tables.
bool is_static(const PlanNode& plan);
/// Every Scan below; several where there is a Union.
std::vector<const PlanNode*> scans_of(const PlanNode& plan);
/// The topmost step that remembers, at or below `plan`; null: there is none.
PlanPtr memory_of(const PlanPtr& plan);
/// How many steps remember, at or below `plan`.
int memories_below(const PlanPtr& plan);
/// Whether some expression above the topmost step that remembers may refuse a row.
bool can_fail(const PlanNode& plan);
/// The same result for the columns in `needed`, with no column below that no step needs, down to the topmost step that remembers.
PlanPtr prune(const PlanPtr& plan, const std::set<std::string>& needed);

}  // namespace laketide::sql
