#include "operators/filter.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include "expr/evaluate.h"
#include "operators/selection.h"

namespace laketide {
namespace {

class Filter final : public Operator {
 public:
  Filter(FilterOptions options, Context& context)
      : options_(std::move(options)), place_(*options_.input, options_.origin), memory_(context.memory) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects& rejects) override {
    LT_ASSIGN_OR_RETURN(std::vector<expr::Evaluated> condition, expr::evaluate({options_.condition}, *in, memory_));
    place_.refuse(*in, condition[0].errors, rejects);
    LT_ASSIGN_OR_RETURN(out, passed(in, condition[0]));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }

 private:
  // What the condition says of a row that has an error means nothing; those rows go first.
  Result<Batch> passed(const Batch& in, const expr::Evaluated& condition) const {
    auto kept = in->SelectColumns(options_.keep);
    if (!kept.ok()) return Status::internal("filter_columns", "the filter's columns are not in the batch: " + kept.status().ToString());
    if (condition.errors.empty()) return select_rows(*kept, condition.values, memory_);
    const auto with_condition = (*kept)->AddColumn(0, "condition", condition.values);
    if (!with_condition.ok()) return Status::internal("filter_columns", with_condition.status().ToString());
    LT_ASSIGN_OR_RETURN(const Batch good, without_rows(*with_condition, condition.errors, memory_));
    if (!good) return Batch();
    return select_rows(good->RemoveColumn(0).ValueOrDie(), good->column(0), memory_);
  }

  FilterOptions options_;
  RowPlace place_;
  arrow::MemoryPool* memory_;
};

}  // namespace

std::unique_ptr<Operator> make_filter(FilterOptions options, Context& context) {
  return std::make_unique<Filter>(std::move(options), context);
}

}  // namespace laketide
