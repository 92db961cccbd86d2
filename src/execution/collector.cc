#include "execution/collector.h"

#include <utility>

#include <arrow/array/data.h>
#include <arrow/record_batch.h>

namespace laketide {
namespace {

class Collector final : public Writer {
 public:
  Result<Step> write(const Batch& batch, Rejects&) override {
    rows_->add(batch);
    return Step::kReady;
  }
  Result<Step> end_epoch(EpochId, std::unique_ptr<Staged>& staged, Rejects&) override {
    staged = std::exchange(rows_, std::make_unique<CollectedRows>());
    return Step::kDone;
  }

 private:
  std::unique_ptr<CollectedRows> rows_ = std::make_unique<CollectedRows>();
};

int64_t bytes_of(const arrow::ArrayData& data) {
  int64_t bytes = 0;
  for (const auto& buffer : data.buffers) bytes += buffer ? buffer->size() : 0;
  for (const auto& child : data.child_data) bytes += bytes_of(*child);
  return bytes;
}

}  // namespace

void CollectedRows::add(Batch batch) {
  rows_ += batch->num_rows();
  for (const auto& column : batch->column_data()) bytes_ += bytes_of(*column);
  batches_.push_back(std::move(batch));
}

std::vector<Batch> CollectedRows::take() { return std::exchange(batches_, {}); }

std::unique_ptr<Writer> make_collector() { return std::make_unique<Collector>(); }

}  // namespace laketide
