#include "operators/unnest.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_nested.h>
#include <arrow/array/builder_base.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/type.h>

#include "expr/evaluate.h"
#include "flow/arrow_status.h"
#include "flow/pseudo_columns.h"

namespace laketide {
namespace {

/// Elements [from, from + count) of row `row`'s arrays, of which each may have fewer.
struct Portion {
  int64_t row = 0, from = 0, count = 0;
};

/// Between two calls of `process` it remembers how far it came with the same input. Confined to its task.
class Unnest final : public Operator {
 public:
  Unnest(UnnestOptions options, Context& context)
      : options_(std::move(options)), place_(*options_.input, options_.origin), memory_(context.memory), context_(context),
        number_(options_.output->GetFieldIndex(std::string(kRowColumn))) {}

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects& rejects) override {
    out = nullptr;
    if (arrays_.empty()) LT_RETURN_IF_ERROR(begin(*in, rejects));
    const std::vector<Portion> portions = next_portions(in->num_rows());
    const bool more = row_ < in->num_rows();
    if (!portions.empty()) {
      auto made = rows_of(in, portions);
      if (!made.ok()) return from_arrow(made.status());
      out = std::move(made).ValueUnsafe();
    }
    if (more) return Step::kMore;
    arrays_.clear();
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }

 private:
  Status begin(const arrow::RecordBatch& in, Rejects& rejects) {
    LT_ASSIGN_OR_RETURN(std::vector<expr::Evaluated> values, expr::evaluate(options_.arrays, in, memory_, context_.now));
    errors_.clear();
    for (expr::Evaluated& value : values) {
      arrays_.push_back(std::static_pointer_cast<arrow::ListArray>(value.values));
      errors_ = expr::merge(std::move(errors_), std::move(value.errors));
    }
    place_.refuse(in, errors_, rejects);
    row_ = element_ = 0;
    error_ = errors_.begin();
    return {};
  }

  int64_t longest(int64_t row) const {
    int64_t size = 0;
    for (const auto& array : arrays_) size = std::max<int64_t>(size, array->IsNull(row) ? 0 : array->value_length(row));
    return size;
  }

  std::vector<Portion> next_portions(int64_t rows) {
    std::vector<Portion> portions;
    for (int64_t room = options_.rows_max; row_ < rows && room > 0;) {
      const bool refused = error_ != errors_.end() && error_->row == row_;
      const int64_t size = refused ? 0 : longest(row_);
      const int64_t count = std::min(size - element_, room);
      if (count > 0) portions.push_back({row_, element_, count});
      room -= count;
      element_ += count;
      if (element_ < size) break;
      if (refused) ++error_;
      element_ = 0;
      ++row_;
    }
    // Rows without elements at the end need no call of their own.
    while (row_ < rows && element_ == 0 && (error_ == errors_.end() || error_->row != row_) && longest(row_) == 0) ++row_;
    return portions;
  }

  arrow::Result<Batch> rows_of(const Batch& in, const std::vector<Portion>& portions) const {
    int64_t rows = 0;
    for (const Portion& portion : portions) rows += portion.count;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const auto& array : arrays_) {
      ARROW_ASSIGN_OR_RAISE(columns.emplace_back(), elements(*array, portions, rows));
    }
    ARROW_RETURN_NOT_OK(repeat(in, portions, rows, columns));
    if (number_ >= 0) {
      auto& numbers = columns[static_cast<size_t>(number_)];
      ARROW_ASSIGN_OR_RAISE(numbers, numbered(static_cast<const arrow::Int64Array&>(*numbers), portions));
    }
    return arrow::RecordBatch::Make(options_.output, rows, std::move(columns));
  }

  arrow::Result<std::shared_ptr<arrow::Array>> elements(const arrow::ListArray& array, const std::vector<Portion>& portions, int64_t rows) const {
    if (const auto whole = one_slice(array, portions, rows)) return whole;
    ARROW_ASSIGN_OR_RAISE(const auto builder, arrow::MakeBuilder(array.value_type(), memory_));
    ARROW_RETURN_NOT_OK(builder->Reserve(rows));
    const arrow::ArraySpan values(*array.values()->data());
    for (const Portion& portion : portions) {
      const int64_t size = array.IsNull(portion.row) ? 0 : array.value_length(portion.row);
      const int64_t there = std::clamp<int64_t>(size - portion.from, 0, portion.count);
      if (there > 0) ARROW_RETURN_NOT_OK(builder->AppendArraySlice(values, array.value_offset(portion.row) + portion.from, there));
      if (there < portion.count) ARROW_RETURN_NOT_OK(builder->AppendNulls(portion.count - there));
    }
    return builder->Finish();
  }

  // Elements that stand one behind the other, as they do where every row has its array, need no copy.
  static std::shared_ptr<arrow::Array> one_slice(const arrow::ListArray& array, const std::vector<Portion>& portions, int64_t rows) {
    const int64_t first = array.value_offset(portions.front().row) + portions.front().from;
    int64_t at = first;
    for (const Portion& portion : portions) {
      if (array.IsNull(portion.row) || array.value_offset(portion.row) + portion.from != at) return nullptr;
      if (array.value_length(portion.row) - portion.from < portion.count) return nullptr;
      at += portion.count;
    }
    return array.values()->Slice(first, rows);
  }

  arrow::Status repeat(const Batch& in, const std::vector<Portion>& portions, int64_t rows, std::vector<std::shared_ptr<arrow::Array>>& to) const {
    if (options_.keep.empty()) return arrow::Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto kept, in->SelectColumns(options_.keep));
    arrow::Int64Builder places(memory_);
    ARROW_RETURN_NOT_OK(places.Reserve(rows));
    for (const Portion& portion : portions) {
      for (int64_t i = 0; i < portion.count; ++i) places.UnsafeAppend(portion.row);
    }
    ARROW_ASSIGN_OR_RAISE(const auto indices, places.Finish());
    arrow::compute::ExecContext context(memory_);
    context.set_use_threads(false);
    ARROW_ASSIGN_OR_RAISE(const arrow::Datum taken,
                          arrow::compute::Take(kept, indices, arrow::compute::TakeOptions::NoBoundsCheck(), &context));
    const auto repeated = taken.record_batch();
    to.insert(to.end(), repeated->columns().begin(), repeated->columns().end());
    return arrow::Status::OK();
  }

  // Elements of one record are told apart by where they stand, whatever batches they come in.
  arrow::Result<std::shared_ptr<arrow::Array>> numbered(const arrow::Int64Array& repeated, const std::vector<Portion>& portions) const {
    arrow::Int64Builder numbers(memory_);
    ARROW_RETURN_NOT_OK(numbers.Reserve(repeated.length()));
    for (const Portion& portion : portions) {
      for (int64_t i = 0; i < portion.count; ++i) numbers.UnsafeAppend(row_of_record(repeated.Value(numbers.length()), portion.from + i));
    }
    return numbers.Finish();
  }

  UnnestOptions options_;
  RowPlace place_;
  arrow::MemoryPool* memory_;
  const Context& context_;
  const int number_;  // of kRowColumn in the output; -1: it is not there
  std::vector<std::shared_ptr<arrow::ListArray>> arrays_;  // of the input that is not done; empty: none
  expr::RowErrors errors_;
  expr::RowErrors::const_iterator error_;  // the next one at or behind row_
  int64_t row_ = 0, element_ = 0;
};

}  // namespace

std::unique_ptr<Operator> make_unnest(UnnestOptions options, Context& context) {
  return std::make_unique<Unnest>(std::move(options), context);
}

}  // namespace laketide
