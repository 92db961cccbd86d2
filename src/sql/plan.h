// A bound query as a tree of relational steps, typed throughout, and how it becomes operators.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "expr/expression.h"
#include "flow/batch.h"
#include "flow/context.h"
#include "flow/operator.h"
#include "operators/row_place.h"

namespace laketide::sql {

struct PlanNode;
using PlanPtr = std::shared_ptr<const PlanNode>;

/// Rows of a source. `hidden`: pseudo-columns that the steps above name.
struct Scan {
  RowOrigin origin;
  bool pseudo_columns = true;  // false: the source's rows have no record behind them
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

/// One step and what stands below it; a Scan has no input. `output` is without hidden columns: those of the Scan go with every row
/// up to the top. Expressions name columns of the input's output, or pseudo-columns. Immutable.
struct PlanNode {
  std::variant<Scan, Filter, Project> step;
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

const Scan& scan_of(const PlanNode& plan);
/// Whether some row may be refused by some expression.
bool can_fail(const PlanNode& plan);
/// The same result for the columns in `needed`, with no column below that no step needs.
PlanPtr prune(const PlanPtr& plan, const std::set<std::string>& needed);
/// The tree as text, from the last step down to the source, a line a step.
std::string explain(const PlanNode& plan);

/// The operators of a plan behind a decoder that gives `decoded`; none for a plan that changes nothing.
Result<std::vector<std::unique_ptr<Operator>>> make_operators(const PlanNode& plan, const Decoded& decoded, Context& context);

}  // namespace laketide::sql
