// The epoch protocol from claim to end, killed and run again at every step.
#include <algorithm>
#include <future>
#include <set>

#include "base/mutex.h"
#include "execution/receipt.h"
#include "run_fixture.h"

namespace laketide {

namespace {

using namespace std::chrono_literals;
using Rows = MemoryRows;

class RunTest : public RunFixture {
 protected:
  RunSpec spec(const std::vector<std::string>& sinks = {"a", "b"}) {
    RunSpec spec = bare_spec(sinks);
    spec.sources[0].start = [](const PartitionBounds& bounds, const Wait&) -> Result<Positions> {
      Positions starts;
      for (const auto& [place, bound] : bounds) starts[place] = bound.low;
      return starts;
    };
    return spec;
  }

  Rows expected() const {
    Rows rows;
    for (const auto& [place, bound] : topic_->bounds()) {
      const auto values = topic_->read(place.partition, 0, INT64_MAX);
      for (size_t i = 0; i < values.size(); ++i) {
        if (values[i][0] != '!') rows.push_back({{place.partition, static_cast<int64_t>(i)}, values[i]});
      }
    }
    return rows;
  }
};

TEST_F(RunTest, writes_every_record_once_into_every_sink) {
  fill(0, 50);
  fill(1, 20);
  auto run = start(spec());
  ASSERT_TRUE(caught_up(run));
  fill(2, 30);
  ASSERT_TRUE(caught_up(run));
  run->stop(false);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kStopped);
  EXPECT_EQ(rows_of("a"), expected());
  EXPECT_EQ(rows_of("b"), expected());
}

TEST_F(RunTest, bounded_run_ends_by_itself_in_one_epoch) {
  fill(0, 50);
  fill(1, 3);
  RunSpec job = spec();
  job.bounded = job.one_epoch = true;
  auto run = start(std::move(job));
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kFinished) << run->view().problem.to_string();
  EXPECT_EQ(rows_of("a"), expected());
  EXPECT_EQ(table("a")->commits, 1);
}

TEST_F(RunTest, a_bounded_run_ends_where_the_topic_ended_when_it_began) {
  fill(0, 30);
  const Rows then = expected();
  RunSpec job = spec();
  job.bounded = job.one_epoch = true;
  std::promise<PipelineRun*> started;
  // The watcher hears of a new partition and of more records before the first one is read.
  job.plan = [&, self = started.get_future().share(), plan = job.plan](const Schemas& schemas) {
    fill(0, 30);
    topic_->add_partition();
    EXPECT_TRUE(eventually([&] { return self.get()->view().bounds.size() == 4; }));
    return plan(schemas);
  };
  const auto run = start(std::move(job));
  started.set_value(run.get());
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kFinished) << run->view().problem.to_string();
  EXPECT_EQ(rows_of("a"), then);
}

TEST_F(RunTest, empty_bounded_run_finishes_without_a_commit) {
  RunSpec job = spec();
  job.bounded = job.one_epoch = true;
  auto run = start(std::move(job));
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kFinished);
  EXPECT_EQ(table("a")->commits, 0);
}

/// As the engine does it: the epoch it begins with is remembered from one run to the next.
TEST_F(RunTest, one_that_was_reset_begins_anew_once_and_its_epochs_go_on) {
  fill(0, 3);
  auto run = start(spec());
  ASSERT_TRUE(caught_up(run));
  run->stop(false);
  ASSERT_TRUE(rest(run));
  const Rows once = rows_of("a");
  const EpochId last = run->view().epoch;
  std::optional<EpochId> first;
  const auto reset = [&] {
    RunSpec anew = spec();
    anew.anew = Beginning{first, [&](EpochId epoch) {
                            first = epoch;
                            return Status();
                          }};
    return anew;
  };
  run = start(reset());
  ASSERT_TRUE(caught_up(run));
  run->stop(false);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(first, after(last)) << "numbers never go back";
  Rows twice = once;
  twice.insert(twice.end(), once.begin(), once.end());
  std::ranges::sort(twice);
  EXPECT_EQ(rows_of("a"), twice);
  EXPECT_EQ(rows_of("b"), twice);
  fill(1, 1);
  run = start(reset());
  ASSERT_TRUE(caught_up(run));
  run->stop(false);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(rows_of("a").size(), twice.size() + 1) << "it begins anew only once";
}

