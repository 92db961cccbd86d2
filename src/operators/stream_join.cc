#include "operators/stream_join.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "expr/evaluate.h"
#include "expr/value_columns.h"
#include "flow/arrow_status.h"
#include "flow/change.h"
#include "operators/join_table.h"
#include "operators/row_ranks.h"

namespace laketide {
namespace {

constexpr size_t kRowsAtOnce = 8192;
constexpr int kLeft = 0, kRight = 1;

/// What one input brings in an epoch, and what it remembers. Confined to its task.
struct Side {
  const JoinInput* input = nullptr;
  std::unique_ptr<JoinTable> table;
  std::optional<RowRanks> ranks;
  bool alone = false;  // its rows come out without a partner
  std::vector<Batch> held;
  std::vector<uint32_t> fresh, firsts;  // this epoch's rows, and the first partner of each
  std::vector<uint32_t> gone;           // rows that are forgotten at its end
};

bool comes_alone(JoinKind kind, int side) {
  if (side == kLeft) return kind == JoinKind::kLeft || kind == JoinKind::kFull || kind == JoinKind::kAnti;
  return kind == JoinKind::kRight || kind == JoinKind::kFull;
}

Result<Batch> rows_at(const Batch& batch, const std::vector<int64_t>& rows, arrow::MemoryPool* memory) {
  const auto places = std::make_shared<arrow::Int64Array>(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows));
  arrow::compute::ExecContext context(memory);
  context.set_use_threads(false);
  auto taken = arrow::compute::Take(batch, places, arrow::compute::TakeOptions::NoBoundsCheck(), &context);
  if (!taken.ok()) return from_arrow(taken.status());
  return taken->record_batch();
}

/// Confined to its task.
class StreamJoin final : public Operator {
 public:
  StreamJoin(StreamJoinOptions options, Context& context) : options_(std::move(options)), memory_(context.memory), context_(context) {
    arrow::FieldVector fields = options_.output->fields();
    fields.push_back(change_field());
    schema_ = arrow::schema(std::move(fields));
    if (!context.metrics) return;
    Labels labels = context.labels;
    labels["operator"] = options_.name;
    late_ = context.metrics->counter("laketide_join_late_records_total", "Rows that came when their partners may have been forgotten.", labels);
  }

  Status prepare(state::StateTables& tables) {
    for (const int side : {kLeft, kRight}) {
      const JoinInput& input = options_.inputs[static_cast<size_t>(side)];
      Side& one = sides_[static_cast<size_t>(side)];
      one.input = &input;
      one.alone = comes_alone(options_.kind, side);
      LT_ASSIGN_OR_RETURN(one.table, JoinTable::make({input.rows, input.keys, input.expiry, input.keep}, memory_));
      if (!input.order.empty()) {
        LT_ASSIGN_OR_RETURN(one.ranks, RowRanks::make(*input.rows, input.order, memory_));
      }
      tables.declare(options_.name + (side == kLeft ? ".left" : ".right"), one.table.get());
    }
    return pair_columns();
  }

  Result<Step> process(Port port, const Batch& in, Batch&, Rejects&) override {
    sides_[static_cast<size_t>(port)].held.push_back(in);
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    switch (phase_) {
      case Phase::kCollect:
        LT_RETURN_IF_ERROR(begin(kLeft, epoch));
        phase_ = Phase::kPairLeft;
        return Step::kMore;
      case Phase::kPairLeft: {
        LT_ASSIGN_OR_RETURN(const bool more, pair(kLeft, out));
        if (more) return Step::kMore;
        LT_RETURN_IF_ERROR(begin(kRight, epoch));
        phase_ = Phase::kPairRight;
        return Step::kMore;
      }
      case Phase::kPairRight: {
        LT_ASSIGN_OR_RETURN(const bool more, pair(kRight, out));
        if (more) return Step::kMore;
        LT_RETURN_IF_ERROR(find_ended(epoch));
        phase_ = Phase::kAlone;
        return Step::kMore;
      }
      case Phase::kAlone: {
        LT_ASSIGN_OR_RETURN(const bool more, give_alone(out));
        if (more) return Step::kMore;
        for (Side& side : sides_) {
          LT_RETURN_IF_ERROR(side.table->forget(side.gone));
          LT_RETURN_IF_ERROR(side.table->finish_epoch());
          side.gone.clear();
        }
        phase_ = Phase::kCollect;
        return Step::kReady;
      }
    }
    return Status::internal("join_phase", "a join ended its epoch twice");
  }

 private:
  /// Of an epoch's end. The left's new rows meet the right's old ones; then the right's new rows meet all of the left.
  enum class Phase { kCollect, kPairLeft, kPairRight, kAlone };

