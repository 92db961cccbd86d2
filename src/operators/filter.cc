#include "operators/filter.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

#include "expr/evaluate.h"
#include "flow/arrow_status.h"
#include "flow/change.h"
#include "operators/selection.h"

namespace laketide {
namespace {

Change change_at(const arrow::Int8Array& changes, int64_t row) { return static_cast<Change>(changes.Value(row)); }

class Filter final : public Operator {
 public:
  Filter(FilterOptions options, Context& context)
      : options_(std::move(options)), place_(*options_.input, options_.origin), memory_(context.memory), context_(context) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects& rejects) override {
    LT_ASSIGN_OR_RETURN(std::vector<expr::Evaluated> condition, expr::evaluate({options_.condition}, *in, memory_, context_.now));
    if (options_.change >= 0) {
      LT_ASSIGN_OR_RETURN(out, changed(in, condition[0], rejects));
      return Step::kReady;
    }
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

  // The sink may have a row that no longer passes: it must go there too. One that was never there needs no word.
  Result<Batch> changed(const Batch& in, expr::Evaluated& condition, Rejects& rejects) const {
    const auto& changes = static_cast<const arrow::Int8Array&>(*in->column(options_.change));
    const auto& passes = static_cast<const arrow::BooleanArray&>(*condition.values);
    std::erase_if(condition.errors, [&](const expr::RowError& error) { return change_at(changes, error.row) == Change::kDelete; });
    place_.refuse(*in, condition.errors, rejects);
    arrow::BooleanBuilder keep(memory_);
    arrow::Int8Builder becomes(memory_);
    auto error = condition.errors.begin();
    for (int64_t row = 0; row < in->num_rows(); ++row) {
      const Change was = change_at(changes, row);
      const bool failed = error != condition.errors.end() && error->row == row;
      if (failed) ++error;
      const bool passed = was != Change::kDelete && passes.IsValid(row) && passes.Value(row);
      const bool kept = !failed && (passed || was != Change::kInsert);
      LT_RETURN_IF_ERROR(from_arrow(keep.Append(kept)));
      LT_RETURN_IF_ERROR(from_arrow(becomes.Append(static_cast<int8_t>(passed ? was : Change::kDelete))));
    }
    std::shared_ptr<arrow::Array> mask, column;
    LT_RETURN_IF_ERROR(from_arrow(keep.Finish(&mask)));
    LT_RETURN_IF_ERROR(from_arrow(becomes.Finish(&column)));
    const auto with_changes = in->SetColumn(options_.change, in->schema()->field(options_.change), column);
    if (!with_changes.ok()) return from_arrow(with_changes.status());
    const auto columns = (*with_changes)->SelectColumns(options_.keep);
    if (!columns.ok()) return from_arrow(columns.status());
    return select_rows(*columns, mask, memory_);
  }

  FilterOptions options_;
  RowPlace place_;
  arrow::MemoryPool* memory_;
  const Context& context_;
};

}  // namespace

std::unique_ptr<Operator> make_filter(FilterOptions options, Context& context) {
  return std::make_unique<Filter>(std::move(options), context);
}

}  // namespace laketide
