#include "operators/mark_deletes.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include "flow/arrow_status.h"
#include "flow/change_column.h"

namespace laketide {
namespace {

class MarkDeletes final : public Operator {
 public:
  MarkDeletes(MarkDeletesOptions options, Context& context) : options_(options), memory_(context.memory) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects&) override {
    LT_ASSIGN_OR_RETURN(const auto changes, changed(*in));
    auto rows = in->RemoveColumn(options_.condition);
    if (!rows.ok()) return from_arrow(rows.status());
    const int known = (*rows)->schema()->GetFieldIndex(std::string(kChangeColumn));
    rows = known >= 0 ? (*rows)->SetColumn(known, change_field(), changes) : (*rows)->AddColumn((*rows)->num_columns(), change_field(), changes);
    if (!rows.ok()) return from_arrow(rows.status());
    out = std::move(rows).ValueUnsafe();
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }

 private:
  Result<std::shared_ptr<arrow::Array>> changed(const arrow::RecordBatch& in) const {
    const ChangeColumn was(in);
    const auto column = in.column(options_.condition);
    const auto& condition = static_cast<const arrow::BooleanArray&>(*column);
    arrow::Int8Builder becomes(memory_);
    LT_RETURN_IF_ERROR(from_arrow(becomes.Reserve(in.num_rows())));
    for (int64_t row = 0; row < in.num_rows(); ++row) {
      const bool ends = condition.IsValid(row) && condition.Value(row);
      becomes.UnsafeAppend(static_cast<int8_t>(ends ? Change::kDelete : was.at(row)));
    }
    std::shared_ptr<arrow::Array> changes;
    LT_RETURN_IF_ERROR(from_arrow(becomes.Finish(&changes)));
    return changes;
  }

  const MarkDeletesOptions options_;
  arrow::MemoryPool* const memory_;
};

}  // namespace

std::unique_ptr<Operator> make_mark_deletes(MarkDeletesOptions options, Context& context) {
  return std::make_unique<MarkDeletes>(options, context);
}

}  // namespace laketide
