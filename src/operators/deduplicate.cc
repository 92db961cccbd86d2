#include "operators/deduplicate.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "flow/arrow_status.h"
#include "operators/changed_rows.h"
#include "operators/row_ranks.h"
#include "operators/saved_groups.h"
#include "operators/selection.h"

namespace laketide {
namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kUnseen = std::numeric_limits<int64_t>::min();

/// Keys that had their first row, and until when that counts. Confined to its task.
class FirstRows final : public SavedGroups {
 public:
  static Result<std::unique_ptr<FirstRows>> make(const arrow::Schema& keys, arrow::MemoryPool* memory) {
    LT_ASSIGN_OR_RETURN(auto index, KeyIndex::make(keys, memory));
    LT_ASSIGN_OR_RETURN(auto gone, KeyIndex::make(keys, memory));
    arrow::FieldVector fields = keys.fields();
    fields.push_back(arrow::field("_until", arrow::int64(), false));
    return std::unique_ptr<FirstRows>(new FirstRows(arrow::schema(fields), keys.num_fields(), std::move(index), std::move(gone), memory));
  }

  void find(const Columns& keys, int64_t rows, std::vector<uint32_t>& groups) { index_->find(keys, rows, groups); }
  /// Keys that are added have no first row yet: until is kUnseen.
  Status find_or_add(const Columns& keys, int64_t rows, std::vector<uint32_t>& groups) {
    LT_RETURN_IF_ERROR(index_->find_or_add(keys, rows, groups));
    LT_RETURN_IF_ERROR(reserve_flags());
    LT_RETURN_IF_ERROR(until_.reserve(numbers()));
    for (const uint32_t group : index_->added()) {
      enter(group);
      until_[group] = first_until_ = kUnseen;
    }
    return {};
  }
  int64_t until(uint32_t group) const { return until_[group]; }
  void see(uint32_t group, int64_t until) {
    until_[group] = until;
    touch(group);
  }
  /// Forgets keys whose first row counts no longer than to `moment`; those without one in any case.
  Status forget(int64_t moment) {
    std::vector<uint32_t> groups, saved;
    if (first_until_ > moment) return {};
    first_until_ = kNever;
    for (const uint32_t group : all_groups()) {
      if (until_[group] > moment) {
        first_until_ = std::min(first_until_, until_[group]);
        continue;
      }
      groups.push_back(group);
      if (has(group, kSaved)) saved.push_back(group);
      leave(group);
    }
    LT_ASSIGN_OR_RETURN(const Columns keys, index_->keys(saved, memory_));
    LT_RETURN_IF_ERROR(saved_keys_go(keys, saved.size()));
    index_->erase(groups);
    return {};
  }

  int64_t rows() const override { return index_->size(); }
  int64_t bytes() const override { return own_bytes() + index_->bytes() + until_.bytes(); }
  Status restore(const state::Rows& rows) override {
    std::vector<uint32_t> groups;
    const Columns keys(rows->columns().begin(), rows->columns().end() - 1);
    LT_RETURN_IF_ERROR(find_or_add(keys, rows->num_rows(), groups));
    const expr::Values<int64_t> until(*rows->column(rows->num_columns() - 1));
    for (size_t row = 0; row < groups.size(); ++row) {
      until_[groups[row]] = until[static_cast<int64_t>(row)];
      put_back(groups[row]);
    }
    return {};
  }
  Status restore_removed(const state::Rows& keys) override {
    std::vector<uint32_t> groups;
    index_->find(keys->columns(), keys->num_rows(), groups);
    std::erase(groups, KeyIndex::kNone);
    for (const uint32_t group : groups) leave(group);
    index_->erase(groups);
    return {};
  }

 private:
  FirstRows(Schema schema, int keys, std::unique_ptr<KeyIndex> index, std::unique_ptr<KeyIndex> gone, arrow::MemoryPool* memory)
      : SavedGroups(std::move(schema), keys, std::move(gone), memory), index_(std::move(index)), until_(memory) {}
  int64_t numbers() const override { return index_->numbers(); }
  Result<state::Rows> rows_of(std::span<const uint32_t> groups) const override {
    LT_ASSIGN_OR_RETURN(Columns columns, index_->keys(groups, memory_));
    LT_ASSIGN_OR_RETURN(auto until, expr::memory_result(expr::fixed_column<int64_t>(expr::TypeId::kBigint, static_cast<int64_t>(groups.size()), memory_, [&](int64_t row, int64_t& out) {
      out = until_[groups[static_cast<size_t>(row)]];
      return true;
    })));
    columns.push_back(std::move(until));
    return arrow::RecordBatch::Make(schema(), static_cast<int64_t>(groups.size()), std::move(columns));
  }

  std::unique_ptr<KeyIndex> index_;
  expr::Paged<int64_t> until_;
  int64_t first_until_ = kNever;  // none is before
};

/// Confined to its task.
class Deduplicate final : public Operator {
 public:
  Deduplicate(DeduplicateOptions options, std::unique_ptr<FirstRows> firsts, RowRanks ranks, Context& context)
      : options_(std::move(options)), firsts_(std::move(firsts)), ranks_(std::move(ranks)), memory_(context.memory) {
    if (!context.metrics) return;
    Labels labels = context.labels;
    labels["operator"] = options_.name;
    late_ = context.metrics->counter("laketide_deduplicate_late_records_total", "Records that came when their key may have been forgotten.", labels);
  }

