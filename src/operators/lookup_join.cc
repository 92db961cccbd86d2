#include "operators/lookup_join.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/evaluate.h"
#include "flow/arrow_status.h"
#include "flow/change.h"
#include "flow/pseudo_columns.h"
#include "operators/lookup_index.h"

namespace laketide {
namespace {

constexpr int64_t kNoRow = -1;  // of the table: NULLs

/// A row of the input beside a row of the table. Immutable.
struct Pair {
  int64_t row = 0, match = kNoRow;
};

Schema columns_of(const LookupOptions& options, const LookupIndex& index) {
  arrow::FieldVector fields;
  for (const int place : options.condition_columns) {
    const int behind = place - options.input->num_fields();
    fields.push_back(behind < 0 ? options.input->field(place) : index.rows().schema()->field(behind));
  }
  return arrow::schema(std::move(fields));
}

/// Columns of the input and of the table for pairs of their rows. Confined to its task.
class Beside {
 public:
  Beside(const arrow::RecordBatch& in, const arrow::RecordBatch& table, const std::vector<Pair>& pairs, arrow::MemoryPool* memory)
      : in_(in), table_(table), pairs_(pairs), memory_(memory) {
    // Where each row has one match, as in a table with a key of its own, the input's columns stay as they are.
    same_ = static_cast<int64_t>(pairs.size()) == in.num_rows();
    for (size_t i = 0; same_ && i < pairs.size(); ++i) same_ = pairs[i].row == static_cast<int64_t>(i);
  }

  /// `place`: among the input's columns and, behind them, the table's.
  Result<std::shared_ptr<arrow::Array>> column(int place) {
    if (place >= in_.num_columns()) return take(*table_.column(place - in_.num_columns()), matches_, &Pair::match);
    return same_ ? in_.column(place) : take(*in_.column(place), rows_, &Pair::row);
  }
  Result<std::vector<std::shared_ptr<arrow::Array>>> columns(const std::vector<int>& places) {
    std::vector<std::shared_ptr<arrow::Array>> all;
    for (const int place : places) {
      LT_ASSIGN_OR_RETURN(all.emplace_back(), column(place));
    }
    return all;
  }

 private:
  Result<std::shared_ptr<arrow::Array>> take(const arrow::Array& from, std::shared_ptr<arrow::Array>& indices, int64_t Pair::*row) {
    if (!indices) LT_RETURN_IF_ERROR(make_indices(indices, row));
    arrow::compute::ExecContext context(memory_);
    context.set_use_threads(false);
    auto taken = arrow::compute::Take(from, *indices, arrow::compute::TakeOptions::NoBoundsCheck(), &context);
    if (!taken.ok()) return from_arrow(taken.status());
    return std::move(taken).ValueUnsafe();
  }

  Status make_indices(std::shared_ptr<arrow::Array>& indices, int64_t Pair::*row) const {
    arrow::Int64Builder places(memory_);
    LT_RETURN_IF_ERROR(from_arrow(places.Reserve(static_cast<int64_t>(pairs_.size()))));
    for (const Pair& pair : pairs_) {
      if (pair.*row == kNoRow) {
        places.UnsafeAppendNull();
      } else {
        places.UnsafeAppend(pair.*row);
      }
    }
    return from_arrow(places.Finish(&indices));
  }

  const arrow::RecordBatch& in_;
  const arrow::RecordBatch& table_;
  const std::vector<Pair>& pairs_;
  arrow::MemoryPool* const memory_;
  bool same_;
  std::shared_ptr<arrow::Array> rows_, matches_;  // their indices, once they are asked for
};

/// Between two calls of `process` it remembers how far it came with the same input. Confined to its task.
class LookupJoin final : public Operator {
 public:
  LookupJoin(LookupOptions options, std::shared_ptr<const LookupIndex> index, Context& context)
      : options_(std::move(options)),
        place_(*options_.input, options_.origin),
        memory_(context.memory),
        context_(context),
        tables_(*context.tables),
        index_(std::move(index)),
        condition_schema_(columns_of(options_, *index_)),
        whole_rows_(options_.condition && expr::can_fail(*options_.condition)),
        number_(options_.output->GetFieldIndex(std::string(kRowColumn))) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects& rejects) override {
    out = nullptr;
    if (!begun_) LT_RETURN_IF_ERROR(begin(*in, rejects));
    candidates_.clear();
    const int64_t first = row_;
    next_candidates();
    LT_ASSIGN_OR_RETURN(const std::vector<bool> passes, check(in, rejects));
    if (options_.kind == LookupOptions::Kind::kMark) {
      mark(passes);
      if (row_ == in->num_rows()) {
        LT_ASSIGN_OR_RETURN(out, marked(in));
      }
    } else {
      LT_ASSIGN_OR_RETURN(out, paired(in, choose(first, passes)));
    }
    if (row_ < in->num_rows()) return Step::kMore;
    begun_ = false;
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch&) override {
    const auto version = epoch.next_tables.find(options_.table);
    if (version == epoch.next_tables.end()) return Step::kReady;
    LT_ASSIGN_OR_RETURN(const auto index, tables_.index(options_.table, options_.index, version->second));
    index_ = std::static_pointer_cast<const LookupIndex>(index);
    return Step::kReady;
  }

