#include <algorithm>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "operators/aggregate_parts.h"
#include "operators/session_table.h"

namespace laketide {
namespace {

/// Session windows. In update mode a session that begins earlier than it was shown, or that another has met, leaves a delete of its old
/// row before the new rows. Confined to its task.
class SessionAggregate final : public Operator {
 public:
  SessionAggregate(AggregateOptions options, std::unique_ptr<SessionTable> table, GroupStates empty, Context& context)
      : options_(std::move(options)),
        table_(std::move(table)),
        empty_(std::move(empty)),
        rows_(options_, context.memory),
        memory_(context.memory),
        late_(late_counter(options_.name, context)) {}

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    LT_RETURN_IF_ERROR(table_->add(*in));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    if (!ending_) LT_RETURN_IF_ERROR(begin_end(epoch));
    ending_ = true;
    if (deleted_ < deletes_) {
      LT_ASSIGN_OR_RETURN(out, next_deletes());
      return Step::kMore;
    }
    if (given_ < chosen_.size()) {
      LT_ASSIGN_OR_RETURN(out, next_rows());
      return Step::kMore;
    }
    LT_RETURN_IF_ERROR(table_->forget(final_));
    table_->end_epoch();
    ending_ = false;
    return Step::kReady;
  }

 private:
  Status begin_end(const EpochInfo& epoch) {
    LT_RETURN_IF_ERROR(table_->settle());
    final_.clear();
    if (options_.mode != OutputMode::kComplete) {
      if (epoch.late) {
        LT_ASSIGN_OR_RETURN(const int64_t records, table_->drop_late(epoch.late->micros));
        if (late_ && records > 0) late_->add(static_cast<double>(records));
      }
      if (epoch.last) final_ = table_->ended(SessionTable::kNever);
      else if (epoch.evict) final_ = table_->ended(epoch.evict->micros);
    }
    switch (options_.mode) {
      case OutputMode::kAppend: chosen_ = final_; break;
      case OutputMode::kUpdate: chosen_ = table_->touched(); break;
      case OutputMode::kComplete: chosen_ = table_->all_groups(); break;
    }
    table_->sessions().sort(chosen_);
    deletes_ = options_.mode == OutputMode::kUpdate ? table_->withdrawn().size() : 0;
    deleted_ = given_ = 0;
    return {};
  }

  Result<Batch> next_deletes() {
    const auto some = table_->withdrawn().subspan(deleted_, std::min(AggregateRows::kRowsAtOnce, deletes_ - deleted_));
    deleted_ += some.size();
    std::vector<int64_t> starts, ends;
    std::vector<uint32_t> keys;
    for (const SessionTable::Withdrawn& row : some) {
      starts.push_back(row.start);
      ends.push_back(row.end);
      keys.push_back(row.key);
    }
    LT_ASSIGN_OR_RETURN(Columns key_columns, table_->sessions().keys_by_number(keys, memory_));
    LT_ASSIGN_OR_RETURN(Columns columns, group_columns(starts, ends, std::move(key_columns)));
    LT_ASSIGN_OR_RETURN(Columns results, empty_.finish(std::vector<uint32_t>(some.size(), 0)));
    return rows_.make(std::move(columns), std::move(results), std::vector<Change>(some.size(), Change::kDelete));
  }

  Result<Batch> next_rows() {
    const auto sessions = std::span(chosen_).subspan(given_, std::min(AggregateRows::kRowsAtOnce, chosen_.size() - given_));
    given_ += sessions.size();
    std::vector<int64_t> starts, ends;
    std::vector<Change> changes;
    for (const uint32_t session : sessions) {
      starts.push_back(table_->sessions()[session].start);
      ends.push_back(table_->sessions()[session].end);
      changes.push_back(options_.mode == OutputMode::kUpdate && table_->shown(session) ? Change::kUpdate : Change::kInsert);
    }
    if (options_.mode == OutputMode::kUpdate) table_->set_shown(sessions);
    LT_ASSIGN_OR_RETURN(Columns key_columns, table_->sessions().keys(sessions, memory_));
    LT_ASSIGN_OR_RETURN(Columns columns, group_columns(starts, ends, std::move(key_columns)));
    LT_ASSIGN_OR_RETURN(Columns results, rows_.results(columns, sessions, [&](auto some) { return table_->states().finish(some); }));
    return rows_.make(std::move(columns), std::move(results), changes);
  }

  Result<Columns> group_columns(const std::vector<int64_t>& starts, const std::vector<int64_t>& ends, Columns keys) const {
    Columns columns(2);
    const auto& type = options_.output->field(0)->type();
    LT_ASSIGN_OR_RETURN(columns[0], moment_column(type, starts, memory_));
    LT_ASSIGN_OR_RETURN(columns[1], moment_column(type, ends, memory_));
    for (auto& key : keys) columns.push_back(std::move(key));
    return columns;
  }

  const AggregateOptions options_;
  const std::unique_ptr<SessionTable> table_;
  const GroupStates empty_;  // of one group without rows
  const AggregateRows rows_;
  arrow::MemoryPool* const memory_;
  const std::shared_ptr<Counter> late_;
  std::vector<uint32_t> chosen_, final_;  // sessions whose rows go out with this epoch; sessions that go
  size_t given_ = 0, deletes_ = 0, deleted_ = 0;
  bool ending_ = false;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_session_aggregate(AggregateOptions options, Context& context, state::StateTables& tables) {
  LT_ASSIGN_OR_RETURN(auto table, SessionTable::make(partial_schema(options), group_key_count(options), options.calls, context.memory));
  LT_ASSIGN_OR_RETURN(GroupStates empty, GroupStates::make(options.calls, context.memory));
  LT_RETURN_IF_ERROR(empty.resize(1));
  tables.declare(options.name, table.get());
  return std::unique_ptr<Operator>(std::make_unique<SessionAggregate>(std::move(options), std::move(table), std::move(empty), context));
}

}  // namespace laketide