  // Where the condition's columns stand: the rest is looked up for the pairs that pass.
  Status pair_columns() {
    std::array<std::vector<int>, 2> visible;
    for (size_t side = 0; side < 2; ++side) {
      visible[side].resize(static_cast<size_t>(options_.inputs[side].visible));
      std::iota(visible[side].begin(), visible[side].end(), 0);
    }
    if (options_.kind == JoinKind::kSemi || options_.kind == JoinKind::kAnti) visible[kRight].clear();
    visible_ = std::move(visible);
    if (!options_.condition) return {};
    std::set<std::string> names;
    expr::collect_columns(*options_.condition, names);
    arrow::FieldVector fields;
    for (size_t side = 0; side < 2; ++side) {
      const arrow::Schema& rows = *options_.inputs[side].rows;
      for (int i = 0; i < rows.num_fields(); ++i) {
        if (!names.contains(rows.field(i)->name())) continue;
        needed_[side].push_back(i);
        fields.push_back(rows.field(i));
      }
    }
    pair_schema_ = arrow::schema(std::move(fields));
    LT_ASSIGN_OR_RETURN(condition_, expr::resolve(options_.condition, *pair_schema_));
    return {};
  }

  /// Remembers what the side brought, and finds where each row's partners begin.
  Status begin(int at, const EpochInfo& epoch) {
    Side& side = sides_[static_cast<size_t>(at)];
    Side& other = sides_[static_cast<size_t>(1 - at)];
    side.fresh.clear();
    side.firsts.clear();
    turn_ = 0;
    partner_ = JoinTable::kNone;
    LT_ASSIGN_OR_RETURN(const Batch rows, sorted(side, epoch));
    if (!rows) return {};
    LT_RETURN_IF_ERROR(side.table->add(rows));
    side.fresh.assign(side.table->added().begin(), side.table->added().end());
    Columns keys;
    for (const int key : side.input->keys) keys.push_back(rows->column(key));
    LT_RETURN_IF_ERROR(other.table->find(keys, rows->num_rows(), side.firsts));
    partner_ = side.firsts.front();
    return {};
  }

  // In the order of the records, which neither lanes nor batches change; without the late ones, and those that can never come out.
  Result<Batch> sorted(Side& side, const EpochInfo& epoch) {
    if (side.held.empty()) return Batch();
    auto all = arrow::ConcatenateRecordBatches(std::exchange(side.held, {}), memory_);
    if (!all.ok()) return from_arrow(all.status());
    std::vector<int64_t> rows(static_cast<size_t>((*all)->num_rows()));
    std::iota(rows.begin(), rows.end(), 0);
    if (side.ranks) {
      LT_ASSIGN_OR_RETURN(const auto ranks, side.ranks->of(**all));
      const expr::Values<std::string_view> places(*ranks);
      std::stable_sort(rows.begin(), rows.end(), [&](int64_t left, int64_t right) { return places[left] < places[right]; });
    }
    const JoinInput& input = *side.input;
    if (input.time >= 0 && epoch.late) {
      const arrow::Array& column = *(*all)->column(input.time);
      const expr::Values<int64_t> times(column);
      const size_t before = rows.size();
      std::erase_if(rows, [&](int64_t row) { return column.IsValid(row) && times[row] <= epoch.late->micros - input.lag; });
      if (late_ && rows.size() < before) late_->add(static_cast<double>(before - rows.size()));
    }
    if (!side.alone) {
      Columns keys;
      for (const int key : input.keys) keys.push_back((*all)->column(key));
      const std::vector<bool> unknown = with_null(keys, (*all)->num_rows());
      std::erase_if(rows, [&](int64_t row) { return unknown[static_cast<size_t>(row)]; });
    }
    if (rows.empty()) return Batch();
    return rows_at(*all, rows, memory_);
  }

  /// Some pairs of the side's new rows. False: there are no more.
  Result<bool> pair(int at, Batch& out) {
    Side& side = sides_[static_cast<size_t>(at)];
    const JoinTable& other = *sides_[static_cast<size_t>(1 - at)].table;
    std::array<std::vector<uint32_t>, 2> pairs;
    while (turn_ < side.fresh.size() && pairs[0].size() < kRowsAtOnce) {
      if (partner_ == JoinTable::kNone) {
        if (++turn_ < side.fresh.size()) partner_ = side.firsts[turn_];
        continue;
      }
      pairs[static_cast<size_t>(at)].push_back(side.fresh[turn_]);
      pairs[static_cast<size_t>(1 - at)].push_back(partner_);
      partner_ = other.next(partner_);
    }
    if (pairs[0].empty()) return false;
    LT_RETURN_IF_ERROR(keep_true(pairs));
    if (!pairs[0].empty()) LT_RETURN_IF_ERROR(give(pairs, out));
    return true;
  }

