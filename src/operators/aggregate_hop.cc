#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "operators/aggregate_parts.h"
#include "operators/sliding_merge.h"
#include "operators/window.h"

namespace laketide {
namespace {

constexpr int64_t kBeforeAll = std::numeric_limits<int64_t>::min();

/// Of each key, how many panes inside the window that stands now had rows in this epoch, and how many are older than it.
struct PaneCounts {
  uint32_t touched = 0, old = 0;
};

/// Hopping windows. What is remembered are groups of panes; windows are made of them when they leave. Confined to its task.
class HopAggregate final : public Operator {
 public:
  HopAggregate(AggregateOptions options, std::unique_ptr<GroupTable> table, std::unique_ptr<KeyIndex> keys, Context& context)
      : options_(std::move(options)),
        windows_(*options_.window),
        table_(std::move(table)),
        keys_(std::move(keys)),
        rows_(options_, context.memory),
        memory_(context.memory),
        late_(late_counter(options_.name, context)),
        panes_(memory_),
        panes_of_key_(memory_) {}

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    LT_RETURN_IF_ERROR(remember_restored());
    LT_RETURN_IF_ERROR(table_->add(*in));
    LT_RETURN_IF_ERROR(note_groups(*in, table_->groups_of_last()));
    const expr::Values<int64_t> starts(*in->column(0));
    for (int64_t row = 0; merge_ && row < in->num_rows(); ++row) merge_->changed(starts[row]);
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    if (!ending_) LT_RETURN_IF_ERROR(begin_end(epoch));
    ending_ = true;
    while (!out) {
      if (given_ == chosen_.size()) {
        if (at_ == starts_.size()) break;
        LT_RETURN_IF_ERROR(next_window(starts_[at_++]));
        continue;
      }
      LT_ASSIGN_OR_RETURN(out, next_rows());
    }
    if (out) return Step::kMore;
    LT_RETURN_IF_ERROR(forget_final());
    table_->end_epoch();
    ending_ = false;
    return Step::kReady;
  }

 private:
  // What a restart put into the table has not gone through `process`.
  Status remember_restored() {
    if (std::exchange(started_, true)) return {};
    const std::vector<uint32_t> all = table_->all_groups();
    for (size_t at = 0; at < all.size(); at += AggregateRows::kRowsAtOnce) {
      const auto some = std::span(all).subspan(at, std::min(AggregateRows::kRowsAtOnce, all.size() - at));
      LT_ASSIGN_OR_RETURN(Columns columns, table_->index().keys(some, memory_));
      LT_RETURN_IF_ERROR(note_groups(*arrow::RecordBatch::Make(table_->key_schema(), static_cast<int64_t>(some.size()), std::move(columns)), some));
    }
    return {};
  }

  // Rows of pane starts and keys, and the group of each: groups that are not known yet get their pane and key.
  Status note_groups(const arrow::RecordBatch& rows, std::span<const uint32_t> groups) {
    const expr::Values<int64_t> starts(*rows.column(0));
    LT_RETURN_IF_ERROR(keys_->find_or_add(std::span(rows.columns()).subspan(1, options_.keys.size()), rows.num_rows(), key_numbers_));
    LT_RETURN_IF_ERROR(panes_of_key_.reserve(keys_->numbers()));
    LT_RETURN_IF_ERROR(panes_.key_of.reserve(table_->index().numbers()));
    LT_RETURN_IF_ERROR(panes_.start_of.reserve(table_->index().numbers()));
    known_.resize(static_cast<size_t>(table_->index().numbers()), false);
    for (size_t row = 0; row < groups.size(); ++row) {
      if (known_[groups[row]]) continue;
      known_[groups[row]] = true;
      panes_.start_of[groups[row]] = starts[static_cast<int64_t>(row)];
      panes_.groups[panes_.start_of[groups[row]]].push_back(groups[row]);
      panes_.key_of[groups[row]] = key_numbers_[row];
      ++panes_of_key_[key_numbers_[row]];
    }
    return {};
  }

