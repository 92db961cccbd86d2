// A run that is a batch job: ranges fixed once, one commit at the end, lines used by many jobs in turn.
#include <atomic>
#include <functional>
#include <future>
#include <stdexcept>

#include "run_fixture.h"

namespace laketide {

namespace {

using namespace std::chrono_literals;
using JobRows = MemoryRows;

/// The memory source, whose answers a test may spoil. Thread-safe.
class HookedSource final : public Source {
 public:
  HookedSource(std::shared_ptr<Source> below, std::function<Status()> on_bounds) : below_(std::move(below)), on_bounds_(std::move(on_bounds)) {}
  Result<PartitionBounds> bounds(const Wait& wait) override {
    LT_RETURN_IF_ERROR(on_bounds_());
    return below_->bounds(wait);
  }
  Result<Positions> at_time(Instant time, const Wait& wait) override { return below_->at_time(time, wait); }
  Result<std::unique_ptr<Reader>> open(Context& context) override { return below_->open(context); }
  Status mirror(const Positions& committed, const Wait& wait) override { return below_->mirror(committed, wait); }
  Result<std::optional<Reject>> fetch(const SourcePartition& place, RecordOffset offset, const Wait& wait) override {
    return below_->fetch(place, offset, wait);
  }

 private:
  const std::shared_ptr<Source> below_;
  const std::function<Status()> on_bounds_;
};

/// A sink that tells when it goes, and when it is claimed. Caller synchronises.
class HookedSink final : public Sink {
 public:
  HookedSink(std::unique_ptr<Sink> below, std::function<void()> on_claim, std::function<void()> on_gone)
      : below_(std::move(below)), on_claim_(std::move(on_claim)), on_gone_(std::move(on_gone)) {}
  ~HookedSink() override { on_gone_(); }
  const std::string& id() const override { return below_->id(); }
  Result<Progress> claim(const Wait& wait) override {
    on_claim_();
    return below_->claim(wait);
  }
  Status bind(const Schema& schema, const Wait& wait) override { return below_->bind(schema, wait); }
  Result<std::unique_ptr<Writer>> open(Context& context) override { return below_->open(context); }
  Status prepare(const EpochPlan& plan, std::span<const std::unique_ptr<Staged>> staged, const Wait& wait) override {
    return below_->prepare(plan, staged, wait);
  }
  Result<Commit> commit(const EpochPlan& plan, const Wait& wait) override { return below_->commit(plan, wait); }
  Status abandon(EpochId epoch, const Wait& wait) override { return below_->abandon(epoch, wait); }

 private:
  std::unique_ptr<Sink> below_;
  const std::function<void()> on_claim_, on_gone_;
};

/// Confined to its task.
class ThrowingOperator final : public Operator {
 public:
  Result<Step> process(Port, const Batch&, Batch&, Rejects&) override { throw std::runtime_error("thrown by the test"); }
  Result<Step> end_epoch(const EpochInfo&, Batch&) override { return Step::kReady; }
};

class JobRunTest : public RunFixture {
 protected:
  void SetUp() override {
    RunFixture::SetUp();
    for (int partition = 0; partition < 3; ++partition) fill(partition, 20);
  }

  /// A job over [start, end) of the partitions named, into the sinks "a" and "b".
  RunSpec job(std::map<int, std::pair<int64_t, int64_t>> wanted, bool atomic = true) {
    RunSpec spec = bare_spec({"a", "b"});
    spec.line = "p@0";
    spec.run_id = "job";
    spec.bounded = true;
    spec.one_epoch = atomic;
    if (!atomic) spec.sources[0].epoch_records_max = 5;
    JobWork work;
    work.id = "job";
    work.find_ranges = [this, wanted](const PartitionBounds& bounds, const Positions&, std::optional<Instant> newest, const Wait&) -> Result<Ranges> {
      newest_ = newest;
      Ranges ranges;
      for (const auto& [partition, range] : wanted) {
        const SourcePartition place{"in", "t", partition};
        const auto has = bounds.find(place);
        if (has == bounds.end()) return Status::user("unknown_partition", "no such partition");
        if (range.second > has->second.high.value) return Status::user("offset_out_of_range", "not there");
        ranges[place] = Range{NextOffset(range.first), NextOffset(range.second)};
      }
      return ranges;
    };
    work.fix = [this](const Ranges& ranges, EpochId first) {
      fixed_ = ranges;
      first_ = first;
      return Status();
    };
    spec.job = std::move(work);
    return spec;
  }
  /// The same job as a later process takes it up.
  RunSpec again(RunSpec spec) const {
    spec.job->ranges = fixed_;
    spec.job->first = first_;
    return spec;
  }

