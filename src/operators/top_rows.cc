#include "operators/top_rows.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "operators/aggregate_parts.h"
#include "operators/changed_rows.h"
#include "operators/top_table.h"

namespace laketide {
namespace {

/// Rows of keys that are chosen at an epoch's end, some at a time. Confined to its task.
class ChosenRows {
 public:
  static constexpr size_t kRowsAtOnce = 8192;

  void add(uint64_t place, int64_t number, Change change) {
    places_.push_back(place);
    numbers_.push_back(number);
    changes_.push_back(change);
  }
  void clear() {
    places_.clear();
    numbers_.clear();
    changes_.clear();
    given_ = 0;
  }
  bool more() const { return given_ < places_.size(); }

  struct Some {
    std::span<const uint64_t> places;
    std::span<const int64_t> numbers;
    std::span<const Change> changes;
  };
  Some next() {
    const size_t count = std::min(kRowsAtOnce, places_.size() - given_), first = std::exchange(given_, given_ + count);
    return {std::span(places_).subspan(first, count), std::span(numbers_).subspan(first, count), std::span(changes_).subspan(first, count)};
  }

 private:
  std::vector<uint64_t> places_;
  std::vector<int64_t> numbers_;
  std::vector<Change> changes_;
  size_t given_ = 0;
};

/// A lane's part. Confined to its task.
class PartialTopRows final : public Operator {
 public:
  explicit PartialTopRows(std::unique_ptr<TopTable> table) : table_(std::move(table)) {}

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    LT_RETURN_IF_ERROR(table_->add(in));
    return Step::kReady;
  }
  Result<Step> end_epoch(const EpochInfo&, Batch& out) override {
    if (!std::exchange(ending_, true)) {
      for (const uint32_t group : table_->all_groups()) {
        for (uint32_t number = 0; number < table_->count(group); ++number) chosen_.add(table_->place_of(group, number), number, Change::kInsert);
      }
    }
    if (chosen_.more()) {
      LT_ASSIGN_OR_RETURN(out, table_->gather(chosen_.next().places));
      return Step::kMore;
    }
    table_->clear();
    chosen_.clear();
    ending_ = false;
    return Step::kReady;
  }

 private:
  const std::unique_ptr<TopTable> table_;
  ChosenRows chosen_;
  bool ending_ = false;
};

/// Confined to its task.
class TopRows final : public Operator {
 public:
  TopRows(TopRowsOptions options, std::unique_ptr<TopTable> table, Context& context)
      : options_(std::move(options)), table_(std::move(table)), memory_(context.memory), number_(arrow::field(options_.number, arrow::int64(), false)),
        late_(late_counter(options_.name, context)) {}

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    LT_RETURN_IF_ERROR(table_->add(in));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    if (!std::exchange(ending_, true)) LT_RETURN_IF_ERROR(choose(epoch));
    if (chosen_.more()) {
      LT_ASSIGN_OR_RETURN(out, next_rows());
      return Step::kMore;
    }
    for (const uint32_t group : table_->touched()) table_->show(group);
    LT_RETURN_IF_ERROR(table_->forget(final_));
    table_->end_epoch();
    chosen_.clear();
    ending_ = false;
    return Step::kReady;
  }

 private:
  Status choose(const EpochInfo& epoch) {
    const bool complete = options_.mode == OutputMode::kComplete;
    if (epoch.late && !complete) {
      LT_ASSIGN_OR_RETURN(const int64_t records, table_->drop_late(epoch.late->micros));
      if (late_ && records > 0) late_->add(static_cast<double>(records));
    }
    final_.clear();
    if (!complete && (epoch.last || epoch.evict)) final_ = table_->ended(epoch.last ? TopTable::kNever : epoch.evict->micros);
    std::vector<uint32_t> groups = complete ? table_->all_groups() : options_.mode == OutputMode::kUpdate ? table_->touched() : final_;
    table_->index().sort(groups);
    for (const uint32_t group : groups) {
      const bool update = options_.mode == OutputMode::kUpdate;
      for (uint32_t number = update ? table_->first_changed(group) : 0; number < table_->count(group); ++number) {
        const bool known = update && number < table_->shown_rows(group);
        chosen_.add(table_->place_of(group, number), number + 1, known ? Change::kUpdate : Change::kInsert);
      }
    }
    return {};
  }

  Result<Batch> next_rows() {
    const auto some = chosen_.next();
    LT_ASSIGN_OR_RETURN(const Batch rows, table_->gather(some.places));
    LT_ASSIGN_OR_RETURN(auto numbers, expr::memory_result(expr::fixed_column<int64_t>(expr::TypeId::kBigint, rows->num_rows(), memory_, [&](int64_t row, int64_t& out) {
      out = some.numbers[static_cast<size_t>(row)];
      return true;
    })));
    return with_changes(*rows, options_.output, some.changes, memory_, number_, std::move(numbers));
  }

  const TopRowsOptions options_;
  const std::unique_ptr<TopTable> table_;
  arrow::MemoryPool* const memory_;
  const std::shared_ptr<arrow::Field> number_;
  const std::shared_ptr<Counter> late_;
  ChosenRows chosen_;
  std::vector<uint32_t> final_;  // keys that go with this epoch
  bool ending_ = false;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_partial_top_rows(TopRowsOptions options, Context& context) {
  LT_ASSIGN_OR_RETURN(auto table, TopTable::make(options, context.memory));
  return std::unique_ptr<Operator>(std::make_unique<PartialTopRows>(std::move(table)));
}

Result<std::unique_ptr<Operator>> make_top_rows(TopRowsOptions options, Context& context, state::StateTables& tables) {
  LT_ASSIGN_OR_RETURN(auto table, TopTable::make(options, context.memory));
  tables.declare(options.name, table.get());
  return std::unique_ptr<Operator>(std::make_unique<TopRows>(std::move(options), std::move(table), context));
}

}  // namespace laketide
