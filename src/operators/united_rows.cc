#include "operators/united_rows.h"

#include <utility>
#include <vector>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "operators/changed_rows.h"

namespace laketide {
namespace {

class UnitedRows final : public Operator {
 public:
  UnitedRows(Schema output, arrow::MemoryPool* memory) : output_(std::move(output)), memory_(memory) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects&) override {
    Batch changed = in;
    if (in->num_columns() < output_->num_fields()) {
      const std::vector<Change> inserts(static_cast<size_t>(in->num_rows()), Change::kInsert);
      LT_ASSIGN_OR_RETURN(changed, with_changes(*in, in->num_columns(), inserts, memory_));
    }
    out = arrow::RecordBatch::Make(output_, changed->num_rows(), changed->columns());
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }

 private:
  const Schema output_;
  arrow::MemoryPool* const memory_;
};

}  // namespace

std::unique_ptr<Operator> make_united_rows(Schema output, Context& context) { return std::make_unique<UnitedRows>(std::move(output), context.memory); }

}  // namespace laketide
