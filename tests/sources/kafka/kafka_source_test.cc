#include "sources/kafka/kafka_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/metrics.h"
#include "kafka/producer.h"
#include "scheduler/scheduler.h"
#include "support/mock_broker.h"

namespace laketide {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A lane of its own: polls a reader, and waits when it is blocked. Confined to its task.
class Lane {
 public:
  explicit Lane(Source& source, Account account = {}) {
    context_.account = std::move(account);
    context_.clock = &system_clock();
    context_.metrics = metrics_;
    context_.wake = [this] {
      std::lock_guard lock(mutex_);
      woken_ = true;
      wake_.notify_all();
    };
    auto opened = source.open(context_);
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    reader_ = std::move(opened).value();
  }

  Reader& reader() { return *reader_; }
  const Context& context() const { return context_; }
  std::string metrics() const { return metrics_->text(); }
  const std::vector<std::string>& read() const { return read_; }

  /// Polls until `enough` of read(), the end, or a failure.
  Result<Step> poll_until(size_t enough) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      LT_ASSIGN_OR_RETURN(const Step step, poll());
      if (step == Step::kDone || read_.size() >= enough) return step;
      if (step == Step::kBlocked) wait(milliseconds(5000));
    }
    return Status::internal("late", "nothing more came within 30 s; records read: " + std::to_string(read_.size()));
  }
  /// One poll; records are kept as `partition@offset=value`.
  Result<Step> poll() {
    std::variant<Records, Batch> out;
    LT_ASSIGN_OR_RETURN(const Step step, reader_->poll(budget, out));
    if (step != Step::kReady) return step;
    for (const RecordView& row : std::get<Records>(out).rows) {
      read_.push_back(std::to_string(row.partition) + "@" + std::to_string(row.offset.value) + "=" + std::string(row.value_view().substr(0, 10)));
    }
    return step;
  }
  void wait(milliseconds at_most) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, at_most, [this] { return woken_; });
    woken_ = false;
  }

  Budget budget;

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  std::shared_ptr<Metrics> metrics_ = make_metrics();
  Context context_;
  std::vector<std::string> read_;
  std::unique_ptr<Reader> reader_;
};

class KafkaSourceTest : public ::testing::Test {
 protected:
  void SetUp() override { broker.create("events", 2); }

  void produce(int32_t partition, int count, const std::string& value = "v") {
    auto producer = kafka::Producer::open(broker.address(), {});
    ASSERT_TRUE(producer.ok());
    const Wait wait = Wait::for_at_most(seconds(30));
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE((*producer)->send({"events", partition, "key" + std::to_string(i), value, 1000 + i}, wait).ok());
    }
    const Status flushed = (*producer)->flush(wait);
    ASSERT_TRUE(flushed.ok()) << flushed.to_string();
  }
  KafkaSourceOptions options() {
    KafkaSourceOptions made;
    made.name = "src";
    made.brokers = broker.address();
    made.topics = {"events"};
    return made;
  }
  static std::unique_ptr<Source> open(KafkaSourceOptions made) {
    auto source = make_kafka_source(std::move(made));
    EXPECT_TRUE(source.ok()) << source.status().to_string();
    return std::move(source).value();
  }
  static SourcePartition place(int32_t partition) { return {"src", "events", partition}; }
  static Range range(int64_t start, int64_t end) { return {NextOffset(start), NextOffset(end)}; }

  MockBroker broker;
};