TEST_F(RunTest, receipts_account_for_every_record) {
  topic_->append(0, "good");
  topic_->append(0, "!bad");
  auto run = start(spec());
  ASSERT_TRUE(caught_up(run));
  run->stop(false);
  ASSERT_TRUE(rest(run));
  int64_t in = 0, out = 0, quarantined = 0;
  const auto epochs = ledger_->committed_epochs("p", 100);
  ASSERT_TRUE(epochs.ok());
  for (const auto& row : *epochs) {
    const auto receipt = receipt_from_json(row.receipt);
    ASSERT_TRUE(receipt.ok());
    in += receipt->rows_in;
    out += receipt->rows_out;
    quarantined += receipt->quarantined;
    EXPECT_EQ(receipt->rows_in, receipt->rows_out + receipt->filtered + receipt->quarantined);
  }
  EXPECT_EQ(in, 2);
  EXPECT_EQ(out, 1);
  EXPECT_EQ(quarantined, 1);
}

TEST_F(RunTest, the_receipt_of_an_epoch_whose_ledger_was_lost_has_its_counts) {
  for (const char* value : {"good", "!bad", "better"}) topic_->append(0, value);
  ASSERT_TRUE(Failpoint::arm("ledger.committed.before=fail").ok());
  RunSpec job = spec();
  job.bounded = job.one_epoch = true;
  auto first = start(std::move(job));
  ASSERT_TRUE(rest(first));
  ASSERT_EQ(table("b")->commits, 1);
  Failpoint::disarm_all();
  lose_ledger();
  auto second = start(spec());
  ASSERT_TRUE(eventually([&] { return second->view().state == StreamState::kRunning; }));
  second->stop(false);
  ASSERT_TRUE(rest(second));
  const auto epochs = ledger_->committed_epochs("p", 100);
  ASSERT_TRUE(epochs.ok());
  ASSERT_EQ(epochs->size(), 1u);
  const auto receipt = receipt_from_json(epochs->front().receipt);
  ASSERT_TRUE(receipt.ok());
  EXPECT_EQ(receipt->rows_in, 3);
  EXPECT_EQ(receipt->rows_out, 2);
  EXPECT_EQ(receipt->filtered, 0);
  EXPECT_EQ(receipt->quarantined, 1);
}

TEST_F(RunTest, the_receipt_of_an_epoch_run_again_names_the_commits_that_stood_before) {
  for (const char* value : {"good", "!bad", "better"}) topic_->append(0, value);
  ASSERT_TRUE(Failpoint::arm("memory_sink.b.commit.before=fail").ok());
  RunSpec job = spec();
  job.bounded = job.one_epoch = true;
  auto first = start(std::move(job));
  ASSERT_TRUE(rest(first));
  ASSERT_EQ(table("a")->commits, 1);
  ASSERT_EQ(table("b")->commits, 0);
  Failpoint::disarm_all();
  auto second = start(spec());
  ASSERT_TRUE(eventually([&] { return second->view().state == StreamState::kRunning && second->view().epoch == EpochId(0); }));
  second->stop(false);
  ASSERT_TRUE(rest(second));
  EXPECT_EQ(table("a")->commits, 1);
  const auto epochs = ledger_->committed_epochs("p", 100);
  ASSERT_TRUE(epochs.ok());
  ASSERT_EQ(epochs->size(), 1u);
  const auto receipt = receipt_from_json(epochs->front().receipt);
  ASSERT_TRUE(receipt.ok());
  ASSERT_EQ(receipt->sinks.size(), 2u);
  for (const auto& sink : receipt->sinks) {
    EXPECT_EQ(sink.commit, "1") << sink.sink;
    EXPECT_EQ(sink.rows, 2) << sink.sink;
  }
  EXPECT_EQ(receipt->rows_in, 3);
}

/// Beside the policy, what a refusing query and refusing sinks need.
class QuarantineTest : public RunTest {
 protected:
  RunSpec refusing() {
    RunSpec spec = RunTest::spec();
    spec.bad_records = BadRecordPolicy::kQuarantine;
    spec.bad_ratio_max = 1;
    spec.quarantine = make_memory_sink("quarantine", table("quarantine"));
    spec.lanes_max = 1;
    spec.plan = plan_of(2, &make_memory_operator);
    return spec;
  }
};

