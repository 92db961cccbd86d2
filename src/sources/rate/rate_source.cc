#include "sources/rate/rate_source.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include <arrow/array/array_base.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "base/mutex.h"
#include "flow/arrow_status.h"

namespace laketide {
namespace {

__extension__ typedef __int128 Wide;  // a row's number times a million does not fit 64 bits

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kNoEnd = std::numeric_limits<int64_t>::max();
constexpr const char* kTopic = "rate";

int64_t divide_up(Wide dividend, int64_t divisor) { return static_cast<int64_t>((dividend + divisor - 1) / divisor); }

/// Which row is where and when. Immutable.
class Timetable {
 public:
  Timetable(int64_t rows_per_second, int32_t partitions) : rate_(rows_per_second), partitions_(partitions) {}

  int64_t value_at(int32_t partition, int64_t offset) const { return offset * partitions_ + partition; }
  Instant time_of(int64_t value) const { return Instant{static_cast<int64_t>(Wide(value) * kMicrosPerSecond / rate_)}; }
  /// The first offset of the partition whose row is at or after `time`.
  int64_t first_at(int32_t partition, Instant time) const {
    const int64_t value = divide_up(Wide(std::max<int64_t>(0, time.micros)) * rate_, kMicrosPerSecond);
    return value <= partition ? 0 : divide_up(value - partition, partitions_);
  }
  /// The first offset of the partition that cannot be read yet.
  int64_t high(int32_t partition, Instant now) const { return first_at(partition, Instant{now.micros + 1}); }

 private:
  int64_t rate_;
  int32_t partitions_;
};

/// See flow/source.h. Confined to its task.
class RateReader final : public Reader {
 public:
  RateReader(Timetable timetable, Schema columns, const Clock& clock, const Alarm& alarm, Context& context)
      : timetable_(timetable), columns_(std::move(columns)), clock_(clock), context_(context), late_(alarm, context.wake) {}

  Status assign(const Ranges& ranges) override {
    slots_.clear();
    turn_ = 0;
    for (const auto& [place, range] : ranges) {
      slots_.push_back({place, range.start.value, range.end ? range.end->value : kNoEnd, range.start.value});
    }
    return {};
  }

  Result<Step> poll(const Budget& budget, std::variant<Records, Batch>& out) override {
    const Instant now = clock_.now();
    bool all_done = true;
    for (size_t tried = 0; tried < slots_.size(); ++tried) {
      Slot& slot = slots_[turn_++ % slots_.size()];
      const int64_t ready = std::min(slot.end, timetable_.high(slot.place.partition, now));
      all_done = all_done && slot.next >= slot.end;
      if (slot.next >= ready) continue;
      LT_ASSIGN_OR_RETURN(out, make_rows(slot, std::min(ready - slot.next, budget.rows_max)));
      return Step::kReady;
    }
    if (all_done) return Step::kDone;
    context_.blocked = BlockReason::kNoInput;
    late_.after(until_next_row(now));
    return Step::kBlocked;
  }

  Positions next() const override {
    Positions all;
    for (const Slot& slot : slots_) all[slot.place] = NextOffset(slot.next);
    return all;
  }

  std::map<SourcePartition, LastRecord> last_records() const override {
    std::map<SourcePartition, LastRecord> all;
    for (const Slot& slot : slots_) {
      if (slot.next == slot.start) continue;
      const Instant time = timetable_.time_of(timetable_.value_at(slot.place.partition, slot.next - 1));
      all[slot.place] = LastRecord{RecordOffset(slot.next - 1), time.micros / 1000, 0};
    }
    return all;
  }

 private:
  struct Slot {
    SourcePartition place;
    int64_t next = 0;
    int64_t end = kNoEnd;
    int64_t start = 0;
  };

  Result<Batch> make_rows(Slot& slot, int64_t count) {
    arrow::TimestampBuilder times(rate_schema()->field(0)->type(), context_.memory);
    arrow::Int64Builder values(context_.memory);
    LT_RETURN_IF_ERROR(from_arrow(times.Reserve(count)));
    LT_RETURN_IF_ERROR(from_arrow(values.Reserve(count)));
    for (int64_t i = 0; i < count; ++i) {
      const int64_t value = timetable_.value_at(slot.place.partition, slot.next + i);
      times.UnsafeAppend(timetable_.time_of(value).micros);
      values.UnsafeAppend(value);
    }
    std::shared_ptr<arrow::Array> time_column, value_column;
    LT_RETURN_IF_ERROR(from_arrow(times.Finish(&time_column)));
    LT_RETURN_IF_ERROR(from_arrow(values.Finish(&value_column)));
    slot.next += count;
    arrow::ArrayVector arrays;
    for (const auto& field : columns_->fields()) arrays.push_back(field->name() == rate_schema()->field(0)->name() ? time_column : value_column);
    return arrow::RecordBatch::Make(columns_, count, std::move(arrays));
  }

