#include "operators/project.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>

#include "expr/evaluate.h"
#include "flow/change.h"
#include "operators/selection.h"

namespace laketide {
namespace {

class Project final : public Operator {
 public:
  Project(ProjectOptions options, Context& context)
      : options_(std::move(options)), place_(*options_.input, options_.origin), memory_(context.memory), context_(context) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects& rejects) override {
    LT_ASSIGN_OR_RETURN(std::vector<expr::Evaluated> values, expr::evaluate(options_.expressions, *in, memory_, context_.now));
    std::vector<std::shared_ptr<arrow::Array>> columns;
    expr::RowErrors errors;
    for (expr::Evaluated& value : values) {
      columns.push_back(std::move(value.values));
      errors = expr::merge(std::move(errors), std::move(value.errors));
    }
    if (options_.change >= 0) {
      const auto& changes = static_cast<const arrow::Int8Array&>(*in->column(options_.change));
      std::erase_if(errors, [&](const expr::RowError& error) { return changes.Value(error.row) == static_cast<int8_t>(Change::kDelete); });
    }
    for (int i = options_.input_visible; i < in->num_columns(); ++i) columns.push_back(in->column(i));
    const Batch all = arrow::RecordBatch::Make(options_.output, in->num_rows(), std::move(columns));
    place_.refuse(*in, errors, rejects);
    LT_ASSIGN_OR_RETURN(out, without_rows(all, errors, memory_));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }

 private:
  ProjectOptions options_;
  RowPlace place_;
  arrow::MemoryPool* memory_;
  const Context& context_;
};

}  // namespace

std::unique_ptr<Operator> make_project(ProjectOptions options, Context& context) {
  return std::make_unique<Project>(std::move(options), context);
}

}  // namespace laketide
