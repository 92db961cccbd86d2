#include "operators/epoch_columns.h"

#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/util.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/scalar.h>

#include "flow/arrow_status.h"
#include "flow/pseudo_columns.h"

namespace laketide {
namespace {

class EpochColumns final : public Operator {
 public:
  EpochColumns(EpochColumnsOptions options, Context& context) : options_(std::move(options)), context_(context) {
    if (const auto pipeline = context.labels.find("pipeline"); pipeline != context.labels.end()) pipeline_ = pipeline->second;
  }

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects&) override {
    std::vector<std::shared_ptr<arrow::Array>> columns = in->columns();
    auto behind = columns.begin() + options_.visible;
    for (const std::string& name : options_.names) {
      auto made = arrow::MakeArrayFromScalar(*value_of(name), in->num_rows(), context_.memory);
      if (!made.ok()) return from_arrow(made.status());
      behind = columns.insert(behind, std::move(made).ValueUnsafe()) + 1;
    }
    out = arrow::RecordBatch::Make(options_.output, in->num_rows(), std::move(columns));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }

 private:
  std::shared_ptr<arrow::Scalar> value_of(const std::string& name) const {
    if (name == "_pipeline") return std::make_shared<arrow::StringScalar>(pipeline_);
    return std::make_shared<arrow::Int64Scalar>(name == kRowColumn ? 0 : context_.epoch.value);
  }

  const EpochColumnsOptions options_;
  const Context& context_;
  std::string pipeline_;
};

}  // namespace

std::unique_ptr<Operator> make_epoch_columns(EpochColumnsOptions options, Context& context) {
  return std::make_unique<EpochColumns>(std::move(options), context);
}

}  // namespace laketide