  Status begin_end(const EpochInfo& epoch) {
    LT_RETURN_IF_ERROR(remember_restored());
    if (epoch.late && options_.mode != OutputMode::kComplete) {
      LT_ASSIGN_OR_RETURN(const int64_t records, table_->drop_late(epoch.late->micros));
      if (late_ && records > 0) late_->add(static_cast<double>(records));
      LT_RETURN_IF_ERROR(forget_panes(epoch.late->micros));
      shown_to_ = std::max(shown_to_, epoch.late->micros);
    }
    final_to_ = epoch.last ? GroupTable::kNever : epoch.evict ? epoch.evict->micros : kBeforeAll;
    at_ = given_ = 0;
    starts_.clear();
    chosen_.clear();
    if (options_.mode == OutputMode::kAppend) return begin_append();
    return begin_changed();
  }

  // Windows that end in (shown_to_, final_to_].
  Status begin_append() {
    add_starts(panes_.groups, final_to_);
    if (!merge_) LT_RETURN_IF_ERROR(make_merge({}));
    return merge_->resize(keys_->numbers());
  }

  Status begin_changed() {
    touched_.clear();
    std::vector<bool> only;
    counts_.assign(static_cast<size_t>(keys_->numbers()), {});
    entering_ = leaving_ = kBeforeAll;
    if (options_.mode == OutputMode::kUpdate) {
      only.resize(static_cast<size_t>(keys_->numbers()) + 1, false);  // never empty, which would mean all
      for (const uint32_t group : table_->touched()) {
        only[panes_.key_of[group]] = true;
        touched_[panes_.start_of[group]].push_back(group);
      }
    }
    add_starts(options_.mode == OutputMode::kUpdate ? touched_ : panes_.groups, GroupTable::kNever);
    return make_merge(std::move(only));
  }

  Status make_merge(std::vector<bool> only) {
    merge_.emplace(windows_, panes_, table_->states(), std::move(only), memory_);
    return merge_->prepare(options_.calls, keys_->numbers());
  }

  // Starts of the windows that have one of these panes inside and end in (shown_to_, to].
  void add_starts(const std::map<int64_t, std::vector<uint32_t>>& panes, int64_t to) {
    int64_t next = kBeforeAll;
    for (const auto& [pane, groups] : panes) {
      const int64_t last = windows_.last_start(pane);
      for (int64_t start = std::max(next, windows_.last_start(pane - windows_.size()) + windows_.slide()); start <= last; start += windows_.slide()) {
        next = start + windows_.slide();
        const int64_t end = windows_.end_of(start);
        if (end > to) return;
        if (end > shown_to_) starts_.push_back(start);
      }
    }
  }

  Status next_window(int64_t start) {
    LT_ASSIGN_OR_RETURN(chosen_, merge_->move_to(start));
    given_ = 0;
    window_ = start;
    if (options_.mode == OutputMode::kUpdate) {
      count_panes(start, windows_.end_of(start));
      std::erase_if(chosen_, [&](uint32_t key) { return counts_[key].touched == 0; });
    }
    keys_->sort(chosen_);
    return {};
  }

  // Keeps counts_ right for the window [start, end), which only moves forward.
  void count_panes(int64_t start, int64_t end) {
    for (auto pane = panes_.groups.lower_bound(std::max(entering_, start)); pane != panes_.groups.end() && pane->first < end; ++pane) count_pane(pane->second, 1);
    for (auto pane = panes_.groups.lower_bound(leaving_); pane != panes_.groups.end() && pane->first < std::min(start, entering_); ++pane) {
      count_pane(pane->second, -1);
    }
    entering_ = end;
    leaving_ = start;
  }
  void count_pane(const std::vector<uint32_t>& groups, int by) {
    for (const uint32_t group : groups) {
      PaneCounts& counts = counts_[panes_.key_of[group]];
      if (table_->is_touched(group)) counts.touched += static_cast<uint32_t>(by);
      if (!table_->is_new(group)) counts.old += static_cast<uint32_t>(by);
    }
  }

