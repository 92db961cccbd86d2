#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "operators/aggregate.h"
#include "operators/aggregate_parts.h"
#include "operators/group_table.h"
#include "operators/window.h"

namespace laketide {
namespace {

GroupTableOptions table_options(const AggregateOptions& options) {
  GroupTableOptions table{.partial = partial_schema(options), .keys = group_key_count(options), .calls = options.calls};
  if (options.window) {
    table.end_key = 0;
    table.end_of = [windows = Windows(*options.window)](int64_t start) { return windows.end_of(start); };
  } else if (options.event_time_key >= 0) {
    table.end_key = options.event_time_key;
    table.end_of = [](int64_t moment) { return moment; };
  }
  return table;
}

/// Groups of plain keys and tumbling windows: one row a group. Confined to its task.
class FinalAggregate final : public Operator {
 public:
  FinalAggregate(AggregateOptions options, std::unique_ptr<GroupTable> table, Context& context)
      : options_(std::move(options)), table_(std::move(table)), rows_(options_, context.memory), memory_(context.memory), late_(late_counter(options_.name, context)) {}

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    LT_RETURN_IF_ERROR(table_->add(*in));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    if (!ending_) LT_RETURN_IF_ERROR(choose(epoch));
    ending_ = true;
    if (given_ < chosen_.size()) {
      LT_ASSIGN_OR_RETURN(out, next_rows());
      return Step::kMore;
    }
    LT_RETURN_IF_ERROR(table_->forget(final_));
    table_->end_epoch();
    chosen_.clear();
    given_ = 0;
    ending_ = false;
    return Step::kReady;
  }

 private:
  Status choose(const EpochInfo& epoch) {
    if (options_.global) LT_RETURN_IF_ERROR(table_->add_global());
    if (epoch.late && options_.mode != OutputMode::kComplete) {
      LT_ASSIGN_OR_RETURN(const int64_t records, table_->drop_late(epoch.late->micros));
      if (late_ && records > 0) late_->add(static_cast<double>(records));
    }
    final_.clear();
    if (options_.mode != OutputMode::kComplete) {
      if (epoch.last) final_ = table_->ended(GroupTable::kNever);
      else if (epoch.evict) final_ = table_->ended(epoch.evict->micros);
    }
    switch (options_.mode) {
      case OutputMode::kAppend: chosen_ = final_; break;
      case OutputMode::kUpdate: chosen_ = table_->touched(); break;
      case OutputMode::kComplete: chosen_ = table_->all_groups(); break;
    }
    table_->index().sort(chosen_);
    return {};
  }

  Result<Batch> next_rows() {
    const auto groups = std::span(chosen_).subspan(given_, std::min(AggregateRows::kRowsAtOnce, chosen_.size() - given_));
    given_ += groups.size();
    std::vector<Change> changes;
    for (const uint32_t group : groups) changes.push_back(options_.mode == OutputMode::kUpdate && table_->shown(group) ? Change::kUpdate : Change::kInsert);
    table_->set_shown(groups);
    LT_ASSIGN_OR_RETURN(Columns columns, table_->index().keys(groups, memory_));
    if (options_.window) {
      std::vector<int64_t> ends;
      for (const uint32_t group : groups) ends.push_back(table_->end(group));
      LT_ASSIGN_OR_RETURN(auto end_column, moment_column(columns[0]->type(), ends, memory_));
      columns.insert(columns.begin() + 1, std::move(end_column));
    }
    LT_ASSIGN_OR_RETURN(Columns results, rows_.results(columns, groups, [&](auto some) { return table_->states().finish(some); }));
    return rows_.make(std::move(columns), std::move(results), changes);
  }

  const AggregateOptions options_;
  const std::unique_ptr<GroupTable> table_;
  const AggregateRows rows_;
  arrow::MemoryPool* const memory_;
  const std::shared_ptr<Counter> late_;
  std::vector<uint32_t> chosen_, final_;  // groups whose rows go out with this epoch; groups that go
  size_t given_ = 0;                      // of the chosen
  bool ending_ = false;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_group_aggregate(AggregateOptions options, Context& context, state::StateTables& tables) {
  LT_ASSIGN_OR_RETURN(auto table, GroupTable::make(table_options(options), context.memory));
  tables.declare(options.name, table.get());
  return std::unique_ptr<Operator>(std::make_unique<FinalAggregate>(std::move(options), std::move(table), context));
}

}  // namespace laketide