 private:
  Status begin(const arrow::RecordBatch& in, Rejects& rejects) {
    LT_ASSIGN_OR_RETURN(std::vector<expr::Evaluated> values, expr::evaluate(options_.keys, in, memory_, context_.now));
    keys_.clear();
    expr::RowErrors errors;
    for (expr::Evaluated& value : values) {
      keys_.push_back(std::move(value.values));
      errors = expr::merge(std::move(errors), std::move(value.errors));
    }
    place_.refuse(in, errors, rejects);
    index_->find(keys_, in.num_rows(), room_, groups_, found_);
    refused_.assign(static_cast<size_t>(in.num_rows()), false);
    for (const expr::RowError& error : errors) refused_[static_cast<size_t>(error.row)] = true;
    matched_.assign(static_cast<size_t>(in.num_rows()), false);
    if (options_.kind == LookupOptions::Kind::kMark && !options_.condition) mark_found();
    changes_ = options_.change < 0 ? nullptr : std::static_pointer_cast<arrow::Int8Array>(in.column(options_.change));
    row_ = done_ = 0;
    begun_ = true;
    return {};
  }

  // Up to rows_max pairs that have equal keys. Where a pair may refuse its row, a row's pairs stay together.
  void next_candidates() {
    const auto rows = static_cast<int64_t>(found_.size());
    int64_t room = options_.rows_max;
    for (int64_t looked = 0; row_ < rows && room > 0 && looked < options_.rows_max; ++looked) {
      const LookupIndex::Stretch& stretch = found_[static_cast<size_t>(row_)];
      const int64_t left = refused_[static_cast<size_t>(row_)] ? 0 : stretch.end - stretch.first - done_;
      const int64_t count = whole_rows_ ? left : std::min(left, room);
      for (int64_t i = 0; i < count; ++i) candidates_.push_back({row_, stretch.first + done_ + i});
      room -= count;
      done_ += count;
      if (count < left) break;
      done_ = 0;
      ++row_;
    }
  }

  Result<std::vector<bool>> check(const Batch& in, Rejects& rejects) {
    std::vector<bool> passes(candidates_.size(), true);
    if (!options_.condition || candidates_.empty()) return passes;
    LT_ASSIGN_OR_RETURN(auto columns, Beside(*in, index_->rows(), candidates_, memory_).columns(options_.condition_columns));
    const auto both = arrow::RecordBatch::Make(condition_schema_, static_cast<int64_t>(candidates_.size()), std::move(columns));
    LT_ASSIGN_OR_RETURN(const auto condition, expr::evaluate({options_.condition}, *both, memory_, context_.now));
    const auto& values = static_cast<const arrow::BooleanArray&>(*condition[0].values);
    for (size_t i = 0; i < passes.size(); ++i) passes[i] = values.IsValid(static_cast<int64_t>(i)) && values.Value(static_cast<int64_t>(i));
    refuse(*in, condition[0].errors, rejects);
    for (size_t i = 0; i < passes.size(); ++i) {
      if (refused_[static_cast<size_t>(candidates_[i].row)]) passes[i] = false;
    }
    return passes;
  }

  // Once for each row, however many of its pairs fail.
  void refuse(const arrow::RecordBatch& in, const expr::RowErrors& errors, Rejects& rejects) {
    expr::RowErrors of_rows;
    for (const expr::RowError& error : errors) {
      const int64_t row = candidates_[static_cast<size_t>(error.row)].row;
      if (refused_[static_cast<size_t>(row)] || change(row) == Change::kDelete) continue;
      refused_[static_cast<size_t>(row)] = true;
      of_rows.push_back(error);
      of_rows.back().row = row;
    }
    place_.refuse(in, of_rows, rejects);
  }

  Change change(int64_t row) const { return changes_ ? static_cast<Change>(changes_->Value(row)) : Change::kInsert; }

  // One match says as much as all of them.
  void mark_found() {
    for (size_t row = 0; row < found_.size(); ++row) {
      matched_[row] = found_[row].end > found_[row].first;
      found_[row] = {};
    }
  }

  void mark(const std::vector<bool>& passes) {
    for (size_t i = 0; i < passes.size(); ++i) {
      if (passes[i]) matched_[static_cast<size_t>(candidates_[i].row)] = true;
    }
  }

  // Those that pass, and for each row that is done now and has none what stands for it.
  std::vector<Pair> choose(int64_t first, const std::vector<bool>& passes) {
    std::vector<Pair> chosen;
    chosen.reserve(candidates_.size());
    size_t next = 0;
    for (int64_t row = first; row < row_ || next < candidates_.size(); ++row) {
      for (; next < candidates_.size() && candidates_[next].row == row; ++next) {
        if (!passes[next]) continue;
        chosen.push_back(candidates_[next]);
        matched_[static_cast<size_t>(row)] = true;
      }
      const bool kept = options_.kind == LookupOptions::Kind::kLeft || change(row) != Change::kInsert;
      if (row < row_ && kept && !matched_[static_cast<size_t>(row)] && !refused_[static_cast<size_t>(row)]) chosen.push_back({row, kNoRow});
    }
    return chosen;
  }

