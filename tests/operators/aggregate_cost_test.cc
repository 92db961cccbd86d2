// What aggregates cost: CPU time a record, memory a key.
#include <gtest/gtest.h>

#include <ctime>

#include <algorithm>
#include <cstdlib>
#include <random>

#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/status.h>
#include <arrow/type.h>

#include "operators/aggregate.h"

namespace laketide {
namespace {

constexpr int64_t kCostSecond = 1'000'000;

const Schema kCostInput = arrow::schema({arrow::field("time", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), false), arrow::field("key", arrow::int64()),
                                     arrow::field("value", arrow::int64())});

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

AggregateCall call(std::string_view name, std::vector<int> args, expr::TypeId type) {
  AggregateCall made{.args = std::move(args), .name = std::string(name)};
  if (!made.args.empty()) made.types.args.emplace_back(type);
  for (const expr::Aggregate* one : expr::aggregates(name)) {
    if (one->args.size() == made.args.size() && (one->args.empty() || one->args[0] == type || one->args[0] == expr::TypeId::kUnknown)) made.function = one;
  }
  made.types.result = made.function->result_type != nullptr ? made.function->result_type(made.types.args) : expr::Type(made.function->result);
  return made;
}

AggregateOptions options_of(std::optional<WindowOptions> window, std::vector<AggregateCall> calls, OutputMode mode) {
  AggregateOptions options{.name = "groups", .input = kCostInput, .keys = {1}, .window = window, .calls = std::move(calls), .mode = mode};
  arrow::FieldVector fields;
  if (window) fields = {kCostInput->field(0)->WithName("window_start"), kCostInput->field(0)->WithName("window_end")};
  fields.push_back(kCostInput->field(1));
  for (const AggregateCall& one : options.calls) fields.push_back(one.types.result.field(one.name, true));
  options.output = arrow::schema(fields);
  return options;
}

template <typename Builder, typename Value>
std::shared_ptr<arrow::Array> column(Builder&& builder, int64_t rows, const Value& value) {
  for (int64_t row = 0; row < rows; ++row) EXPECT_TRUE(builder.Append(value(row)).ok());
  return builder.Finish().ValueOrDie();
}

/// Lane and tail with all memory from one pool. Confined to its task.
struct Query {
  explicit Query(const AggregateOptions& options) : pool(arrow::default_memory_pool()) {
    context.memory = &pool;
    lane = make_partial_aggregate(options, context).value();
    tail = make_final_aggregate(options, context, tables).value();
  }
  void feed(const Batch& in) {
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      step = lane->process(0, in, out, rejects).value();
      to_tail(out);
    }
  }
  int64_t end(const EpochInfo& epoch) {
    int64_t rows = 0;
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      step = lane->end_epoch(epoch, out).value();
      to_tail(out);
    }
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      step = tail->end_epoch(epoch, out).value();
      if (out) rows += out->num_rows();
    }
    return rows;
  }
  void to_tail(const Batch& rows) {
    Batch none;
    if (!rows) return;
    EXPECT_EQ(tail->process(0, rows, none, rejects).value(), Step::kReady);
  }

  arrow::ProxyMemoryPool pool;
  Context context;
  Rejects rejects;
  state::StateTables tables;
  std::unique_ptr<Operator> lane, tail;
};

/// CPU-ns a record of `rows` records of `keys` keys, one second of event time to 100,000 records, an epoch a second.
double cost(const AggregateOptions& options, int64_t rows, int64_t keys) {
  constexpr int64_t kBatch = 4096, kPerSecond = 100'000;
  std::mt19937_64 random(7);
  Query query(options);
  double seconds = 0;
  int64_t given = 0, epoch_rows = 0;
  for (int64_t done = 0; done < rows; done += kBatch) {
    const Batch batch = arrow::RecordBatch::Make(
        kCostInput, kBatch,
        {column(arrow::TimestampBuilder(kCostInput->field(0)->type(), arrow::default_memory_pool()), kBatch, [&](int64_t row) { return (done + row) * kCostSecond / kPerSecond; }),
         column(arrow::Int64Builder(), kBatch, [&](int64_t) { return static_cast<int64_t>(random() % static_cast<uint64_t>(keys)); }),
         column(arrow::Int64Builder(), kBatch, [&](int64_t row) { return row; })});
    const double before = cpu_seconds();
    query.feed(batch);
    epoch_rows += kBatch;
    if (epoch_rows >= kPerSecond || done + kBatch >= rows) {
      EpochInfo epoch;
      epoch.evict = Instant{done * kCostSecond / kPerSecond - kCostSecond};
      epoch.last = done + kBatch >= rows;
      given += query.end(epoch);
      epoch_rows = 0;
    }
    seconds += cpu_seconds() - before;
  }
  const double nanos = seconds * 1e9 / static_cast<double>(rows);
  std::printf("%lld keys, %lld records: %.1f CPU-ns a record, %lld rows out\n", static_cast<long long>(keys), static_cast<long long>(rows), nanos, static_cast<long long>(given));
  return nanos;
}

