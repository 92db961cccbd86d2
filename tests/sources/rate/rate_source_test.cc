#include "sources/rate/rate_source.h"

#include <gtest/gtest.h>

#include <arrow/array/array_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>

namespace laketide {
namespace {

class HandClock final : public Clock {
 public:
  Instant now() const override { return instant; }
  Instant instant;
};

class RateSourceTest : public ::testing::Test {
 protected:
  std::unique_ptr<Source> open(int64_t rows_per_second, int32_t partitions) {
    context.memory = arrow::default_memory_pool();
    context.wake = [this] { ++woken; };
    auto source = make_rate_source({"r", rows_per_second, partitions, &clock, [this](std::chrono::milliseconds delay, std::function<void()> work) {
                                      delays.push_back(delay.count());
                                      alarms.push_back(std::move(work));
                                    }});
    EXPECT_TRUE(source.ok()) << source.status().to_string();
    return std::move(source).value();
  }
  static SourcePartition place(int32_t partition) { return {"r", "rate", partition}; }

  /// Rows as `value@micros`, until the reader is blocked or done.
  std::vector<std::string> drain(Reader& reader, Budget budget = {}) {
    std::vector<std::string> rows;
    while (true) {
      std::variant<Records, Batch> out;
      const auto step = reader.poll(budget, out);
      EXPECT_TRUE(step.ok());
      last = *step;
      if (last != Step::kReady) return rows;
      const Batch& batch = std::get<Batch>(out);
      EXPECT_LE(batch->num_rows(), budget.rows_max);
      const auto& times = static_cast<const arrow::TimestampArray&>(*batch->column(0));
      const auto& values = static_cast<const arrow::Int64Array&>(*batch->column(1));
      for (int64_t i = 0; i < batch->num_rows(); ++i) rows.push_back(std::to_string(values.Value(i)) + "@" + std::to_string(times.Value(i)));
    }
  }

  HandClock clock;
  Context context;
  int woken = 0;
  Step last = Step::kDone;
  std::vector<int64_t> delays;
  std::vector<std::function<void()>> alarms;
};

TEST_F(RateSourceTest, GivesRowsWhenTheirTimeHasCome) {
  clock.instant = Instant{1'000'000};
  auto source = open(4, 2);  // rows every 250 ms
  auto reader = source->open(context).value();
  ASSERT_TRUE(reader->assign({{place(0), {NextOffset(1), std::nullopt}}, {place(1), {NextOffset(1), std::nullopt}}}).ok());
  EXPECT_EQ(drain(*reader), (std::vector<std::string>{"2@500000", "4@1000000", "3@750000"}));
  EXPECT_EQ(last, Step::kBlocked);
  EXPECT_EQ(delays, std::vector<int64_t>{251});
  EXPECT_EQ(reader->next(), (Positions{{place(0), NextOffset(3)}, {place(1), NextOffset(2)}}));
  const std::map<SourcePartition, LastRecord> records{{place(0), {RecordOffset(2), 1000, 0}}, {place(1), {RecordOffset(1), 750, 0}}};
  EXPECT_EQ(reader->last_records(), records);

  clock.instant = Instant{1'250'000};
  alarms[0]();
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(drain(*reader), std::vector<std::string>{"5@1250000"});
  reader.reset();
  alarms[1]();
  EXPECT_EQ(woken, 1);
}

TEST_F(RateSourceTest, ReplaysARangeExactly) {
  clock.instant = Instant{100'000'000};
  auto source = open(3, 2);
  auto reader = source->open(context).value();
  const Ranges ranges{{place(0), {NextOffset(5), NextOffset(12)}}, {place(1), {NextOffset(7), NextOffset(9)}}};
  ASSERT_TRUE(reader->assign(ranges).ok());
  const auto first = drain(*reader, Budget{3, 1 << 20});
  EXPECT_EQ(last, Step::kDone);
  EXPECT_EQ(first.size(), 9u);
  clock.instant = Instant{900'000'000};
  ASSERT_TRUE(reader->assign(ranges).ok());
  EXPECT_EQ(drain(*reader, Budget{3, 1 << 20}), first);
}

TEST_F(RateSourceTest, KnowsItsBoundsAndTimes) {
  clock.instant = Instant{10'000'000};
  auto source = open(3, 2);
  const auto bounds = source->bounds({});
  // Rows 0 to 30 are there: 16 even ones, 15 odd ones.
  EXPECT_EQ(bounds->at(place(0)).high, NextOffset(16));
  EXPECT_EQ(bounds->at(place(1)).high, NextOffset(15));
  const auto at = source->at_time(Instant{1'000'001}, {});
  EXPECT_EQ(*at, (Positions{{place(0), NextOffset(2)}, {place(1), NextOffset(2)}}));  // rows 4 and 5
  EXPECT_EQ(source->at_time(Instant{99'000'000}, {})->at(place(0)), NextOffset(16));
  EXPECT_EQ((*source->fetch(place(1), RecordOffset(2), {}))->timestamp_ms, 1666);
  EXPECT_FALSE(source->fetch(place(1), RecordOffset(15), {})->has_value());
}

TEST_F(RateSourceTest, RefusesRatesThatCannotBe) {
  EXPECT_EQ(make_rate_source({"r", 0}).status().field(), "rows_per_second");
  EXPECT_EQ(make_rate_source({"r", 1, 0}).status().field(), "partitions");
}

}  // namespace
}  // namespace laketide
