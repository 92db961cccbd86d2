#include "operators/event_times.h"

#include <algorithm>
#include <utility>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flow/arrow_status.h"
#include "operators/selection.h"

namespace laketide {
namespace {

int last_index(const arrow::Schema& schema, const std::string& name) {
  for (int i = schema.num_fields() - 1; i >= 0; --i) {
    if (schema.field(i)->name() == name) return i;
  }
  return -1;
}

class Watcher final : public EventTimes {
 public:
  Watcher(EventTimesOptions options, int column, Context& context)
      : options_(std::move(options)),
        column_(column),
        partition_(last_index(*options_.input, "_partition")),
        topic_(last_index(*options_.input, "_topic")),
        place_(*options_.input, options_.origin),
        context_(context) {}

  Status observe(Batch& rows, Rejects& rejects) override {
    if (rows->column(column_)->null_count() > 0) LT_RETURN_IF_ERROR(refuse_nulls(rows, rejects));
    if (rows) note(*rows);
    return {};
  }

  Newest take() override { return std::exchange(newest_, {}); }

 private:
  Status refuse_nulls(Batch& rows, Rejects& rejects) {
    const arrow::Array& times = *rows->column(column_);
    arrow::BooleanBuilder keep(context_.memory);
    for (int64_t row = 0; row < rows->num_rows(); ++row) {
      const bool there = times.IsValid(row);
      const arrow::Status grown = keep.Append(there);
      if (!grown.ok()) return from_arrow(grown);
      if (there) continue;
      Reject reject = place_.place(*rows, row);
      reject.stage = RejectStage::kEvaluate;
      reject.code = "no_event_time";
      reject.reason = "the column of the source's event_time is null: " + options_.column;
      rejects.add(std::move(reject));
    }
    std::shared_ptr<arrow::Array> mask;
    const arrow::Status made = keep.Finish(&mask);
    if (!made.ok()) return from_arrow(made);
    LT_ASSIGN_OR_RETURN(rows, select_rows(rows, mask, context_.memory));
    return {};
  }

  /// Where the rows of one batch came from; null: they do not say. Taken out of the batch once: each look at a column of a batch counts a
  /// reference.
  struct Places {
    const arrow::Int32Array* partitions;
    const arrow::StringArray* topics;

    bool same(int64_t left, int64_t right) const {
      if (partitions == nullptr) return true;
      if (partitions->Value(left) != partitions->Value(right)) return false;
      return topics == nullptr || topics->GetView(left) == topics->GetView(right);
    }
  };

  // Rows of one partition stand together as they were polled: a map is asked once a stretch, not once a row.
  void note(const arrow::RecordBatch& rows) {
    const auto& times = static_cast<const arrow::TimestampArray&>(*rows.column(column_));
    const Places places{partition_ < 0 ? nullptr : static_cast<const arrow::Int32Array*>(rows.column(partition_).get()),
                        topic_ < 0 ? nullptr : static_cast<const arrow::StringArray*>(rows.column(topic_).get())};
    const int64_t limit = options_.future_skew_max ? context_.clock->now().micros + options_.future_skew_max->count() : INT64_MAX;
    for (int64_t begin = 0; begin < rows.num_rows();) {
      std::optional<int64_t> largest;
      int64_t row = begin;
      for (; row < rows.num_rows() && places.same(begin, row); ++row) {
        if (times.Value(row) <= limit) largest = std::max(largest.value_or(INT64_MIN), times.Value(row));
      }
      if (largest) raise(place_of(places, begin), Instant{*largest});
      begin = row;
    }
  }

  SourcePartition place_of(const Places& places, int64_t row) const {
    SourcePartition place{options_.origin.source, options_.origin.topic, 0};
    if (places.partitions != nullptr) place.partition = places.partitions->Value(row);
    if (places.topics != nullptr) place.topic = places.topics->GetView(row);
    return place;
  }

  void raise(SourcePartition place, Instant time) {
    const auto [at, added] = newest_.emplace(std::move(place), time);
    if (!added) at->second = std::max(at->second, time);
  }

  const EventTimesOptions options_;
  const int column_, partition_, topic_;
  const RowPlace place_;
  Context& context_;
  Newest newest_;
};

}  // namespace

Result<std::unique_ptr<EventTimes>> make_event_times(EventTimesOptions options, Context& context) {
  const int column = options.input->GetFieldIndex(options.column);
  if (column < 0 || options.input->field(column)->type()->id() != arrow::Type::TIMESTAMP) {
    return Status::user("bad_event_time", "event_time names a column of type timestamptz or timestamp that the source has; this is none: " + options.column, "event_time");
  }
  return std::unique_ptr<EventTimes>(std::make_unique<Watcher>(std::move(options), column, context));
}

std::vector<std::string> event_time_columns(const RowOrigin& origin) {
  if (origin.topic.empty()) return {"_topic", "_partition", "_offset"};
  return {"_partition", "_offset"};
}

}  // namespace laketide
