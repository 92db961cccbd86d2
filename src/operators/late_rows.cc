#include "operators/late_rows.h"

#include <utility>
#include <vector>

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "flow/arrow_status.h"
#include "operators/aggregate_parts.h"
#include "operators/window.h"

namespace laketide {
namespace {

/// Confined to its task.
class LateRows final : public Operator {
 public:
  LateRows(LateRowsOptions options, Context& context)
      : options_(std::move(options)), windows_(options_.window), context_(context) {}

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    held_.push_back(in);
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    while (epoch.late && at_ < held_.size()) {
      const Batch rows = std::exchange(held_[at_++], nullptr);
      LT_ASSIGN_OR_RETURN(out, late_of(*rows, epoch.late->micros));
      if (out) return Step::kMore;
    }
    held_.clear();
    at_ = 0;
    return Step::kReady;
  }

 private:
  Result<Batch> late_of(const arrow::RecordBatch& rows, int64_t late) {
    const auto& times = rows.column(options_.window.time);
    const expr::Values<int64_t> values(*times);
    std::vector<int64_t> places, starts, ends;
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      if (times->IsNull(row)) continue;
      for (int64_t start = windows_.last_start(values[row]);; start -= windows_.slide()) {
        const int64_t end = windows_.end_of(start);
        if (end <= values[row]) break;
        if (end <= late) {
          places.push_back(row);
          starts.push_back(start);
          ends.push_back(end);
        }
        if (start < INT64_MIN + windows_.slide()) break;
      }
    }
    if (places.empty()) return Batch();
    return taken(rows, places, starts, ends);
  }

  Result<Batch> taken(const arrow::RecordBatch& rows, const std::vector<int64_t>& places, const std::vector<int64_t>& starts, const std::vector<int64_t>& ends) {
    const auto indices = std::make_shared<arrow::Int64Array>(static_cast<int64_t>(places.size()), arrow::Buffer::Wrap(places.data(), places.size()));
    const auto type = options_.input->field(options_.window.time)->type();
    arrow::FieldVector fields{arrow::field("window_start", type, false), arrow::field("window_end", type, false)};
    Columns columns(2);
    LT_ASSIGN_OR_RETURN(columns[0], moment_column(type, starts, context_.memory));
    LT_ASSIGN_OR_RETURN(columns[1], moment_column(type, ends, context_.memory));
    arrow::compute::ExecContext how(context_.memory);
    how.set_use_threads(false);
    for (int i = 0; i < rows.num_columns(); ++i) {
      auto column = arrow::compute::Take(*rows.column(i), *indices, arrow::compute::TakeOptions::NoBoundsCheck(), &how);
      if (!column.ok()) return from_arrow(column.status());
      columns.push_back(std::move(column).ValueUnsafe());
      fields.push_back(options_.input->field(i));
    }
    return Batch(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<int64_t>(places.size()), std::move(columns)));
  }

  const LateRowsOptions options_;
  const Windows windows_;
  Context& context_;
  std::vector<Batch> held_;
  size_t at_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_late_rows(LateRowsOptions options, Context& context) { return std::make_unique<LateRows>(std::move(options), context); }

}  // namespace laketide