  Result<Batch> next_rows() {
    const auto keys = std::span(chosen_).subspan(given_, std::min(AggregateRows::kRowsAtOnce, chosen_.size() - given_));
    given_ += keys.size();
    std::vector<Change> changes;
    for (const uint32_t key : keys) changes.push_back(options_.mode == OutputMode::kUpdate && counts_[key].old > 0 ? Change::kUpdate : Change::kInsert);
    Columns columns;
    for (const int64_t moment : {window_, windows_.end_of(window_)}) {
      LT_ASSIGN_OR_RETURN(auto column, moment_column(options_.output->field(0)->type(), std::vector<int64_t>(keys.size(), moment), memory_));
      columns.push_back(std::move(column));
    }
    LT_ASSIGN_OR_RETURN(Columns key_columns, keys_->keys(keys, memory_));
    for (auto& column : key_columns) columns.push_back(std::move(column));
    LT_ASSIGN_OR_RETURN(Columns results, rows_.results(columns, keys, [&](auto some) { return merge_->finish(some); }));
    return rows_.make(std::move(columns), std::move(results), changes);
  }

  Status forget_final() {
    if (options_.mode != OutputMode::kAppend) merge_.reset();
    if (options_.mode == OutputMode::kComplete) return {};
    LT_RETURN_IF_ERROR(table_->forget(table_->ended(final_to_)));
    LT_RETURN_IF_ERROR(forget_panes(final_to_));
    if (final_to_ != GroupTable::kNever) shown_to_ = std::max(shown_to_, final_to_);
    return {};
  }

  // Panes of which the last window ended at or before `moment`; keys without a pane go with them.
  Status forget_panes(int64_t moment) {
    std::vector<uint32_t> keys;
    while (!panes_.groups.empty()) {
      const auto pane = panes_.groups.begin();
      if (moment != GroupTable::kNever && windows_.end_of(windows_.last_start(pane->first)) > moment) break;
      for (const uint32_t group : pane->second) {
        known_[group] = false;
        if (--panes_of_key_[panes_.key_of[group]] == 0) keys.push_back(panes_.key_of[group]);
      }
      panes_.groups.erase(pane);
    }
    keys_->erase(keys);
    return {};
  }

  const AggregateOptions options_;
  const Windows windows_;
  const std::unique_ptr<GroupTable> table_;
  const std::unique_ptr<KeyIndex> keys_;
  const AggregateRows rows_;
  arrow::MemoryPool* const memory_;
  const std::shared_ptr<Counter> late_;
  Panes panes_;
  expr::Paged<uint32_t> panes_of_key_;
  std::vector<bool> known_;  // groups that panes_ has
  std::vector<uint32_t> key_numbers_;
  std::optional<SlidingMerge> merge_;
  int64_t shown_to_ = kBeforeAll, final_to_ = kBeforeAll;  // windows that ended so far went out; those that end so far go now
  std::map<int64_t, std::vector<uint32_t>> touched_;   // groups of this epoch by pane
  std::vector<PaneCounts> counts_;
  int64_t entering_ = kBeforeAll, leaving_ = kBeforeAll;   // panes in [leaving_, entering_) are counted
  std::vector<int64_t> starts_;                        // of the windows that go out
  std::vector<uint32_t> chosen_;                       // keys of the window that goes out
  size_t at_ = 0, given_ = 0;
  int64_t window_ = 0;
  bool started_ = false, ending_ = false;
};

GroupTableOptions pane_table(const AggregateOptions& options) {
  GroupTableOptions table{.partial = partial_schema(options), .keys = group_key_count(options), .calls = options.calls, .end_key = 0};
  table.end_of = [windows = Windows(*options.window)](int64_t pane) { return windows.end_of(windows.last_start(pane)); };
  return table;
}

}  // namespace

Result<std::unique_ptr<Operator>> make_hop_aggregate(AggregateOptions options, Context& context, state::StateTables& tables) {
  LT_ASSIGN_OR_RETURN(auto table, GroupTable::make(pane_table(options), context.memory));
  const auto& fields = table->key_schema()->fields();
  LT_ASSIGN_OR_RETURN(auto keys, KeyIndex::make(*arrow::schema(arrow::FieldVector(fields.begin() + 1, fields.end())), context.memory));
  tables.declare(options.name, table.get());
  return std::unique_ptr<Operator>(std::make_unique<HopAggregate>(std::move(options), std::move(table), std::move(keys), context));
}

}  // namespace laketide