  // Holds what may be a first row; most repetitions end here.
  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    firsts_->find(keys_of(*in), in->num_rows(), groups_);
    LT_ASSIGN_OR_RETURN(const auto hopeful, expr::memory_result(expr::boolean_column(in->num_rows(), memory_, [&](int64_t row, bool& out) {
      const uint32_t group = groups_[static_cast<size_t>(row)];
      out = group == KeyIndex::kNone || time_of(*in, row) >= firsts_->until(group);
      return true;
    })));
    LT_ASSIGN_OR_RETURN(Batch held, select_rows(in, hopeful, memory_));
    if (held) held_.push_back(std::move(held));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    if (!ending_) LT_RETURN_IF_ERROR(choose(epoch));
    ending_ = true;
    if (given_ < chosen_.size()) {
      LT_ASSIGN_OR_RETURN(out, next_rows());
      return Step::kMore;
    }
    // Keys of which every row was late have no first row.
    if (options_.within) LT_RETURN_IF_ERROR(firsts_->forget(epoch.evict ? epoch.evict->micros : kUnseen));
    firsts_->end_epoch();
    all_.reset();
    ending_ = false;
    return Step::kReady;
  }

 private:
  static constexpr size_t kRowsAtOnce = 8192;

  Columns keys_of(const arrow::RecordBatch& rows) const {
    Columns keys;
    for (const int key : options_.keys) keys.push_back(rows.column(key));
    return keys;
  }
  int64_t time_of(const arrow::RecordBatch& rows, int64_t row) const {
    return options_.within ? expr::Values<int64_t>(*rows.column(options_.time))[row] : 0;
  }
  int64_t until(int64_t time) const {
    int64_t end;
    return !options_.within || __builtin_add_overflow(time, *options_.within, &end) ? kNever : end;
  }

  Status choose(const EpochInfo& epoch) {
    chosen_.clear();
    given_ = 0;
    if (held_.empty()) return {};
    auto all = arrow::ConcatenateRecordBatches(held_, memory_);
    if (!all.ok()) return from_arrow(all.status());
    all_ = std::move(all).ValueUnsafe();
    held_.clear();
    LT_ASSIGN_OR_RETURN(const auto ranks, ranks_.of(*all_));
    const expr::Values<std::string_view> places(*ranks);
    std::vector<int64_t> rows(static_cast<size_t>(all_->num_rows()));
    std::iota(rows.begin(), rows.end(), 0);
    std::stable_sort(rows.begin(), rows.end(), [&](int64_t left, int64_t right) { return places[left] < places[right]; });
    LT_RETURN_IF_ERROR(firsts_->find_or_add(keys_of(*all_), all_->num_rows(), groups_));
    int64_t late = 0;
    for (const int64_t row : rows) {
      const uint32_t group = groups_[static_cast<size_t>(row)];
      const int64_t time = time_of(*all_, row);
      if (options_.within && epoch.late && time <= epoch.late->micros) {
        ++late;
      } else if (time >= firsts_->until(group)) {
        firsts_->see(group, until(time));
        chosen_.push_back(row);
      }
    }
    if (late_ && late > 0) late_->add(static_cast<double>(late));
    return {};
  }

  Result<Batch> next_rows() {
    const auto rows = std::span(chosen_).subspan(given_, std::min(kRowsAtOnce, chosen_.size() - given_));
    given_ += rows.size();
    const auto places = std::make_shared<arrow::Int64Array>(static_cast<int64_t>(rows.size()), arrow::Buffer::Wrap(rows.data(), rows.size()));
    arrow::compute::ExecContext context(memory_);
    context.set_use_threads(false);
    const auto taken = arrow::compute::Take(all_, places, arrow::compute::TakeOptions::NoBoundsCheck(), &context);
    if (!taken.ok()) return from_arrow(taken.status());
    return with_changes(*taken->record_batch(), options_.output, std::vector<Change>(rows.size(), Change::kInsert), memory_);
  }

  const DeduplicateOptions options_;
  const std::unique_ptr<FirstRows> firsts_;
  RowRanks ranks_;
  arrow::MemoryPool* const memory_;
  std::shared_ptr<Counter> late_;
  std::vector<uint32_t> groups_;
  std::vector<Batch> held_;      // rows of this epoch that may be first
  Batch all_;                    // the same, when it ends
  std::vector<int64_t> chosen_;  // rows of all_
  size_t given_ = 0;
  bool ending_ = false;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_deduplicate(DeduplicateOptions options, Context& context, state::StateTables& tables) {
  arrow::FieldVector keys;
  for (const int key : options.keys) keys.push_back(options.input->field(key));
  LT_ASSIGN_OR_RETURN(auto firsts, FirstRows::make(*arrow::schema(keys), context.memory));
  LT_ASSIGN_OR_RETURN(RowRanks ranks, RowRanks::make(*options.input, options.order, context.memory));
  tables.declare(options.name, firsts.get());
  return std::unique_ptr<Operator>(std::make_unique<Deduplicate>(std::move(options), std::move(firsts), std::move(ranks), context));
}

}  // namespace laketide