TEST_F(QuarantineTest, what_the_query_and_the_sinks_refuse_keeps_its_bytes) {
  for (const char* value : {"a", "?b", "!c", "#d", "e", "?f"}) topic_->append(0, value);
  for (const char* value : {"#g", "h"}) topic_->append(1, value);
  auto run = start(refusing());
  ASSERT_TRUE(caught_up(run)) << run->view().problem.to_string();
  run->stop(false);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(rows_of("quarantine"), (Rows{{{0, 1}, "?b"}, {{0, 2}, "!c"}, {{0, 3}, "#d"}, {{0, 5}, "?f"}, {{1, 0}, "#g"}}));
  EXPECT_EQ(rows_of("a"), (Rows{{{0, 0}, "a"}, {{0, 4}, "e"}, {{1, 1}, "h"}}));
  EXPECT_EQ(rows_of("b"), rows_of("a"));
  const RunView view = run->view();
  EXPECT_EQ(view.rows_in, 8);
  EXPECT_EQ(view.rows_out, 3) << "a row that the writer refused did not go out";
  EXPECT_EQ(view.quarantined, 5);
}

TEST_F(QuarantineTest, an_epoch_run_again_whose_quarantine_stands_already_drops_its_rejects) {
  const std::string large(300'000, 'x');
  for (int i = 0; i < 8; ++i) topic_->append(0, (i % 2 == 0 ? "?" : "!") + large);
  topic_->append(0, "good");
  RunSpec first = refusing();
  first.interval = 1h;
  first.bounded = first.one_epoch = true;
  ASSERT_TRUE(Failpoint::arm("memory_sink.a.commit.before=fail").ok());
  auto failed = start(std::move(first));
  ASSERT_TRUE(rest(failed));
  ASSERT_EQ(table("quarantine")->commits, 1);
  ASSERT_EQ(table("a")->commits, 0);
  Failpoint::disarm_all();
  auto second = start(refusing());
  ASSERT_TRUE(caught_up(second)) << second->view().problem.to_string();
  second->stop(false);
  ASSERT_TRUE(rest(second));
  EXPECT_EQ(rows_of("quarantine").size(), 8u);
  EXPECT_EQ(rows_of("b"), (Rows{{{0, 8}, "good"}}));
}

/// Every durable step of the protocol, and the hit at which it fails: the process is gone there, and the next one goes on.
class CrashTest : public RunTest, public ::testing::WithParamInterface<std::tuple<std::string, int>> {};

TEST_P(CrashTest, each_record_is_in_each_sink_exactly_once) {
  const auto& [point, hit] = GetParam();
  ASSERT_TRUE(Failpoint::arm(point + "=fail@" + std::to_string(hit)).ok());
  fill(0, 40);
  fill(1, 9);
  auto first = start(spec());
  if (caught_up(first)) {  // the point was not reached: more records make more epochs
    fill(0, 40);
    fill(2, 10);
    (void)caught_up(first);
  }
  if (!first->at_rest()) first->stop(false);
  ASSERT_TRUE(rest(first));
  Failpoint::disarm_all();
  fill(1, 5);
  auto second = start(spec());
  ASSERT_TRUE(caught_up(second)) << second->view().problem.to_string();
  second->stop(false);
  ASSERT_TRUE(rest(second));
  EXPECT_EQ(rows_of("a"), expected());
  EXPECT_EQ(rows_of("b"), expected());
}

INSTANTIATE_TEST_SUITE_P(
    EveryStep, CrashTest,
    ::testing::Combine(::testing::Values("epoch.prepare.before", "memory_sink.a.prepare.before", "memory_sink.b.prepare.before",
                                         "epoch.prepared", "ledger.plan.before", "ledger.transaction.before", "ledger.plan.after",
                                         "epoch.planned", "memory_sink.a.commit.before", "memory_sink.a.commit.after",
                                         "epoch.sink_committed", "memory_sink.b.commit.before", "memory_sink.b.commit.after",
                                         "ledger.committed.before", "ledger.committed.after", "epoch.committed"),
                       ::testing::Values(1, 2, 3)),
    [](const auto& info) {
      std::string name = std::get<0>(info.param) + "_" + std::to_string(std::get<1>(info.param));
      std::ranges::replace(name, '.', '_');
      return name;
    });

TEST_F(RunTest, lost_state_directory_continues_from_the_sinks) {
  fill(0, 30);
  auto first = start(spec());
  ASSERT_TRUE(caught_up(first));
  first->stop(false);
  ASSERT_TRUE(rest(first));
  lose_ledger();
  fill(0, 30);
  auto second = start(spec());
  ASSERT_TRUE(caught_up(second)) << second->view().problem.to_string();
  second->stop(false);
  ASSERT_TRUE(rest(second));
  EXPECT_EQ(rows_of("a"), expected());
  EXPECT_EQ(rows_of("b"), expected());
}

TEST_F(RunTest, an_older_owner_is_fenced_and_writes_nothing_more) {
  fill(0, 5);
  auto older = start(spec());
  ASSERT_TRUE(caught_up(older));
  TempDir other_dir;
  auto other_ledger = Ledger::open(other_dir.path() + "/state");
  ASSERT_TRUE(other_ledger.ok());
  auto newer = PipelineRun::start(spec(), **other_ledger, *scheduler_, [](const RunView&) {}, rested_);
  ASSERT_TRUE(eventually([&] { return newer->view().state == StreamState::kRunning; }));
  fill(0, 20);
  ASSERT_TRUE(rest(older));
  EXPECT_EQ(older->view().state, StreamState::kFenced);
  ASSERT_TRUE(caught_up(newer));
  newer->stop(false);
  ASSERT_TRUE(rest(newer));
  EXPECT_EQ(rows_of("a"), expected());
  EXPECT_EQ(rows_of("b"), expected());
}

TEST_F(RunTest, an_outside_fault_stalls_and_is_tried_again) {
  ASSERT_TRUE(Failpoint::arm("memory_sink.b.commit.before=error@2").ok());
  fill(0, 30);
  auto run = start(spec());
  ASSERT_TRUE(caught_up(run));
  fill(0, 30);
  ASSERT_TRUE(caught_up(run)) << run->view().problem.to_string();
  run->stop(false);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kStopped);
  EXPECT_EQ(rows_of("b"), expected());
}

