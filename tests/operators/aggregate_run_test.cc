#include "aggregate_run.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_decimal.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_decimal.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "expr/decimal.h"
#include "flow/change.h"
#include "saved_copy.h"

namespace laketide::test {
namespace {

std::string text_of(const arrow::Array& array, int64_t row) {
  if (array.IsNull(row)) return "NULL";
  switch (array.type_id()) {
    case arrow::Type::BOOL: return static_cast<const arrow::BooleanArray&>(array).Value(row) ? "true" : "false";
    case arrow::Type::INT8: return std::to_string(static_cast<const arrow::Int8Array&>(array).Value(row));
    case arrow::Type::INT16: return std::to_string(static_cast<const arrow::Int16Array&>(array).Value(row));
    case arrow::Type::INT32: return std::to_string(static_cast<const arrow::Int32Array&>(array).Value(row));
    case arrow::Type::INT64: return std::to_string(static_cast<const arrow::Int64Array&>(array).Value(row));
    case arrow::Type::TIMESTAMP: return std::to_string(static_cast<const arrow::TimestampArray&>(array).Value(row));
    case arrow::Type::DECIMAL128: {
      expr::Int128 value;
      std::memcpy(&value, static_cast<const arrow::Decimal128Array&>(array).GetValue(row), sizeof value);
      return expr::to_text(value, static_cast<const arrow::Decimal128Type&>(*array.type()).scale());
    }
    case arrow::Type::STRING: return static_cast<const arrow::StringArray&>(array).GetString(row);
    case arrow::Type::DOUBLE: {
      char text[32];
      std::snprintf(text, sizeof text, "%.9g", static_cast<const arrow::DoubleArray&>(array).Value(row));
      return text;
    }
    case arrow::Type::LIST: {
      const auto values = static_cast<const arrow::ListArray&>(array).value_slice(row);
      std::string text = "{";
      for (int64_t i = 0; i < values->length(); ++i) text += (i == 0 ? "" : ",") + text_of(*values, i);
      return text + "}";
    }
    default: return array.type()->ToString();
  }
}

template <typename Builder, typename Get>
std::shared_ptr<arrow::Array> built(Builder&& builder, const std::vector<Event>& events, const Get& get) {
  for (const Event& event : events) {
    const auto value = get(event);
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return builder.Finish().ValueOrDie();
}

/// One start of the run: its operators. Confined to its task.
class StartedAggregate {
 public:
  StartedAggregate(const AggregateOptions& options, int lanes) {
    context_.memory = arrow::default_memory_pool();
    for (int lane = 0; lane < lanes; ++lane) lanes_.push_back(make_partial_aggregate(options, context_).value());
    tail_ = make_final_aggregate(options, context_, tables_).value();
  }
  template <typename Emit>
  void epoch(const TestEpoch& epoch, const RunShape& shape, std::mt19937_64& random, const Emit& emit) {
    std::vector<std::vector<Event>> parts(lanes_.size());
    for (const Event& event : epoch.events) parts[random() % parts.size()].push_back(event);
    for (size_t lane = 0; lane < parts.size(); ++lane) feed(*lanes_[lane], parts[lane], shape, random);
    EpochInfo info;
    if (epoch.late) info.late = Instant{*epoch.late};
    if (epoch.evict) info.evict = Instant{*epoch.evict};
    info.last = epoch.last;
    for (const auto& lane : lanes_) {
      ended(*lane, info, [&](const Batch& rows) { to_tail(rows); });
    }
    ended(*tail_, info, emit);
  }
  const state::StateTables& tables() const { return tables_; }

 private:
  void feed(Operator& lane, std::vector<Event> events, const RunShape& shape, std::mt19937_64& random) {
    while (!events.empty()) {
      const size_t count = std::min<size_t>(events.size(), 1 + random() % static_cast<uint64_t>(shape.batch_rows_max));
      const Batch batch = batch_of({events.begin(), events.begin() + static_cast<int64_t>(count)});
      events.erase(events.begin(), events.begin() + static_cast<int64_t>(count));
      processed(lane, batch, [&](const Batch& rows) { to_tail(rows); });
    }
  }
  void to_tail(const Batch& rows) {
    EXPECT_TRUE(rows->Validate().ok()) << rows->Validate();
    processed(*tail_, rows, [](const Batch&) {});
  }
  template <typename Emit>
  void processed(Operator& op, const Batch& in, const Emit& emit) {
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      const auto done = op.process(0, in, out, rejects_);
      ASSERT_TRUE(done.ok()) << done.status().to_string();
      step = done.value();
      if (out) emit(out);
    }
  }
  template <typename Emit>
  void ended(Operator& op, const EpochInfo& info, const Emit& emit) {
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      const auto done = op.end_epoch(info, out);
      ASSERT_TRUE(done.ok()) << done.status().to_string();
      step = done.value();
      if (out) emit(out);
    }
  }

