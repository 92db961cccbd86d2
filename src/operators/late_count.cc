#include "operators/late_count.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "expr/value_columns.h"
#include "operators/window.h"

namespace laketide {
namespace {

/// Of a batch what tells late rows and their partitions. Immutable.
struct HeldTimes {
  Batch rows;         // the time first
  int64_t least = 0;  // of their times
};

/// Positions in the input: the time, and what there is of a row's place.
std::vector<int> held_columns(const LateCountOptions& options) {
  std::vector<int> columns{options.time};
  for (const char* name : {"_topic", "_partition"}) {
    const std::vector<int> places = options.input->GetAllFieldIndices(name);
    if (!places.empty()) columns.push_back(*std::max_element(places.begin(), places.end()));
  }
  return columns;
}

Schema held_schema(const LateCountOptions& options) {
  arrow::FieldVector fields;
  for (const int column : held_columns(options)) fields.push_back(options.input->field(column));
  return arrow::schema(std::move(fields));
}

/// Confined to its task.
class LateCount final : public Operator {
 public:
  LateCount(LateCountOptions options, Context& context)
      : lag_(options.lag), columns_(held_columns(options)), schema_(held_schema(options)), place_(*schema_, options.origin), source_(options.origin.source), context_(context) {
    if (options.window) windows_.emplace(*options.window);
  }

  Result<Step> process(Port, const Batch& in, Batch& out, Rejects&) override {
    out = in;
    std::vector<std::shared_ptr<arrow::Array>> columns;
    for (const int column : columns_) columns.push_back(in->column(column));
    const arrow::Array& times = *columns.front();
    const expr::Values<int64_t> values(times);
    const bool all = times.null_count() == 0;
    HeldTimes held{nullptr, INT64_MAX};
    for (int64_t row = 0; row < in->num_rows(); ++row) {
      if (all || times.IsValid(row)) held.least = std::min(held.least, values[row]);
    }
    held.rows = arrow::RecordBatch::Make(schema_, in->num_rows(), std::move(columns));
    held_.push_back(std::move(held));
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch&) override {
    for (const HeldTimes& held : std::exchange(held_, {})) {
      if (epoch.late && held.least != INT64_MAX && is_late(held.least, epoch.late->micros)) count(*held.rows, epoch.late->micros);
    }
    return Step::kReady;
  }

 private:
  // Where a moment is not late no later one is: of most batches the least time is all that is looked at.
  bool is_late(int64_t time, int64_t late) const { return windows_ ? first_end(time) <= late : time <= late - lag_; }

  /// The end of the first window that takes the moment in; of one between two windows, of the one before it.
  int64_t first_end(int64_t time) const {
    int64_t start = windows_->last_start(time), end = windows_->end_of(start);
    while (start >= INT64_MIN + windows_->slide() && windows_->end_of(start - windows_->slide()) > time) {
      start -= windows_->slide();
      end = windows_->end_of(start);
    }
    return end;
  }

  void count(const arrow::RecordBatch& rows, int64_t late) {
    const arrow::Array& times = *rows.column(0);
    const expr::Values<int64_t> values(times);
    for (int64_t row = 0; row < rows.num_rows(); ++row) {
      if (times.IsNull(row) || !is_late(values[row], late)) continue;
      if (windows_ && first_end(values[row]) <= values[row]) continue;  // in no window
      const Reject place = place_.place(rows, row);
      ++context_.late_rows[{source_, place.topic, place.partition}];
    }
  }

  const int64_t lag_;
  const std::vector<int> columns_;
  const Schema schema_;
  const RowPlace place_;
  const std::string source_;
  Context& context_;
  std::optional<Windows> windows_;
  std::vector<HeldTimes> held_;
};

}  // namespace

std::unique_ptr<Operator> make_late_count(LateCountOptions options, Context& context) { return std::make_unique<LateCount>(std::move(options), context); }

}  // namespace laketide