TEST_F(RunTest, a_stop_during_a_replay_waits_until_it_is_whole) {
  ASSERT_TRUE(Failpoint::arm("memory_sink.b.commit.before=fail").ok());
  fill(0, 30);
  RunSpec whole = spec();
  whole.bounded = whole.one_epoch = true;
  auto first = start(std::move(whole));
  ASSERT_TRUE(rest(first));
  ASSERT_EQ(table("a")->commits, 1);
  ASSERT_EQ(table("b")->commits, 0);
  ASSERT_TRUE(Failpoint::arm("memory_sink.b.commit.before=delay;memory_source.poll=hang@3").ok());
  const uint64_t polled = Failpoint::hits()["memory_source.poll"];
  auto second = start(spec());
  ASSERT_TRUE(eventually([&] { return Failpoint::hits()["memory_source.poll"] >= polled + 3; }));
  EXPECT_EQ(second->view().committed.at({"in", "t", 0}), NextOffset(0)) << "b lacks it";
  second->stop(false);
  Failpoint::disarm_all();
  ASSERT_TRUE(rest(second));
  EXPECT_EQ(second->view().state, StreamState::kStopped) << second->view().problem.to_string();
  EXPECT_EQ(rows_of("a"), expected());
  EXPECT_EQ(rows_of("b"), expected());
}

// Lanes report their first record each: what comes while the epoch that it belongs to is being closed says nothing of the next.
TEST_F(RunTest, an_epoch_is_ended_only_once_though_lanes_report_late) {
  auto run = start(spec());
  for (int round = 0; round < 40; ++round) {
    for (int partition = 0; partition < 3; ++partition) fill(partition, 3);
    ASSERT_TRUE(caught_up(run)) << run->view().problem.to_string();
  }
  run->stop(false);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kStopped) << run->view().problem.to_string();
  EXPECT_EQ(rows_of("b"), expected());
}

TEST_F(RunTest, recreated_topic_fails_by_name) {
  fill(0, 30);
  auto first = start(spec());
  ASSERT_TRUE(caught_up(first));
  first->stop(false);
  ASSERT_TRUE(rest(first));
  topic_->recreate(3);
  for (int i = 0; i < 50; ++i) topic_->append(0, "another " + std::to_string(i));
  auto second = start(spec());
  ASSERT_TRUE(rest(second));
  EXPECT_EQ(second->view().state, StreamState::kFailed);
  EXPECT_EQ(second->view().problem.code(), "topic_recreated");
}