TEST_F(KafkaSourceTest, ReadsExactlyTheRanges) {
  produce(0, 6);
  produce(1, 4);
  auto source = open(options());
  Lane lane(*source);
  lane.budget.rows_max = 2;
  ASSERT_TRUE(lane.reader().assign({{place(0), range(1, 5)}, {place(1), range(2, 2)}}).ok());
  const auto end = lane.poll_until(SIZE_MAX);
  ASSERT_TRUE(end.ok()) << end.status().to_string();
  EXPECT_EQ(*end, Step::kDone);
  EXPECT_EQ(lane.read(), (std::vector<std::string>{"0@1=v", "0@2=v", "0@3=v", "0@4=v"}));
  EXPECT_EQ(lane.reader().next(), (Positions{{place(0), NextOffset(5)}, {place(1), NextOffset(2)}}));
  const std::map<SourcePartition, LastRecord> last{{place(0), {RecordOffset(4), 1004, hash_key("key4", 4)}}};
  EXPECT_EQ(lane.reader().last_records(), last);

  ASSERT_TRUE(lane.reader().assign({{place(0), range(0, 6)}, {place(1), range(0, 4)}}).ok());
  ASSERT_TRUE(lane.poll_until(SIZE_MAX).ok());
  std::vector<std::string> second(lane.read().begin() + 4, lane.read().end());
  std::sort(second.begin(), second.end());
  EXPECT_EQ(second, (std::vector<std::string>{"0@0=v", "0@1=v", "0@2=v", "0@3=v", "0@4=v", "0@5=v", "1@0=v", "1@1=v", "1@2=v", "1@3=v"}));
}

TEST_F(KafkaSourceTest, ChargesTheClientsThreadsToItsRun) {
  produce(0, 2000);
  auto source = open(options());
  auto scheduler = make_scheduler({.workers = 1});
  const Account account = scheduler->open_account({"p", "run"});
  {
    Lane lane(*source, account);
    lane.budget.rows_max = 100;
    ASSERT_TRUE(lane.reader().assign({{place(0), range(0, 2000)}}).ok());
    ASSERT_TRUE(lane.poll_until(SIZE_MAX).ok());
  }
  // The broker thread took 2000 records off the wire: 10 µs of work at the very least, and no more than the seconds of this test.
  EXPECT_GT(account.used(), std::chrono::microseconds(10));
  EXPECT_LT(account.used(), std::chrono::seconds(30));
  EXPECT_DOUBLE_EQ(scheduler->pools().front().cpu_seconds, std::chrono::duration<double>(account.used()).count());
}

TEST_F(KafkaSourceTest, IsWokenByNewRecords) {
  auto source = open(options());
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), {NextOffset(0), std::nullopt}}}).ok());
  Result<Step> step = lane.poll();
  while (step.ok() && *step != Step::kBlocked) step = lane.poll();
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(lane.context().blocked, BlockReason::kNoInput);
  produce(0, 3);
  step = lane.poll_until(3);
  ASSERT_TRUE(step.ok()) << step.status().to_string();
  EXPECT_EQ(lane.reader().next().at(place(0)), NextOffset(3));
}

TEST_F(KafkaSourceTest, KeepsToTheByteBudget) {
  produce(0, 20, std::string(1000, 'x'));
  auto source = open(options());
  Lane lane(*source);
  lane.budget.bytes_max = 2500;
  ASSERT_TRUE(lane.reader().assign({{place(0), range(0, 20)}}).ok());
  size_t before = 0;
  Result<Step> step = lane.poll();
  for (; step.ok() && *step != Step::kDone; step = lane.poll()) {
    EXPECT_LE(lane.read().size() - before, 3u);
    before = lane.read().size();
    if (*step == Step::kBlocked) lane.wait(milliseconds(5000));
  }
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(lane.read().size(), 20u);
}

TEST_F(KafkaSourceTest, FailsWithTheExactLostRange) {
  produce(0, 900, std::string(10'000, 'x'));  // more than the mock keeps
  auto source = open(options());
  const auto bounds = source->bounds(Wait::for_at_most(seconds(20)));
  ASSERT_TRUE(bounds.ok()) << bounds.status().to_string();
  const int64_t low = bounds->at(place(0)).low.value;
  ASSERT_GT(low, 100);
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), range(7, 900)}}).ok());
  const Status lost = lane.poll_until(SIZE_MAX).status();
  EXPECT_EQ(lost.code(), "data_loss");
  EXPECT_EQ(lost.fault(), Fault::kUser);
  EXPECT_TRUE(lost.detail().ends_with("events [0] [7, " + std::to_string(low) + ")")) << lost.detail();
  EXPECT_EQ(lane.read().size(), 0u);
}

