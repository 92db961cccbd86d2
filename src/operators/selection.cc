#include "operators/selection.h"

#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>

namespace laketide {
namespace {

Status failure(const arrow::Status& status) {
  if (status.IsOutOfMemory()) return Status::external("out_of_memory", "rows cannot be copied, the pool's memory is used up: " + status.message());
  return Status::internal("selection_failed", "rows of a batch could not be selected: " + status.ToString());
}

arrow::Result<Batch> filtered(const Batch& batch, const std::shared_ptr<arrow::Array>& condition, arrow::MemoryPool* memory) {
  arrow::compute::ExecContext context(memory);
  context.set_use_threads(false);
  ARROW_ASSIGN_OR_RAISE(const arrow::Datum rows, arrow::compute::Filter(batch, condition, arrow::compute::FilterOptions::Defaults(), &context));
  return rows.record_batch();
}

}  // namespace

Result<Batch> select_rows(const Batch& batch, const std::shared_ptr<arrow::Array>& condition, arrow::MemoryPool* memory) {
  const int64_t taken = static_cast<const arrow::BooleanArray&>(*condition).true_count();
  if (taken == 0) return Batch();
  if (taken == batch->num_rows()) return batch;
  auto rows = filtered(batch, condition, memory);
  if (!rows.ok()) return failure(rows.status());
  return std::move(rows).ValueUnsafe();
}

Result<Batch> without_rows(const Batch& batch, const expr::RowErrors& errors, arrow::MemoryPool* memory) {
  if (errors.empty()) return batch;
  arrow::BooleanBuilder keep(memory);
  arrow::Status status = keep.Reserve(batch->num_rows());
  if (!status.ok()) return failure(status);
  auto error = errors.begin();
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    const bool refused = error != errors.end() && error->row == row;
    keep.UnsafeAppend(!refused);
    if (refused) ++error;
  }
  std::shared_ptr<arrow::Array> mask;
  status = keep.Finish(&mask);
  if (!status.ok()) return failure(status);
  return select_rows(batch, mask, memory);
}

}  // namespace laketide