  Result<Batch> paired(const Batch& in, const std::vector<Pair>& pairs) const {
    if (pairs.empty()) return Batch();
    LT_ASSIGN_OR_RETURN(auto columns, Beside(*in, index_->rows(), pairs, memory_).columns(options_.keep));
    for (size_t i = 0; changes_ && i < columns.size(); ++i) {
      if (options_.keep[i] != options_.change) continue;
      LT_ASSIGN_OR_RETURN(columns[i], changes_of(pairs));
    }
    if (number_ >= 0) {
      auto& numbers = columns[static_cast<size_t>(number_)];
      LT_ASSIGN_OR_RETURN(numbers, numbered(static_cast<const arrow::Int64Array&>(*numbers), pairs));
    }
    return arrow::RecordBatch::Make(options_.output, static_cast<int64_t>(pairs.size()), std::move(columns));
  }

  // Among the table's rows with the same key.
  Result<std::shared_ptr<arrow::Array>> numbered(const arrow::Int64Array& repeated, const std::vector<Pair>& pairs) const {
    arrow::Int64Builder numbers(memory_);
    LT_RETURN_IF_ERROR(from_arrow(numbers.Reserve(repeated.length())));
    for (const Pair& pair : pairs) {
      const int64_t ordinal = pair.match == kNoRow ? 0 : pair.match - found_[static_cast<size_t>(pair.row)].first;
      numbers.UnsafeAppend(row_of_record(repeated.Value(numbers.length()), ordinal));
    }
    std::shared_ptr<arrow::Array> column;
    LT_RETURN_IF_ERROR(from_arrow(numbers.Finish(&column)));
    return column;
  }

  // The sink may have a row that no longer has a match.
  Result<std::shared_ptr<arrow::Array>> changes_of(const std::vector<Pair>& pairs) const {
    arrow::Int8Builder becomes(memory_);
    for (const Pair& pair : pairs) {
      const bool dropped = options_.kind == LookupOptions::Kind::kInner && pair.match == kNoRow;
      LT_RETURN_IF_ERROR(from_arrow(becomes.Append(static_cast<int8_t>(dropped ? Change::kDelete : change(pair.row)))));
    }
    std::shared_ptr<arrow::Array> column;
    LT_RETURN_IF_ERROR(from_arrow(becomes.Finish(&column)));
    return column;
  }

  // Each row once, without those that are refused.
  Result<Batch> marked(const Batch& in) const {
    arrow::BooleanBuilder marks(memory_);
    std::vector<Pair> rows;
    for (int64_t row = 0; row < in->num_rows(); ++row) {
      if (refused_[static_cast<size_t>(row)]) continue;
      rows.push_back({row, kNoRow});
      const bool found = matched_[static_cast<size_t>(row)];
      const bool unknown = !found && options_.in && !index_->empty() && (index_->has_null_key() || has_null(keys_, row));
      LT_RETURN_IF_ERROR(from_arrow(unknown ? marks.AppendNull() : marks.Append(found)));
    }
    if (rows.empty()) return Batch();
    std::shared_ptr<arrow::Array> mark;
    LT_RETURN_IF_ERROR(from_arrow(marks.Finish(&mark)));
    Beside beside(*in, index_->rows(), rows, memory_);
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const int place : options_.keep) {
      columns.push_back(mark);
      if (place < 0) continue;
      LT_ASSIGN_OR_RETURN(columns.back(), beside.column(place));
    }
    return arrow::RecordBatch::Make(options_.output, static_cast<int64_t>(rows.size()), std::move(columns));
  }

  const LookupOptions options_;
  const RowPlace place_;
  arrow::MemoryPool* const memory_;
  const Context& context_;
  StaticTables& tables_;
  std::shared_ptr<const LookupIndex> index_;
  const Schema condition_schema_;
  const bool whole_rows_;  // a pair may refuse its row
  const int number_;  // of kRowColumn in the output; -1: it is not there
  bool begun_ = false;  // with the input at hand; what follows is about it
  Columns keys_;
  std::shared_ptr<arrow::Int8Array> changes_;
  std::vector<LookupIndex::Stretch> found_;
  std::vector<bool> refused_, matched_;
  std::vector<Pair> candidates_;
  int64_t row_ = 0, done_ = 0;  // the next row to look at, and how many of its matches have been
  KeyRows room_;
  std::vector<uint32_t> groups_;
};

}  // namespace

Result<std::unique_ptr<Operator>> make_lookup_join(LookupOptions options, Context& context) {
  const auto version = context.table_versions.find(options.table);
  if (context.tables == nullptr || version == context.table_versions.end()) {
    return Status::internal("table_version", "a join was made before its static table was loaded: " + options.table);
  }
  LT_ASSIGN_OR_RETURN(const auto index, context.tables->index(options.table, options.index, version->second));
  return std::unique_ptr<Operator>(std::make_unique<LookupJoin>(std::move(options), std::static_pointer_cast<const LookupIndex>(index), context));
}

}  // namespace laketide
