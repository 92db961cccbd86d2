#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/aggregate_rows.h"
#include "operators/aggregate.h"
#include "operators/aggregate_parts.h"
#include "operators/row_ranks.h"
#include "operators/window.h"

namespace laketide {
namespace {

/// One lane's groups of one epoch, or of less where there are too many to keep. Confined to its task.
class PartialAggregate final : public Operator {
 public:
  static Result<std::unique_ptr<Operator>> make(AggregateOptions options, Context& context) {
    const Schema schema = partial_schema(options);
    const auto keys = arrow::FieldVector(schema->fields().begin(), schema->fields().begin() + group_key_count(options));
    LT_ASSIGN_OR_RETURN(auto index, KeyIndex::make(*arrow::schema(keys), context.memory));
    LT_ASSIGN_OR_RETURN(auto ranks, RowRanks::make(options, context.memory));
    LT_ASSIGN_OR_RETURN(GroupStates states, GroupStates::make(options.calls, context.memory));
    return std::unique_ptr<Operator>(
        new PartialAggregate(std::move(options), schema, std::move(index), std::move(ranks), std::move(states), context.memory));
  }

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects&) override {
    if (!flushing_) LT_RETURN_IF_ERROR(add(*in));
    flushing_ |= index_->numbers() >= kGroupsMax;
    return flushing_ ? next_rows(out) : Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch& out) override {
    flushing_ = index_->numbers() > 0;
    return flushing_ ? next_rows(out) : Step::kReady;
  }

 private:
  /// Above this a lane's groups no longer fit a core's cache, and what the tail has not seen is held twice.
  static constexpr int64_t kGroupsMax = int64_t{1} << 17;

  PartialAggregate(AggregateOptions options, Schema schema, std::unique_ptr<KeyIndex> index, std::optional<RowRanks> ranks,
                   GroupStates states, arrow::MemoryPool* memory)
      : options_(std::move(options)),
        schema_(std::move(schema)),
        memory_(memory),
        index_(std::move(index)),
        ranks_(std::move(ranks)),
        states_(std::move(states)),
        counts_(memory) {
    if (options_.window) windows_.emplace(*options_.window);
  }

  Status add(const arrow::RecordBatch& in) {
    Columns keys;
    if (windows_) {
      const auto& times = *in.column(options_.window->time);
      if (times.null_count() > 0) return Status::user("no_event_time", "a row has no time for its window; leave such rows out with WHERE … IS NOT NULL");
      LT_ASSIGN_OR_RETURN(auto panes, windows_->panes_of(times, memory_));
      keys.push_back(std::move(panes));
    }
    for (const int key : options_.keys) keys.push_back(in.column(key));
    LT_RETURN_IF_ERROR(index_->find_or_add(keys, in.num_rows(), groups_));
    LT_RETURN_IF_ERROR(states_.resize(index_->numbers()));
    LT_RETURN_IF_ERROR(counts_.reserve(index_->numbers()));
    for (const uint32_t group : groups_) ++counts_[group];
    std::shared_ptr<arrow::Array> order;
    if (ranks_) {
      LT_ASSIGN_OR_RETURN(order, ranks_->of(in));
    }
    return states_.update(in, groups_, order.get());
  }

  // The next groups; after the last of them it is as if nothing had come yet.
  Result<Step> next_rows(Batch& out) {
    const int64_t count = std::min<int64_t>(index_->numbers() - given_, static_cast<int64_t>(AggregateRows::kRowsAtOnce));
    groups_.resize(static_cast<size_t>(count));
    std::iota(groups_.begin(), groups_.end(), static_cast<uint32_t>(given_));
    LT_ASSIGN_OR_RETURN(Columns columns, index_->keys(groups_, memory_));
    LT_ASSIGN_OR_RETURN(Columns states, states_.partial(groups_));
    for (auto& state : states) columns.push_back(std::move(state));
    LT_ASSIGN_OR_RETURN(auto counts, expr::memory_result(expr::fixed_column<int64_t>(expr::TypeId::kBigint, count, memory_, [&](int64_t row, int64_t& out) {
      out = counts_[groups_[static_cast<size_t>(row)]];
      return true;
    })));
    columns.push_back(std::move(counts));
    states_.clear(groups_);
    for (const uint32_t group : groups_) counts_[group] = 0;
    given_ += count;
    if (given_ == index_->numbers()) {
      index_->clear();
      given_ = 0;
      flushing_ = false;
    }
    out = arrow::RecordBatch::Make(schema_, count, std::move(columns));
    return flushing_ ? Step::kMore : Step::kReady;
  }

  const AggregateOptions options_;
  const Schema schema_;
  arrow::MemoryPool* const memory_;
  std::unique_ptr<KeyIndex> index_;
  std::optional<RowRanks> ranks_;
  std::optional<Windows> windows_;
  GroupStates states_;
  expr::Paged<int64_t> counts_;
  std::vector<uint32_t> groups_;
  int64_t given_ = 0;  // groups of the current flush that went out
  bool flushing_ = false;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_partial_aggregate(AggregateOptions options, Context& context) {
  if (options.window && options.window->kind == WindowOptions::Kind::kSession) return make_partial_sessions(std::move(options), context);
  return PartialAggregate::make(std::move(options), context);
}

}  // namespace laketide