TEST_F(RunTest, sink_added_later_starts_at_the_next_offset) {
  fill(0, 30);
  auto first = start(spec({"a"}));
  ASSERT_TRUE(caught_up(first));
  first->stop(false);
  ASSERT_TRUE(rest(first));
  auto second = start(spec({"a", "b"}));
  fill(0, 10);
  ASSERT_TRUE(caught_up(second)) << second->view().problem.to_string();
  second->stop(false);
  ASSERT_TRUE(rest(second));
  EXPECT_EQ(rows_of("a"), expected());
  const Rows all = expected();
  EXPECT_EQ(rows_of("b"), Rows(all.end() - 10, all.end()));
}

TEST_F(RunTest, partition_added_while_running_is_read_from_its_first_record) {
  fill(0, 10);
  auto run = start(spec());
  ASSERT_TRUE(caught_up(run));
  topic_->add_partition();
  fill(3, 25);
  ASSERT_TRUE(caught_up(run)) << run->view().problem.to_string();
  run->stop(false);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(rows_of("a"), expected());
}

TEST_F(RunTest, too_many_bad_records_fail_the_stream) {
  RunSpec strict = spec();
  strict.bad_ratio_over = 20;
  for (int i = 0; i < 40; ++i) topic_->append(0, i % 4 == 0 ? "good" : "!bad");
  auto run = start(std::move(strict));
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().problem.code(), "too_many_bad");
}

TEST_F(RunTest, bad_record_policy_fail_names_the_place) {
  RunSpec strict = spec();
  strict.bad_records = BadRecordPolicy::kFail;
  fill(0, 4);
  topic_->append(0, "!bad");
  auto run = start(std::move(strict));
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().problem.code(), "bad_record");
  EXPECT_NE(run->view().problem.detail().find("t/0 offset 4"), std::string_view::npos);
}

/// Counts how often it is told what was committed, and keeps the last. Thread-safe.
class MirroredSource final : public Source {
 public:
  explicit MirroredSource(std::shared_ptr<Source> below) : below_(std::move(below)) {}
  Result<PartitionBounds> bounds(const Wait& wait) override { return below_->bounds(wait); }
  Result<Positions> at_time(Instant time, const Wait& wait) override { return below_->at_time(time, wait); }
  Result<std::unique_ptr<Reader>> open(Context& context) override { return below_->open(context); }
  Status mirror(const Positions& committed, const Wait&) override {
    const MutexLock lock(mutex_);
    ++times_;
    last_ = committed;
    return {};
  }
  Result<std::optional<Reject>> fetch(const SourcePartition& place, RecordOffset offset, const Wait& wait) override {
    return below_->fetch(place, offset, wait);
  }
  std::pair<int, Positions> seen() const {
    const MutexLock lock(mutex_);
    return {times_, last_};
  }

 private:
  const std::shared_ptr<Source> below_;
  mutable Mutex mutex_;
  int times_ LT_GUARDED_BY(mutex_) = 0;
  Positions last_ LT_GUARDED_BY(mutex_);
};

TEST_F(RunTest, offsets_are_mirrored_once_a_second_and_at_the_end) {
  auto run_spec = spec({"a"});
  const auto source = std::make_shared<MirroredSource>(run_spec.sources.front().source);
  run_spec.sources.front().source = source;
  const auto began = std::chrono::steady_clock::now();
  const auto run = start(std::move(run_spec));
  for (int i = 0; i < 50; ++i) {
    topic_->append(i % 3, "v" + std::to_string(i));
    ASSERT_TRUE(caught_up(run));
  }
  EXPECT_GE(run->view().epoch.value, 40) << "an epoch for each record, or nearly";
  run->stop(false);
  ASSERT_TRUE(rest(run));
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - began).count();
  const auto [times, last] = source->seen();
  EXPECT_LE(times, seconds + 3) << "the first, one a second, and the last";
  EXPECT_EQ(last, ended_.committed);
}

TEST_F(RunTest, stop_now_gives_the_open_epoch_up) {
  RunSpec slow = spec();
  slow.interval = 1h;
  fill(0, 5);
  auto run = start(std::move(slow));
  ASSERT_TRUE(caught_up(run));
  fill(0, 5);
  run->stop(true);
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kStopped);
  EXPECT_EQ(rows_of("a").size(), 5u);
}

}  // namespace
}  // namespace laketide