  Context context_;
  Rejects rejects_;
  state::StateTables tables_;
  std::vector<std::unique_ptr<Operator>> lanes_;
  std::unique_ptr<Operator> tail_;
};

void apply(const AggregateOptions& options, const arrow::RecordBatch& batch, RunResult& result) {
  EXPECT_TRUE(batch.Validate().ok()) << batch.Validate();
  const int visible = batch.num_columns() - 1;
  EXPECT_EQ(batch.schema()->field(visible)->name(), kChangeColumn);
  for (int64_t row = 0; row < batch.num_rows(); ++row) {
    TextRow all = text_row(batch, row);
    const int change = std::stoi(all.back());
    all.pop_back();
    TextRow key;
    if (options.window) key.push_back(all[0]);
    for (size_t i = 0; i < options.keys.size(); ++i) key.push_back(all[i + (options.window ? 2 : 0)]);
    ++result.changes[change];
    ++result.rows;
    EXPECT_EQ(result.table.contains(key), change != static_cast<int>(Change::kInsert)) << testing::PrintToString(all) << " change " << change;
    if (change == static_cast<int>(Change::kDelete)) {
      result.table.erase(key);
    } else {
      result.table[key] = all;
    }
  }
}

}  // namespace

Schema input_schema() {
  return arrow::schema({arrow::field("time", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false), arrow::field("key", arrow::int64()),
                        arrow::field("name", arrow::utf8()), arrow::field("count", arrow::int32()), arrow::field("big", arrow::int64()),
                        arrow::field("real", arrow::float64()), arrow::field("cents", arrow::decimal128(12, 2)), arrow::field("flag", arrow::boolean()),
                        arrow::field("_partition", arrow::int32(), false), arrow::field("_offset", arrow::int64(), false),
                        arrow::field("part", arrow::float64()), arrow::field("comma", arrow::utf8()), arrow::field("small", arrow::int32())});
}

Batch batch_of(const std::vector<Event>& events) {
  const auto pool = arrow::default_memory_pool();
  std::vector<std::shared_ptr<arrow::Array>> columns;
  columns.push_back(built(arrow::TimestampBuilder(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), pool), events, [](const Event& e) { return std::optional(e.time); }));
  columns.push_back(built(arrow::Int64Builder(), events, [](const Event& e) { return e.key; }));
  columns.push_back(built(arrow::StringBuilder(), events, [](const Event& e) { return e.name; }));
  columns.push_back(built(arrow::Int32Builder(), events, [](const Event& e) { return e.count; }));
  columns.push_back(built(arrow::Int64Builder(), events, [](const Event& e) { return e.big; }));
  columns.push_back(built(arrow::DoubleBuilder(), events, [](const Event& e) { return e.real; }));
  columns.push_back(built(arrow::Decimal128Builder(arrow::decimal128(12, 2), pool), events, [](const Event& e) {
    return e.cents ? std::optional(arrow::Decimal128(*e.cents)) : std::nullopt;
  }));
  columns.push_back(built(arrow::BooleanBuilder(), events, [](const Event& e) { return e.flag; }));
  columns.push_back(built(arrow::Int32Builder(), events, [](const Event& e) { return std::optional(e.partition); }));
  columns.push_back(built(arrow::Int64Builder(), events, [](const Event& e) { return std::optional(e.offset); }));
  columns.push_back(built(arrow::DoubleBuilder(), events, [](const Event&) { return std::optional(0.25); }));
  columns.push_back(built(arrow::StringBuilder(), events, [](const Event&) { return std::optional<std::string>(","); }));
  columns.push_back(built(arrow::Int32Builder(), events, [](const Event& e) { return e.count ? std::optional(*e.count % 8) : std::nullopt; }));
  return arrow::RecordBatch::Make(input_schema(), static_cast<int64_t>(events.size()), std::move(columns));
}

TextRow text_row(const arrow::RecordBatch& batch, int64_t row) {
  TextRow text;
  for (const auto& column : batch.columns()) text.push_back(text_of(*column, row));
  return text;
}

AggregateCall call(const std::string& name, std::vector<int> args, int filter, bool distinct) {
  AggregateCall made{.args = args, .filter = filter, .distinct = distinct, .name = name};
  for (const int arg : args) made.types.args.push_back(expr::Type::of(*input_schema()->field(arg)));
  for (const expr::Aggregate* one : expr::aggregates(name)) {
    const bool fits = std::equal(one->args.begin(), one->args.end(), made.types.args.begin(), made.types.args.end(),
                                 [](expr::TypeId wanted, const expr::Type& has) { return wanted == expr::TypeId::kUnknown || wanted == has.id; });
    if (fits) made.function = one;
  }
  EXPECT_NE(made.function, nullptr) << name;
  made.types.result = made.function->result_type != nullptr ? made.function->result_type(made.types.args) : expr::Type(made.function->result);
  return made;
}