  RunView run(RunSpec spec) {
    auto run = start(std::move(spec));
    EXPECT_TRUE(rest(run));
    return run->view();
  }
  JobRows expected(int partition, int64_t start, int64_t end) const {
    JobRows rows;
    for (int64_t i = start; i < end; ++i) rows.push_back({{partition, i}, "v" + std::to_string(partition) + "-" + std::to_string(i)});
    return rows;
  }

  std::optional<Ranges> fixed_;
  std::optional<EpochId> first_;
  std::optional<Instant> newest_;  // as find_ranges got it
};

TEST_F(JobRunTest, reads_its_ranges_and_nothing_else_in_one_commit) {
  const RunView view = run(job({{0, {3, 9}}, {2, {0, 20}}}));
  EXPECT_EQ(view.state, StreamState::kFinished) << view.problem.to_string();
  JobRows rows = expected(0, 3, 9);
  for (const auto& row : expected(2, 0, 20)) rows.push_back(row);
  EXPECT_EQ(rows_of("a"), rows);
  EXPECT_EQ(rows_of("b"), rows);
  EXPECT_EQ(table("a")->commits, 1);
}

TEST_F(JobRunTest, a_line_serves_one_job_after_another) {
  EXPECT_EQ(run(job({{0, {5, 10}}})).state, StreamState::kFinished);
  // Earlier records, and other partitions: what the line did before does not count.
  EXPECT_EQ(run(job({{0, {0, 5}}, {1, {7, 8}}})).state, StreamState::kFinished);
  EXPECT_EQ(first_, EpochId(1));
  JobRows rows = expected(0, 0, 10);
  rows.push_back(expected(1, 7, 8).front());
  EXPECT_EQ(rows_of("a"), rows);
}

TEST_F(JobRunTest, an_empty_range_is_done_without_a_commit) {
  const RunView view = run(job({{0, {4, 4}}}));
  EXPECT_EQ(view.state, StreamState::kFinished);
  EXPECT_EQ(table("a")->commits, 0);
}

TEST_F(JobRunTest, a_range_that_is_not_there_fails_and_writes_nothing) {
  const RunView view = run(job({{0, {0, 21}}}));
  EXPECT_EQ(view.state, StreamState::kFailed);
  EXPECT_EQ(view.problem.code(), "offset_out_of_range");
  EXPECT_EQ(view.bounds.size(), 3u);
  EXPECT_TRUE(rows_of("a").empty());
}

TEST_F(JobRunTest, taken_up_after_a_crash_between_two_commits_it_writes_what_is_lacking_only) {
  RunSpec first = job({{0, {0, 10}}, {1, {0, 10}}});
  first.job->attempts_max = 1;
  ASSERT_TRUE(Failpoint::arm("epoch.sink_committed=error").ok());
  auto running = start(std::move(first));
  // The epoch is decided: it is finished in the same run, whatever attempts it may have.
  ASSERT_TRUE(rest(running));
  EXPECT_EQ(running->view().state, StreamState::kFinished) << running->view().problem.to_string();
  JobRows rows = expected(0, 0, 10);
  for (const auto& row : expected(1, 0, 10)) rows.push_back(row);
  EXPECT_EQ(rows_of("a"), rows);
  EXPECT_EQ(rows_of("b"), rows);
  // And by another process that knows only what was fixed.
  EXPECT_EQ(run(again(job({}))).state, StreamState::kFinished);
  EXPECT_EQ(rows_of("a"), rows);
  EXPECT_EQ(rows_of("b"), rows);
}

TEST_F(JobRunTest, outside_faults_end_it_after_its_attempts) {
  RunSpec spec = job({{0, {0, 10}}});
  spec.job->attempts_max = 2;
  ASSERT_TRUE(Failpoint::arm("epoch.prepare.before=error@every").ok());
  const RunView view = run(std::move(spec));
  EXPECT_EQ(view.state, StreamState::kFailed);
  EXPECT_EQ(view.attempt, 2);
  Failpoint::disarm_all();
  EXPECT_EQ(run(again(job({}))).state, StreamState::kFinished);
  EXPECT_EQ(rows_of("a"), expected(0, 0, 10));
}

TEST_F(JobRunTest, cancelled_before_its_commit_is_decided_it_leaves_nothing) {
  ASSERT_TRUE(Failpoint::arm("memory_sink.b.prepare.before=delay:300").ok());
  auto running = start(job({{0, {0, 10}}}));
  ASSERT_TRUE(running->cancel());
  ASSERT_TRUE(rest(running));
  EXPECT_EQ(running->view().state, StreamState::kStopped);
  EXPECT_TRUE(rows_of("a").empty());
  EXPECT_TRUE(rows_of("b").empty());
}

TEST_F(JobRunTest, one_that_commits_as_it_goes_is_cut_and_goes_on) {
  RunSpec spec = job({{0, {0, 20}}, {1, {0, 20}}}, false);
  ASSERT_TRUE(Failpoint::arm("epoch.planned=error@3").ok());
  const RunView view = run(std::move(spec));
  EXPECT_EQ(view.state, StreamState::kFinished) << view.problem.to_string();
  EXPECT_GT(table("a")->commits, 2);
  JobRows rows = expected(0, 0, 20);
  for (const auto& row : expected(1, 0, 20)) rows.push_back(row);
  EXPECT_EQ(rows_of("a"), rows);
  EXPECT_EQ(rows_of("b"), rows);
}

TEST_F(JobRunTest, asks_its_sinks_for_their_largest_value_and_takes_the_least) {
  const auto ask = [&](const std::string& column) {
    RunSpec spec = job({{0, {0, 0}}});
    spec.job->max_column = column;
    newest_.reset();
    return run(std::move(spec));
  };
  table("a")->largest = {{"ts", Instant{5'000}}, {"later", Instant{9'000}}};
  table("b")->largest = {{"ts", Instant{7'000}}, {"later", std::nullopt}};
  EXPECT_EQ(ask("ts").state, StreamState::kFinished);
  ASSERT_TRUE(newest_);
  EXPECT_EQ(newest_->micros, 5'000);
  EXPECT_EQ(ask("later").state, StreamState::kFinished);
  EXPECT_FALSE(newest_) << "one has no rows: it may miss none";
  EXPECT_EQ(ask("").state, StreamState::kFinished);
  EXPECT_FALSE(newest_) << "nobody asked";
  const RunView refused = ask("other");
  EXPECT_EQ(refused.state, StreamState::kFailed);
  EXPECT_EQ(refused.problem.code(), "unsupported");
}

TEST_F(JobRunTest, a_cancel_that_comes_after_its_end_changes_nothing) {
  RunSpec spec = job({{0, {0, 10}}});
  std::promise<PipelineRun*> started;
  const auto self = started.get_future().share();
  auto sink = std::move(spec.sinks.front());
  // The run has ended and closes its sinks, but has not said so yet.
  spec.sinks.front() = std::make_unique<HookedSink>(std::move(sink), [] {}, [self] { (void)self.get()->cancel(); });
  const auto running = start(std::move(spec));
  started.set_value(running.get());
  ASSERT_TRUE(rest(running));
  EXPECT_EQ(rows_of("a"), expected(0, 0, 10));
  EXPECT_EQ(ended_.state, StreamState::kFinished);
  EXPECT_EQ(running->view().state, StreamState::kFinished);
}

TEST_F(JobRunTest, an_exception_in_an_operator_fails_it) {
  RunSpec spec = job({{0, {0, 10}}});
  spec.plan = plan_of(2, [] { return std::make_unique<ThrowingOperator>(); });
  auto running = start(std::move(spec));
  ASSERT_TRUE(rest(running)) << "a lane that is gone was waited for";
  EXPECT_EQ(running->view().state, StreamState::kFailed);
  EXPECT_EQ(running->view().problem.code(), "run_broken");
}

TEST_F(JobRunTest, an_exception_in_its_control_fails_it) {
  RunSpec spec = job({{0, {0, 10}}});
  spec.job->find_ranges = [](const PartitionBounds&, const Positions&, std::optional<Instant>, const Wait&) -> Result<Ranges> { throw std::runtime_error("thrown by the test"); };
  auto running = start(std::move(spec));
  ASSERT_TRUE(rest(running)) << "nobody heard of its end";
  EXPECT_EQ(ended_.state, StreamState::kFailed);
  EXPECT_EQ(ended_.problem.code(), "run_broken");
}

TEST_F(JobRunTest, markers_at_the_end_of_its_ranges_are_read_over) {
  for (int i = 0; i < 5; ++i) topic_->append_marker(0);
  for (int i = 0; i < 5; ++i) topic_->append_marker(1);
  // As it goes: the last epoch has no record in it.
  const RunView goes = run(job({{0, {0, 25}}}, false));
  EXPECT_EQ(goes.state, StreamState::kFinished) << goes.problem.to_string();
  EXPECT_EQ(rows_of("a"), expected(0, 0, 20));
  // Nothing but markers.
  const RunView none = run(job({{1, {20, 25}}}));
  EXPECT_EQ(none.state, StreamState::kFinished) << none.problem.to_string();
  EXPECT_EQ(rows_of("a"), expected(0, 0, 20));
}

TEST_F(JobRunTest, too_many_bad_records_fail_an_atomic_one_before_anything_is_visible) {
  for (int i = 0; i < 20; ++i) topic_->append(0, "!bad");
  RunSpec spec = job({{0, {10, 40}}});
  spec.bad_ratio_over = 10;
  const RunView view = run(std::move(spec));
  EXPECT_EQ(view.state, StreamState::kFailed);
  EXPECT_EQ(view.problem.code(), "too_many_bad");
  EXPECT_EQ(view.epoch, EpochId(-1));
  EXPECT_TRUE(rows_of("a").empty());
  EXPECT_TRUE(rows_of("b").empty());
}

TEST_F(JobRunTest, cancelled_while_a_decided_commit_waits_for_a_sink_it_finishes_that_commit) {
  ASSERT_TRUE(Failpoint::arm("memory_sink.b.commit.before=error@every").ok());
  auto running = start(job({{0, {0, 20}}, {1, {0, 20}}}, false));
  ASSERT_TRUE(eventually([&] { return running->view().state == StreamState::kStalled; }));
  ASSERT_TRUE(running->cancel());
  Failpoint::disarm_all();
  ASSERT_TRUE(rest(running));
  EXPECT_EQ(running->view().state, StreamState::kStopped);
  EXPECT_FALSE(running->view().decided);
  EXPECT_EQ(running->view().epoch, EpochId(0));
  EXPECT_EQ(rows_of("a").size(), static_cast<size_t>(running->view().rows_out));
  EXPECT_EQ(rows_of("a"), rows_of("b"));
  EXPECT_EQ(table("a")->commits, 1);
}

TEST_F(JobRunTest, cut_with_a_decided_commit_it_says_so_and_the_next_process_finishes_it) {
  ASSERT_TRUE(Failpoint::arm("memory_sink.b.commit.before=error@every").ok());
  auto running = start(job({{0, {0, 10}}}));
  ASSERT_TRUE(eventually([&] { return running->view().state == StreamState::kStalled; }));
  EXPECT_FALSE(running->cancel());
  running->stop(true);
  ASSERT_TRUE(rest(running));
  EXPECT_EQ(ended_.state, StreamState::kStopped);
  EXPECT_TRUE(ended_.decided);
  Failpoint::disarm_all();
  RunSpec taken_up = again(job({}));
  taken_up.job->decided = true;
  bool cancelled = true;
  std::promise<PipelineRun*> started;
  auto sink = std::move(taken_up.sinks.front());
  // It has not looked yet at what there is.
  taken_up.sinks.front() = std::make_unique<HookedSink>(std::move(sink), [&, self = started.get_future().share()] { cancelled = self.get()->cancel(); }, [] {});
  running = start(std::move(taken_up));
  started.set_value(running.get());
  ASSERT_TRUE(rest(running));
  EXPECT_FALSE(cancelled);
  EXPECT_EQ(ended_.state, StreamState::kFinished);
  EXPECT_EQ(rows_of("a"), expected(0, 0, 10));
  EXPECT_EQ(rows_of("b"), expected(0, 0, 10));
}

TEST_F(JobRunTest, visible_as_a_whole_it_is_done_whatever_has_become_of_its_topic) {
  RunSpec spec = job({{0, {0, 10}}});
  spec.job->attempts_max = 1;
  std::atomic<bool> away{false};
  spec.sources[0].source = std::make_shared<HookedSource>(spec.sources[0].source, [&] { return away ? Status::external("broker_away", "made to be away") : Status(); });
  spec.job->fix = [&, fix = spec.job->fix](const Ranges& ranges, EpochId first) {
    away = true;
    return fix(ranges, first);
  };
  ASSERT_TRUE(Failpoint::arm("epoch.sink_committed=error@2").ok());
  auto running = start(std::move(spec));
  ASSERT_TRUE(rest(running));
  EXPECT_EQ(running->view().state, StreamState::kFinished) << running->view().problem.to_string();
  EXPECT_EQ(rows_of("a"), expected(0, 0, 10));
  EXPECT_EQ(rows_of("b"), expected(0, 0, 10));
}

}  // namespace
}  // namespace laketide