TEST_F(KafkaSourceTest, GoesOnBehindLostRecordsIfAllowed) {
  produce(0, 900, std::string(10'000, 'x'));
  KafkaSourceOptions made = options();
  made.fail_on_data_loss = false;
  auto source = open(made);
  const int64_t low = source->bounds(Wait::for_at_most(seconds(20)))->at(place(0)).low.value;
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), range(7, 900)}}).ok());
  const auto end = lane.poll_until(SIZE_MAX);
  ASSERT_TRUE(end.ok()) << end.status().to_string();
  ASSERT_EQ(lane.read().size(), static_cast<size_t>(900 - low));
  EXPECT_EQ(lane.read().front(), "0@" + std::to_string(low) + "=xxxxxxxxxx");
  EXPECT_NE(lane.metrics().find("laketide_source_lost_records_total{source=\"src\"} " + std::to_string(low - 7)), std::string::npos)
      << lane.metrics();
}

TEST_F(KafkaSourceTest, EndsARangeThatIsLostAltogether) {
  produce(0, 900, std::string(10'000, 'x'));
  KafkaSourceOptions made = options();
  made.fail_on_data_loss = false;
  auto source = open(made);
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), range(7, 50)}}).ok());
  const auto end = lane.poll_until(SIZE_MAX);
  ASSERT_TRUE(end.ok()) << end.status().to_string();
  EXPECT_EQ(*end, Step::kDone);
  EXPECT_TRUE(lane.read().empty());
  EXPECT_EQ(lane.reader().next().at(place(0)), NextOffset(50));
}

TEST_F(KafkaSourceTest, FailsWhenTheLogNoLongerReachesThePosition) {
  produce(0, 5);
  KafkaSourceOptions made = options();
  made.fail_on_data_loss = false;  // no loss that could be left out: positions do not go back
  auto source = open(made);
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), {NextOffset(50), std::nullopt}}}).ok());
  const Status lost = lane.poll_until(SIZE_MAX).status();
  EXPECT_EQ(lost.code(), "data_loss") << lost.to_string();
  EXPECT_TRUE(lost.detail().ends_with("next offset 50")) << lost.detail();
}

TEST_F(KafkaSourceTest, KeepsToTheRateOfEachPartition) {
  produce(0, 40);
  produce(1, 5);
  std::mutex mutex;
  std::vector<std::function<void()>> alarms;
  KafkaSourceOptions made = options();
  made.max_rate_per_partition = 50;
  made.alarm = [&](milliseconds delay, std::function<void()> work) {
    if (delay >= seconds(1)) return;  // the look for silence
    EXPECT_GT(delay.count(), 0);
    EXPECT_LE(delay.count(), 100);
    std::lock_guard lock(mutex);
    alarms.push_back(std::move(work));
  };
  auto source = open(made);
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), range(0, 40)}, {place(1), range(0, 5)}}).ok());
  const auto started = std::chrono::steady_clock::now();
  bool was_limited = false;
  Result<Step> step = lane.poll();
  for (; step.ok() && *step != Step::kDone; step = lane.poll()) {
    if (*step != Step::kBlocked) continue;
    was_limited = was_limited || lane.context().blocked == BlockReason::kRateLimit;
    lane.wait(milliseconds(10));
    std::lock_guard lock(mutex);
    for (auto& work : alarms) work();
    alarms.clear();
  }
  ASSERT_TRUE(step.ok()) << step.status().to_string();
  EXPECT_TRUE(was_limited);
  EXPECT_EQ(lane.read().size(), 45u);
  // 5 at once, 35 at 50 a second.
  EXPECT_GE(std::chrono::steady_clock::now() - started, milliseconds(680));
}