  Status keep_true(std::array<std::vector<uint32_t>, 2>& pairs) const {
    if (!condition_) return {};
    Columns columns;
    for (size_t side = 0; side < 2; ++side) {
      LT_ASSIGN_OR_RETURN(Columns some, sides_[side].table->columns(pairs[side], needed_[side]));
      for (auto& column : some) columns.push_back(std::move(column));
    }
    const auto rows = arrow::RecordBatch::Make(pair_schema_, static_cast<int64_t>(pairs[0].size()), std::move(columns));
    LT_ASSIGN_OR_RETURN(const std::vector<expr::Evaluated> made, expr::evaluate({condition_}, *rows, memory_, context_.now));
    if (!made[0].errors.empty()) return Status::internal("join_condition", "the condition of a join failed for a pair, and was said to be one that cannot");
    const auto& passes = static_cast<const arrow::BooleanArray&>(*made[0].values);
    size_t kept = 0;
    for (size_t i = 0; i < pairs[0].size(); ++i) {
      if (!passes.IsValid(static_cast<int64_t>(i)) || !passes.Value(static_cast<int64_t>(i))) continue;
      for (auto& rows_of_side : pairs) rows_of_side[kept] = rows_of_side[i];
      ++kept;
    }
    for (auto& rows_of_side : pairs) rows_of_side.resize(kept);
    return {};
  }

  Status give(std::array<std::vector<uint32_t>, 2>& pairs, Batch& out) {
    const bool once = options_.kind == JoinKind::kSemi || options_.kind == JoinKind::kAnti;
    for (size_t side = 0; side < (once ? 0 : 2); ++side) {
      if (!sides_[side].alone) continue;
      for (const uint32_t row : pairs[side]) sides_[side].table->meet(row);
    }
    if (once) {
      std::erase_if(pairs[kLeft], [&](uint32_t row) { return !sides_[kLeft].table->meet(row); });
      pairs[kRight].clear();
      if (options_.kind == JoinKind::kAnti || pairs[kLeft].empty()) return {};
    }
    return make(pairs, out);
  }

  Status make(const std::array<std::vector<uint32_t>, 2>& pairs, Batch& out) const {
    const auto count = static_cast<int64_t>(std::max(pairs[kLeft].size(), pairs[kRight].size()));
    Columns columns;
    for (size_t side = 0; side < 2; ++side) {
      if (visible_[side].empty()) continue;
      LT_ASSIGN_OR_RETURN(Columns some, sides_[side].table->columns(pairs[side], visible_[side]));
      for (auto& column : some) columns.push_back(std::move(column));
    }
    auto inserts = arrow::MakeArrayFromScalar(arrow::Int8Scalar(static_cast<int8_t>(Change::kInsert)), count, memory_);
    if (!inserts.ok()) return from_arrow(inserts.status());
    columns.push_back(*inserts);
    out = arrow::RecordBatch::Make(schema_, count, std::move(columns));
    return {};
  }

  Status find_ended(const EpochInfo& epoch) {
    turn_ = 0;
    alone_side_ = 0;
    const int64_t moment = epoch.last ? JoinTable::kNever : epoch.evict ? epoch.evict->micros : std::numeric_limits<int64_t>::min();
    for (Side& side : sides_) {
      LT_ASSIGN_OR_RETURN(side.gone, side.table->ended(moment));
    }
    return {};
  }

  /// Some of the rows that are forgotten and never had a partner. False: there are no more.
  Result<bool> give_alone(Batch& out) {
    for (; alone_side_ < 2; ++alone_side_, turn_ = 0) {
      const Side& side = sides_[alone_side_];
      if (!side.alone) continue;
      std::array<std::vector<uint32_t>, 2> rows;
      for (; turn_ < side.gone.size() && rows[alone_side_].size() < kRowsAtOnce; ++turn_) {
        if (!side.table->met(side.gone[turn_])) rows[alone_side_].push_back(side.gone[turn_]);
      }
      if (rows[alone_side_].empty()) continue;
      rows[1 - alone_side_].assign(rows[alone_side_].size(), JoinTable::kNone);
      LT_RETURN_IF_ERROR(make(rows, out));
      return true;
    }
    return false;
  }

  const StreamJoinOptions options_;
  arrow::MemoryPool* const memory_;
  const Context& context_;
  Schema schema_, pair_schema_;
  expr::ExprPtr condition_;  // over pair_schema_
  std::array<std::vector<int>, 2> visible_, needed_;
  std::shared_ptr<Counter> late_;
  std::array<Side, 2> sides_;
  Phase phase_ = Phase::kCollect;
  size_t turn_ = 0;        // of the fresh rows that are paired; of the rows that go
  uint32_t partner_ = JoinTable::kNone;  // its next
  size_t alone_side_ = 0;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_stream_join(StreamJoinOptions options, Context& context, state::StateTables& tables) {
  auto join = std::make_unique<StreamJoin>(std::move(options), context);
  LT_RETURN_IF_ERROR(join->prepare(tables));
  return std::unique_ptr<Operator>(std::move(join));
}

}  // namespace laketide
