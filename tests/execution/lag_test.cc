#include "execution/lag.h"

#include <gtest/gtest.h>

#include "support/memory_pipeline.h"

namespace laketide {
namespace {

const SourcePartition kFirst{"in", "t", 0}, kSecond{"in", "t", 1}, kThird{"in", "t", 2};

Bounds between(int64_t low, int64_t high) { return {NextOffset(low), NextOffset(high)}; }
Instant at_seconds(double seconds) { return Instant{static_cast<int64_t>(seconds * 1e6)}; }

TEST(Lag, nothing_waits) {
  const Positions committed{{kFirst, NextOffset(5)}, {kSecond, NextOffset(0)}};
  EXPECT_EQ(lag_seconds(committed, {{kFirst, between(0, 5)}, {kSecond, between(0, 0)}}, {}, at_seconds(9)), 0.0);
  EXPECT_EQ(lag_seconds({}, {{kFirst, between(0, 5)}}, {}, at_seconds(9)), 0.0) << "a partition that is not read yet";
}

TEST(Lag, is_the_age_of_the_oldest_record_that_waits) {
  const Positions committed{{kFirst, NextOffset(5)}, {kSecond, NextOffset(7)}, {kThird, NextOffset(1)}};
  const PartitionBounds bounds{{kFirst, between(0, 9)}, {kSecond, between(0, 8)}, {kThird, between(0, 1)}};
  const WaitingRecords waiting{{kFirst, {RecordOffset(5), 4'000}}, {kSecond, {RecordOffset(7), 2'500}}, {kThird, {RecordOffset(0), 1}}};
  EXPECT_EQ(lag_seconds(committed, bounds, waiting, at_seconds(10)), 7.5);
  EXPECT_EQ(lag_seconds(committed, bounds, waiting, at_seconds(1)), 0.0) << "a clock that is behind the producer's";
}

TEST(Lag, a_record_that_has_been_committed_since_says_nothing) {
  const Positions committed{{kFirst, NextOffset(5)}};
  const PartitionBounds bounds{{kFirst, between(0, 9)}};
  EXPECT_EQ(lag_seconds(committed, bounds, {}, at_seconds(10)), std::nullopt);
  EXPECT_EQ(lag_seconds(committed, bounds, {{kFirst, {RecordOffset(4), 1000}}}, at_seconds(10)), std::nullopt);
  EXPECT_EQ(lag_seconds(committed, bounds, {{kFirst, {RecordOffset(5), -1}}}, at_seconds(10)), std::nullopt) << "no timestamp";
}

TEST(Lag, asks_first_where_nothing_is_known_then_where_time_stands_oldest) {
  const Positions committed{{kFirst, NextOffset(5)}, {kSecond, NextOffset(7)}, {kThird, NextOffset(3)}};
  const PartitionBounds bounds{{kFirst, between(0, 9)}, {kSecond, between(0, 8)}, {kThird, between(4, 6)}};
  const WaitingRecords waiting{{kFirst, {RecordOffset(2), 9'000}}, {kSecond, {RecordOffset(2), 8'000}}};
  using Asked = std::vector<std::pair<SourcePartition, RecordOffset>>;
  EXPECT_EQ(unknown_records(committed, bounds, waiting, 3),
            (Asked{{kThird, RecordOffset(4)}, {kSecond, RecordOffset(7)}, {kFirst, RecordOffset(5)}}))
      << "what is below the low bound is gone and does not wait";
  EXPECT_EQ(unknown_records(committed, bounds, waiting, 1), (Asked{{kThird, RecordOffset(4)}}));
  EXPECT_EQ(unknown_records(committed, bounds, {{kFirst, {RecordOffset(5), 1}}, {kSecond, {RecordOffset(7), -1}}, {kThird, {RecordOffset(4), 1}}}, 3),
            Asked{});
}

TEST(Lag, looks_the_records_up_in_the_source) {
  auto topic = std::make_shared<MemoryTopic>(2);  // a record's timestamp is its offset in milliseconds
  for (int i = 0; i < 3000; ++i) topic->append(0, "v");
  topic->append(1, "v");
  const auto source = make_memory_source(topic);
  LagWatch watch;
  const Wait wait = Wait::for_at_most(std::chrono::seconds(5));
  EXPECT_EQ(watch.seconds(*source, {{kFirst, NextOffset(1000)}, {kSecond, NextOffset(1)}}, topic->bounds(), at_seconds(5), wait), 4.0);
  EXPECT_EQ(watch.seconds(*source, {{kFirst, NextOffset(2000)}, {kSecond, NextOffset(1)}}, topic->bounds(), at_seconds(5), wait), 3.0);
  EXPECT_EQ(watch.seconds(*source, {{kFirst, NextOffset(3000)}, {kSecond, NextOffset(1)}}, topic->bounds(), at_seconds(5), wait), 0.0);
}

}  // namespace
}  // namespace laketide
