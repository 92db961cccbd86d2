#include "expr/evaluate.h"

#include <map>
#include <utility>

#include <arrow/array/util.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include "expr/function.h"

namespace laketide::expr {
namespace {

/// Walks expressions over one batch. Shared nodes are computed once. Confined to its task.
class Evaluator {
 public:
  Evaluator(const arrow::RecordBatch& batch, arrow::MemoryPool* memory, Instant now) : batch_(batch), memory_(memory), now_(now) {}

  arrow::Result<Column> column_of(const Expression& node) {
    if (node.kind == Expression::Kind::kColumn) return Column{node.type, batch_.column_data(node.slot), false, {}};
    if (node.kind == Expression::Kind::kConstant) return Column{node.type, node.value, true, {}};
    if (!node.shared) return computed(node);
    if (const auto known = shared_.find(&node); known != shared_.end()) return known->second;
    ARROW_ASSIGN_OR_RAISE(Column column, computed(node));
    return shared_.emplace(&node, std::move(column)).first->second;
  }

  arrow::Result<Evaluated> value_of(const Expression& node) {
    if (node.kind == Expression::Kind::kColumn) return Evaluated{batch_.column(node.slot), {}};
    ARROW_ASSIGN_OR_RAISE(Column column, column_of(node));
    auto values = arrow::MakeArray(column.data);
    if (column.constant) {
      ARROW_ASSIGN_OR_RAISE(const auto one, values->GetScalar(0));
      ARROW_ASSIGN_OR_RAISE(values, arrow::MakeArrayFromScalar(*one, batch_.num_rows(), memory_));
    }
    return Evaluated{std::move(values), std::move(column.errors)};
  }

 private:
  arrow::Result<Column> computed(const Expression& node) {
    std::vector<Column> args;
    args.reserve(node.args.size());
    for (const ExprPtr& arg : node.args) {
      ARROW_ASSIGN_OR_RAISE(args.emplace_back(), column_of(*arg));
    }
    Column out;
    ARROW_RETURN_NOT_OK(node.function->kernel(Call{node, batch_.num_rows(), memory_, now_}, args, out));
    return out;
  }

  const arrow::RecordBatch& batch_;
  arrow::MemoryPool* memory_;
  Instant now_;
  std::map<const Expression*, Column> shared_;
};

// As the seams' from_arrow has it, which this room does not see.
Status failure(const arrow::Status& status) {
  if (status.IsOutOfMemory()) {
    return Status::user("memory_exceeded", "an expression needs more memory than its pool has; raise engine.memory or the pool's memory: " + status.message());
  }
  return Status::internal("expression_failed", "an expression could not be computed: " + status.ToString());
}

}  // namespace

Result<std::vector<Evaluated>> evaluate(const std::vector<ExprPtr>& expressions, const arrow::RecordBatch& batch, arrow::MemoryPool* memory, Instant now) {
  Evaluator evaluator(batch, memory, now);
  std::vector<Evaluated> all;
  all.reserve(expressions.size());
  for (const ExprPtr& expression : expressions) {
    auto value = evaluator.value_of(*expression);
    if (!value.ok()) return failure(value.status());
    all.push_back(std::move(value).ValueUnsafe());
  }
  return all;
}

Result<ExprPtr> fold(const ExprPtr& node) {
  if (node->kind != Expression::Kind::kCall || is_of_epoch(*node)) return node;
  const auto nothing = arrow::RecordBatch::Make(arrow::schema({}), 1, std::vector<std::shared_ptr<arrow::Array>>{});
  LT_ASSIGN_OR_RETURN(std::vector<Evaluated> values, evaluate({node}, *nothing, arrow::default_memory_pool()));
  if (!values[0].errors.empty()) {
    const RowError& error = values[0].errors.front();
    return Status::user(to_string(error.code), describe(error, false));
  }
  return constant(node->type, values[0].values->data(), node->place);
}

}  // namespace laketide::expr
