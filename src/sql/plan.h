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
#include "operators/row_place.h"
#include "sql/ordered_steps.h"

namespace laketide::sql {

struct PlanNode;
using PlanPtr = std::shared_ptr<const PlanNode>;

/// Rows of a source. `hidden`: pseudo-columns that the steps above name.
struct Scan {
  RowOrigin origin;
  bool pseudo_columns = true;  // false: the source's rows have no record behind them
  std::string event_time;      // a column; empty: none is declared
  Schema all;                  // the source's columns, of which the node's output has those that are read
  std::vector<std::string> hidden;
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

/// Rows that a window of a GROUP BY takes no longer. The node's output: window_start, window_end, that of the input.
struct LateRows {
  Window window;
};
using PlanStep = std::variant<Scan, Filter, Project, Unnest, Union, Aggregate, FirstRows, TopRows, Sort, LateRows>;

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

/// Leaves out at once what the groups do not need, so that the node stays the same one whatever is read from it.
PlanPtr make_aggregate_node(PlanPtr input, Aggregate aggregate, Schema output);

/// Steps that stand behind all lanes; `output` of the first and last is that of the input. What they need of a row's place goes with it.
PlanPtr make_first_rows_node(PlanPtr input, FirstRows first);
PlanPtr make_top_rows_node(PlanPtr input, TopRows top, const std::string& number);
PlanPtr make_sort_node(PlanPtr input, Sort sort);
/// Stands in lanes; it and what is below it are not pruned.
PlanPtr make_late_rows_node(PlanPtr input, Window window);

/// Aggregate, FirstRows, TopRows, Sort: lanes end below the lowest of them.
bool remembers(const PlanNode& plan);
/// The columns of a step's keys; none for a Sort.
const std::vector<std::string>& keys_of(const PlanNode& memory);
/// The pseudo-columns that say where the rows come from which reach FirstRows, TopRows or Sort; none where they come from groups.
std::vector<std::string> places_below(const PlanNode& memory);

const Scan& scan_of(const PlanNode& plan);
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
