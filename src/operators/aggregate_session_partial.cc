#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "operators/aggregate_parts.h"
#include "operators/row_ranks.h"
#include "operators/session_merge.h"

namespace laketide {
namespace {

/// One lane's sessions of one epoch, or of less where there are too many to keep. Confined to its task.
class PartialSessions final : public Operator {
 public:
  PartialSessions(AggregateOptions options, std::unique_ptr<SessionMerge> merge, std::optional<RowRanks> ranks, GroupStates states, arrow::MemoryPool* memory)
      : options_(std::move(options)),
        schema_(partial_schema(options_)),
        memory_(memory),
        merge_(std::move(merge)),
        ranks_(std::move(ranks)),
        states_(std::move(states)),
        counts_(memory) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects&) override {
    if (!flushing_) LT_RETURN_IF_ERROR(add(*in));
    if (!flushing_ && merge_->size() >= kSessionsMax) begin_flush();
    return flushing_ ? next_rows(out) : Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch& out) override {
    if (!flushing_ && merge_->size() > 0) begin_flush();
    return flushing_ ? next_rows(out) : Step::kReady;
  }

 private:
  static constexpr int64_t kSessionsMax = int64_t{1} << 17;  // as many groups as other aggregates keep in a lane

  Status add(const arrow::RecordBatch& in) {
    const arrow::Array& times = *in.column(options_.window->time);
    if (times.null_count() > 0) return Status::user("no_event_time", "a row has no time for its window; leave such rows out with WHERE … IS NOT NULL");
    const expr::Values<int64_t> values(times);
    starts_.clear();
    ends_.clear();
    for (int64_t row = 0; row < in.num_rows(); ++row) {
      int64_t end;
      if (__builtin_add_overflow(values[row], options_.window->size, &end)) end = std::numeric_limits<int64_t>::max();
      starts_.push_back(values[row]);
      ends_.push_back(end);
    }
    Columns keys;
    for (const int key : options_.keys) keys.push_back(in.column(key));
    LT_RETURN_IF_ERROR(merge_->add(keys, starts_, ends_, placed_));
    LT_RETURN_IF_ERROR(states_.resize(merge_->numbers()));
    LT_RETURN_IF_ERROR(counts_.reserve(merge_->numbers()));
    live_.resize(static_cast<size_t>(merge_->numbers()), false);
    for (const uint32_t session : merge_->added()) live_[session] = true;
    LT_RETURN_IF_ERROR(apply_moves());
    for (const uint32_t session : placed_) ++counts_[session];
    std::shared_ptr<arrow::Array> order;
    if (ranks_) {
      LT_ASSIGN_OR_RETURN(order, ranks_->of(in));
    }
    return states_.update(in, placed_, order.get());
  }

  Status apply_moves() {
    std::vector<uint32_t> from, to;
    for (const SessionMerge::Move& move : merge_->moves()) {
      if (move.into == move.session) continue;
      live_[move.session] = false;
      from.push_back(move.session);
      to.push_back(merge_->root(move.session));
      counts_[to.back()] += std::exchange(counts_[move.session], 0);
    }
    if (from.empty()) return {};
    LT_ASSIGN_OR_RETURN(const Columns states, states_.partial(from));
    LT_RETURN_IF_ERROR(states_.merge(states, to));
    states_.clear(from);
    return {};
  }

  void begin_flush() {
    given_.clear();
    for (size_t session = 0; session < live_.size(); ++session) {
      if (live_[session]) given_.push_back(static_cast<uint32_t>(session));
    }
    at_ = 0;
    flushing_ = true;
  }

  Result<Step> next_rows(Batch& out) {
    const auto sessions = std::span(given_).subspan(at_, std::min(AggregateRows::kRowsAtOnce, given_.size() - at_));
    at_ += sessions.size();
    LT_ASSIGN_OR_RETURN(out, rows_of(sessions));
    if (at_ < given_.size()) return Step::kMore;
    states_.clear(given_);
    for (const uint32_t session : given_) counts_[session] = 0;
    merge_->clear();
    live_.clear();
    flushing_ = false;
    return Step::kReady;
  }

  Result<Batch> rows_of(std::span<const uint32_t> sessions) const {
    std::vector<int64_t> starts, ends;
    for (const uint32_t session : sessions) {
      starts.push_back((*merge_)[session].start);
      ends.push_back((*merge_)[session].end);
    }
    Columns columns(1);
    LT_ASSIGN_OR_RETURN(columns[0], moment_column(schema_->field(0)->type(), starts, memory_));
    LT_ASSIGN_OR_RETURN(Columns keys, merge_->keys(sessions, memory_));
    for (auto& key : keys) columns.push_back(std::move(key));
    LT_ASSIGN_OR_RETURN(auto end_column, moment_column(schema_->field(0)->type(), ends, memory_));
    columns.push_back(std::move(end_column));
    LT_ASSIGN_OR_RETURN(Columns states, states_.partial(sessions));
    for (auto& state : states) columns.push_back(std::move(state));
    LT_ASSIGN_OR_RETURN(auto counts, expr::memory_result(expr::fixed_column<int64_t>(expr::TypeId::kBigint, static_cast<int64_t>(sessions.size()), memory_, [&](int64_t row, int64_t& count) {
      count = counts_[sessions[static_cast<size_t>(row)]];
      return true;
    })));
    columns.push_back(std::move(counts));
    return Batch(arrow::RecordBatch::Make(schema_, static_cast<int64_t>(sessions.size()), std::move(columns)));
  }

  const AggregateOptions options_;
  const Schema schema_;
  arrow::MemoryPool* const memory_;
  std::unique_ptr<SessionMerge> merge_;
  std::optional<RowRanks> ranks_;
  GroupStates states_;
  expr::Paged<int64_t> counts_;
  std::vector<bool> live_;
  std::vector<int64_t> starts_, ends_;
  std::vector<uint32_t> placed_, given_;
  size_t at_ = 0;  // of the sessions given
  bool flushing_ = false;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_partial_sessions(AggregateOptions options, Context& context) {
  const Schema schema = partial_schema(options);
  const auto keys = arrow::FieldVector(schema->fields().begin() + 1, schema->fields().begin() + group_key_count(options));
  LT_ASSIGN_OR_RETURN(auto merge, SessionMerge::make(*arrow::schema(keys), context.memory));
  LT_ASSIGN_OR_RETURN(auto ranks, RowRanks::make(options, context.memory));
  LT_ASSIGN_OR_RETURN(GroupStates states, GroupStates::make(options.calls, context.memory));
  return std::unique_ptr<Operator>(std::make_unique<PartialSessions>(std::move(options), std::move(merge), std::move(ranks), std::move(states), context.memory));
}

}  // namespace laketide