// The client wakes nobody where nothing comes: a reader that is blocked must look for partitions that fell silent by itself.
TEST_F(KafkaSourceTest, ComesByWhereNothingWakesIt) {
  std::mutex mutex;
  std::vector<std::pair<milliseconds, std::function<void()>>> alarms;
  KafkaSourceOptions made = options();
  made.alarm = [&](milliseconds delay, std::function<void()> work) {
    std::lock_guard lock(mutex);
    alarms.emplace_back(delay, std::move(work));
  };
  const auto poll_blocked = [](Lane& lane) {
    const auto deadline = std::chrono::steady_clock::now() + seconds(30);
    auto step = lane.poll();
    while (step.ok() && *step == Step::kMore && std::chrono::steady_clock::now() < deadline) step = lane.poll();
    return step.ok() && *step == Step::kBlocked;
  };
  auto source = open(made);
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), Range{NextOffset(0), std::nullopt}}}).ok());
  ASSERT_TRUE(poll_blocked(lane));
  ASSERT_TRUE(poll_blocked(lane));
  ASSERT_EQ(alarms.size(), 1u) << "one is enough until it rings";
  EXPECT_EQ(alarms[0].first, seconds(5));
  alarms[0].second();
  ASSERT_TRUE(poll_blocked(lane));
  EXPECT_EQ(alarms.size(), 2u) << "and the next one after it";
}

TEST_F(KafkaSourceTest, ReadsOneRecordAgain) {
  produce(0, 3, "payload");
  auto source = open(options());
  const Wait wait = Wait::for_at_most(seconds(20));
  const auto found = source->fetch(place(0), RecordOffset(1), wait);
  ASSERT_TRUE(found.ok() && found->has_value()) << found.status().to_string();
  EXPECT_EQ((*found)->value, "payload");
  EXPECT_EQ((*found)->key, "key1");
  EXPECT_EQ((*found)->timestamp_ms, 1001);
  for (const int64_t gone : {3, 99}) {
    const auto none = source->fetch(place(0), RecordOffset(gone), wait);
    ASSERT_TRUE(none.ok()) << none.status().to_string();
    EXPECT_FALSE(none->has_value()) << gone;
  }
}

TEST_F(KafkaSourceTest, WaitsForABrokerThatIsAway) {
  produce(0, 2);
  auto source = open(options());
  Lane lane(*source);
  ASSERT_TRUE(lane.reader().assign({{place(0), {NextOffset(0), std::nullopt}}}).ok());
  ASSERT_TRUE(lane.poll_until(2).ok());
  broker.go_down();
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  while (lane.context().blocked != BlockReason::kBrokerAway && std::chrono::steady_clock::now() < deadline) {
    const auto step = lane.poll();
    ASSERT_TRUE(step.ok()) << step.status().to_string();
    if (*step == Step::kBlocked) lane.wait(milliseconds(1000));
  }
  EXPECT_EQ(lane.context().blocked, BlockReason::kBrokerAway);
  broker.come_up();
  produce(0, 1);
  const auto step = lane.poll_until(3);
  ASSERT_TRUE(step.ok()) << step.status().to_string();
  EXPECT_EQ(lane.read().back(), "0@2=v");
}

TEST(KafkaSource, RefusesOptionsThatCannotBe) {
  KafkaSourceOptions both;
  both.topics = {"a"};
  both.pattern = "b";
  EXPECT_EQ(make_kafka_source(both).status().code(), "bad_value");
  EXPECT_EQ(make_kafka_source({}).status().code(), "bad_value");
  KafkaSourceOptions setting;
  setting.brokers = "127.0.0.1:1";
  setting.topics = {"a"};
  setting.client = {{"plugin.library.paths", "x"}};
  EXPECT_EQ(make_kafka_source(setting).status().code(), "bad_setting");
}

}  // namespace
}  // namespace laketide
