#include "operators/sort.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "flow/arrow_status.h"
#include "operators/changed_rows.h"

namespace laketide {
namespace {

/// Confined to its task.
class Sort final : public Operator {
 public:
  Sort(SortOptions options, RowRanks ranks, Context& context)
      : options_(std::move(options)), ranks_(std::move(ranks)), memory_(context.memory) {
    int64_t most = 0;
    if (options_.limit && !__builtin_add_overflow(*options_.limit, options_.offset, &most)) most_ = most;
  }

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    held_.push_back(in);
    rows_ += in->num_rows();
    if (rows_ / 2 >= most_ && rows_ > kRowsAtOnce) LT_RETURN_IF_ERROR(keep_first());
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch& out) override {
    if (!std::exchange(ending_, true)) {
      LT_RETURN_IF_ERROR(keep_first());
      given_ = options_.offset;
    }
    if (!held_.empty() && given_ < rows_) {
      LT_ASSIGN_OR_RETURN(out, next_rows());
      return Step::kMore;
    }
    held_.clear();
    rows_ = 0;
    ending_ = false;
    return Step::kReady;
  }

 private:
  static constexpr int64_t kRowsAtOnce = 8192;

  // What is held becomes one batch in order, with no more rows than can be asked for.
  Status keep_first() {
    if (held_.empty()) return {};
    auto all = arrow::ConcatenateRecordBatches(held_, memory_);
    if (!all.ok()) return from_arrow(all.status());
    LT_ASSIGN_OR_RETURN(const auto ranks, ranks_.of(**all));
    const expr::Values<std::string_view> values(*ranks);
    std::vector<int64_t> rows(static_cast<size_t>(rows_));
    std::iota(rows.begin(), rows.end(), 0);
    std::stable_sort(rows.begin(), rows.end(), [&](int64_t left, int64_t right) { return values[left] < values[right]; });
    rows.resize(static_cast<size_t>(std::min(rows_, most_)));
    const auto places = std::make_shared<arrow::Int64Array>(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows.data(), rows.size()));
    arrow::compute::ExecContext context(memory_);
    context.set_use_threads(false);
    const auto taken = arrow::compute::Take(*all, places, arrow::compute::TakeOptions::NoBoundsCheck(), &context);
    if (!taken.ok()) return from_arrow(taken.status());
    held_ = {taken->record_batch()};
    rows_ = held_[0]->num_rows();
    return {};
  }

  Result<Batch> next_rows() {
    const Batch some = held_[0]->Slice(given_, kRowsAtOnce);
    given_ += some->num_rows();
    return with_changes(*some, options_.output, std::vector<Change>(static_cast<size_t>(some->num_rows()), Change::kInsert), memory_);
  }

  const SortOptions options_;
  RowRanks ranks_;
  arrow::MemoryPool* const memory_;
  int64_t most_ = std::numeric_limits<int64_t>::max();  // rows that can be asked for
  std::vector<Batch> held_;
  int64_t rows_ = 0, given_ = 0;  // in held_; of the ordered rows
  bool ending_ = false;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_sort(SortOptions options, Context& context) {
  LT_ASSIGN_OR_RETURN(RowRanks ranks, RowRanks::make(*options.input, options.order, options.place, context.memory));
  return std::unique_ptr<Operator>(std::make_unique<Sort>(std::move(options), std::move(ranks), context));
}

}  // namespace laketide