  /// At least ten milliseconds: at high rates rows come in handfuls, and a wake-up for each would be all there is.
  std::chrono::milliseconds until_next_row(Instant now) const {
    int64_t soonest = std::numeric_limits<int64_t>::max();
    for (const Slot& slot : slots_) {
      if (slot.next >= slot.end) continue;
      soonest = std::min(soonest, timetable_.time_of(timetable_.value_at(slot.place.partition, slot.next)).micros - now.micros);
    }
    return std::chrono::milliseconds(std::clamp<int64_t>(soonest / 1000 + 1, 10, 60'000));
  }

  const Timetable timetable_;
  const Schema columns_;  // some of rate_schema()
  const Clock& clock_;
  Context& context_;
  LateWake late_;
  std::vector<Slot> slots_;
  size_t turn_ = 0;
};

/// See rate_source.h. Thread-safe.
class RateSource final : public Source {
 public:
  explicit RateSource(RateSourceOptions options)
      : options_(std::move(options)), timetable_(options_.rows_per_second, options_.partitions) {}

  Result<PartitionBounds> bounds(const Wait&) override {
    const Instant now = clock().now();
    PartitionBounds all;
    for (int32_t p = 0; p < options_.partitions; ++p) all[place(p)] = Bounds{NextOffset(0), NextOffset(timetable_.high(p, now))};
    return all;
  }

  Result<Positions> at_time(Instant time, const Wait&) override {
    const Instant now = clock().now();
    Positions all;
    for (int32_t p = 0; p < options_.partitions; ++p) {
      all[place(p)] = NextOffset(std::min(timetable_.first_at(p, time), timetable_.high(p, now)));
    }
    return all;
  }

  Result<std::shared_ptr<arrow::Schema>> row_schema(const Wait&) override { return rate_schema(); }

  Status select(const Schema& columns, const std::vector<std::string>&) override {
    const MutexLock lock(mutex_);
    columns_ = columns;
    return {};
  }

  Result<std::unique_ptr<Reader>> open(Context& context) override {
    const MutexLock lock(mutex_);
    return std::unique_ptr<Reader>(std::make_unique<RateReader>(timetable_, columns_, clock(), options_.alarm, context));
  }

  Status mirror(const Positions&, const Wait&) override { return {}; }

  /// A row has no bytes; its place and time tell that it is still the same.
  Result<std::optional<Reject>> fetch(const SourcePartition& wanted, RecordOffset offset, const Wait&) override {
    const bool exists = wanted.partition >= 0 && wanted.partition < options_.partitions && offset.value >= 0 &&
                        offset.value < timetable_.high(wanted.partition, clock().now());
    if (!exists) return std::optional<Reject>();
    Reject row;
    row.source = options_.name;
    row.topic = kTopic;
    row.partition = wanted.partition;
    row.offset = offset;
    row.timestamp_ms = timetable_.time_of(timetable_.value_at(wanted.partition, offset.value)).micros / 1000;
    return std::optional<Reject>(std::move(row));
  }

 private:
  const Clock& clock() const { return options_.clock ? *options_.clock : system_clock(); }
  SourcePartition place(int32_t partition) const { return {options_.name, kTopic, partition}; }

  const RateSourceOptions options_;
  const Timetable timetable_;
  Mutex mutex_;
  Schema columns_ LT_GUARDED_BY(mutex_) = rate_schema();
};

}  // namespace

Schema rate_schema() {
  static const Schema schema = arrow::schema({arrow::field("timestamp", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false),
                                              arrow::field("value", arrow::int64(), false)});
  return schema;
}

Result<std::unique_ptr<Source>> make_rate_source(RateSourceOptions options) {
  constexpr int64_t kRateMax = 100'000'000;  // so that every row of this century has a number
  if (options.rows_per_second < 1 || options.rows_per_second > kRateMax) {
    return Status::user("bad_value", "rows_per_second is 1 to 100000000, got " + std::to_string(options.rows_per_second), "rows_per_second");
  }
  if (options.partitions < 1) return Status::user("bad_value", "partitions is at least 1", "partitions");
  if (!options.alarm) return Status::internal("no_alarm", "a rate source needs an alarm to go on by");
  return std::unique_ptr<Source>(std::make_unique<RateSource>(std::move(options)));
}

}  // namespace laketide