AggregateOptions aggregate(std::vector<int> keys, std::optional<WindowOptions> window, std::vector<AggregateCall> calls, OutputMode mode) {
  AggregateOptions options{.name = "groups", .input = input_schema(), .keys = std::move(keys), .window = window, .calls = std::move(calls), .mode = mode};
  arrow::FieldVector fields;
  if (window) {
    fields.push_back(options.input->field(window->time)->WithName("window_start"));
    fields.push_back(options.input->field(window->time)->WithName("window_end"));
  }
  for (const int key : options.keys) fields.push_back(options.input->field(key));
  for (const AggregateCall& one : options.calls) fields.push_back(one.types.result.field(one.name, true));
  options.output = arrow::schema(fields);
  options.order = {-1, kPartition, kOffset};
  options.global = options.keys.empty() && !window;
  return options;
}

RunResult run(const AggregateOptions& options, const std::vector<TestEpoch>& epochs, const RunShape& shape) {
  std::mt19937_64 random(shape.seed);
  RunResult result;
  SavedCopy saved;
  auto started = std::make_unique<StartedAggregate>(options, shape.lanes);
  for (const TestEpoch& epoch : epochs) {
    if (options.mode == OutputMode::kComplete) result.table.clear();
    started->epoch(epoch, shape, random, [&](const Batch& rows) { apply(options, *rows, result); });
    result.state_rows = started->tables().rows();
    if (!shape.restart_every_epoch) continue;
    const bool whole = random() % 4 == 0;
    for (const auto& [name, table] : started->tables().all()) saved.save(*table, whole);
    started = std::make_unique<StartedAggregate>(options, 1 + static_cast<int>(random() % 3));
    for (const auto& [name, table] : started->tables().all()) saved.restore(*table);
    EXPECT_EQ(started->tables().rows(), result.state_rows);
  }
  return result;
}

std::vector<TestEpoch> with_watermark(const std::vector<std::vector<Event>>& epochs, std::optional<int64_t> delay) {
  std::vector<TestEpoch> made;
  std::optional<int64_t> newest, evicted;
  for (const auto& events : epochs) {
    TestEpoch epoch{.events = events, .late = evicted};
    for (const Event& event : events) newest = std::max(newest.value_or(event.time), event.time);
    if (newest && delay) epoch.evict = evicted = *newest - *delay;
    epoch.last = made.size() + 1 == epochs.size();
    made.push_back(std::move(epoch));
  }
  return made;
}

std::vector<std::vector<Event>> random_epochs(uint64_t seed, int rows, int keys, int64_t time_span) {
  std::mt19937_64 random(seed);
  const auto below = [&](uint64_t n) { return static_cast<int64_t>(random() % n); };
  const auto null = [&] { return below(6) == 0; };
  std::vector<std::vector<Event>> epochs(static_cast<size_t>(1 + below(6)));
  int64_t offsets[3] = {};
  for (int i = 0; i < rows; ++i) {
    Event event;
    // Time goes on with the rows, with some disorder, so that some are late.
    event.time = time_span * i / rows + below(static_cast<uint64_t>(time_span / 5 + 1)) - time_span / 3;
    if (!null()) event.key = below(static_cast<uint64_t>(keys));
    if (!null()) event.name = std::string(static_cast<size_t>(below(30)), static_cast<char>('a' + below(3)));
    if (!null()) event.count = static_cast<int32_t>(below(2001) - 1000);
    if (!null()) event.big = (int64_t{1} << 62) / (1 + below(1000)) * (below(2) == 0 ? 1 : -1);
    if (!null()) event.real = static_cast<double>(below(100000)) / 64;
    if (!null()) event.cents = below(2000000) - 1000000;
    if (!null()) event.flag = below(2) == 0;
    event.partition = static_cast<int32_t>(below(3));
    event.offset = offsets[event.partition]++;
    epochs[epochs.size() * static_cast<size_t>(i) / static_cast<size_t>(rows)].push_back(event);
  }
  return epochs;
}

TEST(AggregateRun, WatermarkFollowsTheNewestRowAndIsLateAnEpochLater) {
  const auto epochs = with_watermark({{Event{.time = 10}, Event{.time = 30}}, {}, {Event{.time = 20}}}, 5);
  EXPECT_EQ(epochs[0].late, std::nullopt);
  EXPECT_EQ(epochs[0].evict, 25);
  EXPECT_EQ(epochs[2].late, 25);
  EXPECT_TRUE(epochs[2].last);
}

}  // namespace laketide::test
