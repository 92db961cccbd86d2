// A bound query as a tree of relational steps, typed throughout: the tree, and what can be asked of it.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sql/plan_step.h"

namespace laketide::sql {

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
/// Where a branch remembers, the node does too, and stays the same one whatever is read from it.
PlanPtr make_union_node(std::vector<PlanPtr> branches);
PlanPtr make_unnest_node(PlanPtr input, std::vector<expr::ExprPtr> arrays, std::vector<std::shared_ptr<arrow::Field>> fields);
PlanPtr make_lookup_node(PlanPtr input, Lookup lookup);
PlanPtr make_join_node(Join join);

/// Leaves out at once what the groups do not need, so that the node stays the same one whatever is read from it.
PlanPtr make_aggregate_node(PlanPtr input, Aggregate aggregate, Schema output);

/// Steps that stand behind all lanes; `output` of the first and last is that of the input. What they need of a row's place goes with it.
PlanPtr make_first_rows_node(PlanPtr input, FirstRows first);
PlanPtr make_top_rows_node(PlanPtr input, TopRows top, const std::string& number);
PlanPtr make_sort_node(PlanPtr input, Sort sort);
/// Stands in lanes; it and what is below it are not pruned.
PlanPtr make_late_rows_node(PlanPtr input, Window window);

/// Aggregate, FirstRows, TopRows, Sort, Join, a Union of which a branch does: lanes end below the lowest of them.
bool remembers(const PlanNode& plan);
/// The columns of a step's keys; none for a Sort.
const std::vector<std::string>& keys_of(const PlanNode& memory);
/// The pseudo-columns that say where the rows come from which reach FirstRows, TopRows or Sort; none where they come from groups.
std::vector<std::string> places_below(const PlanNode& memory);

/// Of the rows that go through the plan; a static table that is joined is not looked at, nor in those below.
const Scan& scan_of(const PlanNode& plan);
/// Whether the rows are those of static tables.
bool is_static(const PlanNode& plan);
/// Every Scan below; several where there is a Union or a Join.
std::vector<const PlanNode*> scans_of(const PlanNode& plan);
/// The topmost step that remembers, at or below `plan`; null: there is none.
PlanPtr memory_of(const PlanPtr& plan);
/// The topmost steps that remember below one that does; of a Join or Union those of its sides or branches, in order.
std::vector<PlanPtr> memories_under(const PlanNode& memory);
/// Where the rows of lanes come into a step that remembers, or into one below it: at the step itself, at a side of a Join, or at a branch
/// of a Union that remembers nothing itself.
struct Entry {
  const PlanNode* memory = nullptr;
  int side = 0;  // or the branch
  const PlanNode& rows() const;  // what lanes do
};
/// Whether lanes count the rows that are too late for a step (Context::late_rows).
enum class LateCounting { kNone, kByPartition };
/// The port of the tail is the place in the list.
std::vector<Entry> entries_of(const PlanNode& memory);
/// The names of the sources whose rows go through the plan.
std::set<std::string> sources_of(const PlanNode& plan);
/// How many steps remember, at or below `plan`.
int memories_below(const PlanPtr& plan);
/// Whether some expression above the topmost step that remembers may refuse a row.
bool can_fail(const PlanNode& plan);
/// Every expression of the steps from `plan` down to `until`, that one aside (null: down to the sources); of a static table's side none.
void visit_expressions(const PlanNode& plan, const PlanNode* until, const std::function<void(const expr::Expression&)>& visit);
/// The same result for the columns in `needed`, with no column below that no step needs, down to the topmost step that remembers.
PlanPtr prune(const PlanPtr& plan, const std::set<std::string>& needed);

}  // namespace laketide::sql