TEST(MeasuredAggregate, TumblingWindowOfTenThousandKeysCostsAtMostHundredNanosecondsARecord) {
  const WindowOptions window{.kind = WindowOptions::Kind::kTumble, .time = 0, .size = 10 * kCostSecond};
  const auto options = options_of(window, {call("count", {}, {}), call("sum", {2}, expr::TypeId::kBigint), call("avg", {2}, expr::TypeId::kBigint)}, OutputMode::kAppend);
  cost(options, 1 << 19, 100);
  EXPECT_LE(std::min(cost(options, 1 << 21, 10'000), cost(options, 1 << 21, 10'000)), 100);
}

TEST(MeasuredAggregate, HopCostsLittleMoreThanItsRowsHoweverManyWindowsAPaneIsIn) {
  for (const int64_t panes : {1, 10, 60}) {
    const WindowOptions window{.kind = WindowOptions::Kind::kHop, .time = 0, .size = panes * kCostSecond, .slide = kCostSecond};
    EXPECT_LE(cost(options_of(window, {call("count", {}, {}), call("sum", {2}, expr::TypeId::kBigint)}, OutputMode::kAppend), 1 << 21, 1'000), 400);
  }
}

TEST(MeasuredAggregate, SessionsCost) {
  const WindowOptions window{.kind = WindowOptions::Kind::kSession, .time = 0, .size = kCostSecond};
  EXPECT_LE(cost(options_of(window, {call("count", {}, {}), call("sum", {2}, expr::TypeId::kBigint)}, OutputMode::kAppend), 1 << 20, 100'000), 1000);
}

// 10 million keys within 2 GiB are 214 bytes a key.
TEST(MeasuredAggregate, KeysOfBigintWithCountAndSumTakeAtMostTheirShareOfMemory) {
  const char* const wanted = std::getenv("LAKETIDE_MEASURED_KEYS");
  const int64_t keys = wanted != nullptr ? std::atoll(wanted) : 1'000'000;
  constexpr int64_t kBatch = 4096;
  Query query(options_of(std::nullopt, {call("count", {}, {}), call("sum", {2}, expr::TypeId::kBigint)}, OutputMode::kUpdate));
  const double before = cpu_seconds();
  for (int64_t done = 0; done < keys; done += kBatch) {
    query.feed(arrow::RecordBatch::Make(
        kCostInput, kBatch,
        {column(arrow::TimestampBuilder(kCostInput->field(0)->type(), arrow::default_memory_pool()), kBatch, [](int64_t) { return 0; }),
         column(arrow::Int64Builder(), kBatch, [&](int64_t row) { return (done + row) * 7919; }), column(arrow::Int64Builder(), kBatch, [](int64_t row) { return row; })}));
  }
  query.end({});
  const double nanos = (cpu_seconds() - before) * 1e9 / static_cast<double>(keys);
  const auto count = static_cast<double>(query.tables.rows());
  std::printf("%.0f keys: %.1f bytes a key in the table, %.1f at most from the pool, %.0f CPU-ns a key\n", count, static_cast<double>(query.tables.bytes()) / count,
              static_cast<double>(query.pool.max_memory()) / count, nanos);
  EXPECT_GE(count, static_cast<double>(keys));
  EXPECT_LE(static_cast<double>(query.pool.max_memory()) / count, 214);
  EXPECT_LE(static_cast<double>(query.tables.bytes()), static_cast<double>(query.pool.max_memory()) + 64 * count);
}

}  // namespace
}  // namespace laketide
