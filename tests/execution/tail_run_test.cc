// A query that remembers, through crashes at every step: what it knows is what the sinks have.
#include <optional>
#include <set>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "run_fixture.h"
#include "storage/local_store.h"

namespace laketide {
namespace {

using namespace std::chrono_literals;

/// How often each value came, ever. Gives (0, count, value) for those that came in the epoch. Confined to its task.
class Counter final : public Operator, public state::SavedTable {
 public:
  Counter(state::StateTables& tables, std::function<void(const EpochInfo&)> on_end) : on_end_(std::move(on_end)) { tables.declare("counts", this); }

  Result<Step> process(Port, const Batch& in, Batch&, Rejects&) override {
    const auto& values = static_cast<const arrow::StringArray&>(*in->GetColumnByName("value"));
    for (int64_t i = 0; i < values.length(); ++i) {
      ++counts_[values.GetString(i)];
      fresh_.insert(values.GetString(i));
    }
    return Step::kReady;
  }

  Result<Step> end_epoch(const EpochInfo& epoch, Batch& out) override {
    on_end_(epoch);
    arrow::Int32Builder partition;
    arrow::Int64Builder offset;
    arrow::StringBuilder value;
    for (const std::string& one : fresh_) {
      (void)partition.Append(0);
      (void)offset.Append(counts_.at(one));
      (void)value.Append(one);
    }
    changed_.merge(fresh_);
    fresh_.clear();
    const auto fields = arrow::schema({arrow::field("partition", arrow::int32()), arrow::field("offset", arrow::int64()), arrow::field("value", arrow::utf8())});
    const int64_t rows = value.length();
    out = arrow::RecordBatch::Make(fields, rows, {*partition.Finish(), *offset.Finish(), *value.Finish()});
    return Step::kReady;
  }

  std::shared_ptr<arrow::Schema> schema() const override {
    return arrow::schema({arrow::field("value", arrow::utf8(), false), arrow::field("count", arrow::int64(), false)});
  }
  int key_columns() const override { return 1; }
  int64_t rows() const override { return static_cast<int64_t>(counts_.size()); }
  int64_t bytes() const override { return rows() * 64; }
  Result<state::Rows> changed() override {
    state::Rows rows = rows_of(std::exchange(changed_, {}));
    return rows;
  }
  Result<state::Rows> removed() override { return state::Rows(); }
  Result<state::Rows> all() override {
    changed_.clear();
    if (std::exchange(all_given_, !all_given_)) return state::Rows();
    std::set<std::string> names;
    for (const auto& [name, count] : counts_) names.insert(name);
    state::Rows rows = rows_of(names);
    if (!rows) all_given_ = false;
    return rows;
  }
  Status restore(const state::Rows& rows) override {
    const auto& value = static_cast<const arrow::StringArray&>(*rows->column(0));
    const auto& count = static_cast<const arrow::Int64Array&>(*rows->column(1));
    for (int64_t i = 0; i < rows->num_rows(); ++i) counts_[value.GetString(i)] = count.Value(i);
    return {};
  }
  Status restore_removed(const state::Rows&) override { return {}; }

 private:
  state::Rows rows_of(const std::set<std::string>& names) const {
    if (names.empty()) return nullptr;
    arrow::StringBuilder value;
    arrow::Int64Builder count;
    for (const std::string& name : names) {
      (void)value.Append(name);
      (void)count.Append(counts_.at(name));
    }
    return arrow::RecordBatch::Make(schema(), static_cast<int64_t>(names.size()), {*value.Finish(), *count.Finish()});
  }

  const std::function<void(const EpochInfo&)> on_end_;
  std::map<std::string, int64_t> counts_;
  std::set<std::string> fresh_, changed_;
  bool all_given_ = false;
};

/// Sink "raw" has the rows as they came, "a" and "b" the counts.
class TailRunTest : public RunFixture {
 protected:
  RunSpec spec() {
    RunSpec spec = bare_spec({"raw", "a", "b"});
    spec.sources[0].start = [](const PartitionBounds& bounds, const Wait&) -> Result<Positions> {
      Positions starts;
      for (const auto& [place, bound] : bounds) starts[place] = bound.low;
      return starts;
    };
    const auto none = [](const std::string&, Context&) -> Result<ChainPlan::Operators> { return ChainPlan::Operators(); };
    spec.plan = [this, none](const Schemas& schemas) -> Result<ChainPlan> {
      ChainPlan plan;
      const Schema schema = schemas.at("in");
      plan.inputs["in"].columns = schema;
      plan.branches.push_back({schema, std::nullopt, {"in"}, none});
      plan.branches.push_back({schema, 0, {}, none});
      plan.branches.push_back({schema, 0, {}, none});
      plan.tails.push_back({"counts", {{{"in"}, none}}, [this](Context&, state::StateTables& tables) -> Result<ChainPlan::Operators> {
                              ChainPlan::Operators list;
                              list.push_back(std::make_unique<Counter>(tables, [this](const EpochInfo& info) {
                                const std::lock_guard lock(seen_mutex_);
                                seen_.push_back(info);
                              }));
                              return list;
                            }});
      return plan;
    };
    spec.open_state = [this](const std::string& shape) {
      return state::StateStore::open(dir_.path() + "/query", shape, storage::make_local_store());
    };
    return spec;
  }

  /// Values w0…w4 in turn.
  void say(int partition, int count) {
    for (int i = 0; i < count; ++i) topic_->append(partition, "w" + std::to_string(i % 5));
  }
  std::map<std::string, int64_t> expected() const {
    std::map<std::string, int64_t> counts;
    for (const auto& [place, bound] : topic_->bounds()) {
      for (const auto& value : topic_->read(place.partition, 0, INT64_MAX)) ++counts[value];
    }
    return counts;
  }
  /// The counts that stand in a sink. Each count of a value was written once.
  std::map<std::string, int64_t> counts_of(const std::string& id) {
    std::map<std::string, int64_t> counts;
    std::set<std::pair<std::string, int64_t>> written;
    for (const auto& [place, value] : rows_of(id)) {
      EXPECT_TRUE(written.emplace(value, place.second).second) << id << " has " << value << " " << place.second << " twice";
      counts[value] = std::max(counts[value], place.second);
    }
    return counts;
  }
  void expect_exact(const std::string& when) {
    EXPECT_EQ(counts_of("a"), expected()) << when;
    EXPECT_EQ(rows_of("b"), rows_of("a")) << when;
    MemoryRows raw;
    for (const auto& [place, bound] : topic_->bounds()) {
      const auto values = topic_->read(place.partition, 0, INT64_MAX);
      for (size_t i = 0; i < values.size(); ++i) raw.push_back({{place.partition, static_cast<int64_t>(i)}, values[i]});
    }
    EXPECT_EQ(rows_of("raw"), raw) << when;
  }
  void run_to_the_end() {
    auto run = start(spec());
    ASSERT_TRUE(caught_up(run)) << run->view().problem.to_string();
    run->stop(false);
    ASSERT_TRUE(rest(run));
    ASSERT_EQ(run->view().state, StreamState::kStopped) << run->view().problem.to_string();
  }

  std::mutex seen_mutex_;
  std::vector<EpochInfo> seen_;  // as the tail was told
};

TEST_F(TailRunTest, rows_of_all_lanes_are_counted_over_epochs_and_restarts) {
  say(0, 12);
  say(1, 7);
  run_to_the_end();
  expect_exact("after one run");
  say(2, 9);
  say(0, 3);
  run_to_the_end();
  expect_exact("after another");
}

TEST_F(TailRunTest, a_crash_at_any_step_changes_no_count) {
  int rounds = 0;
  for (const char* point : {"state.write.before", "state.write.after", "epoch.prepare.before", "epoch.prepared", "epoch.planned", "memory_sink.raw.commit.after",
                            "memory_sink.a.commit.before", "memory_sink.a.commit.after", "memory_sink.b.commit.before", "epoch.sink_committed", "epoch.committed",
                            "state.forget.before"}) {
    for (int hit = 1; hit <= 2; ++hit) {
      ++rounds;
      ASSERT_TRUE(Failpoint::arm(std::string(point) + "=fail@" + std::to_string(hit)).ok());
      say(rounds % 3, 11);
      auto cut = start(spec());
      // Epochs until the point is met; whatever does not fail (a forgetting that is only put off) goes on to the end.
      (void)eventually([&] {
        if (cut->at_rest()) return true;
        say((rounds + 1) % 3, 1);
        return has_all(cut) && rounds % 2 == 0;
      });
      cut->stop(true);
      ASSERT_TRUE(rest(cut));
      Failpoint::disarm_all();
      run_to_the_end();
      expect_exact(std::string(point) + " at hit " + std::to_string(hit));
      if (HasFailure()) return;
    }
  }
}

TEST_F(TailRunTest, state_that_is_gone_is_refused_by_name) {
  say(0, 10);
  run_to_the_end();
  std::filesystem::remove_all(dir_.path() + "/query");
  auto run = start(spec());
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kFailed);
  EXPECT_EQ(run->view().problem.code(), "state_lost");
}

TEST_F(TailRunTest, the_ledger_may_be_lost_while_the_state_is_there) {
  say(0, 10);
  run_to_the_end();
  lose_ledger();
  say(1, 10);
  run_to_the_end();
  expect_exact("from the plan in the sinks");
}

TEST_F(TailRunTest, a_job_begins_with_nothing_and_flushes_at_its_end) {
  say(0, 10);
  say(1, 10);
  RunSpec job = spec();
  job.open_state = nullptr;
  job.line = "p@0";
  job.bounded = job.one_epoch = true;
  JobWork work;
  work.id = "job";
  work.find_ranges = [](const PartitionBounds& bounds, const Positions&, std::optional<Instant>, const Wait&) -> Result<Ranges> {
    Ranges ranges;
    for (const auto& [place, bound] : bounds) ranges[place] = Range{bound.low, bound.high};
    return ranges;
  };
  work.fix = [](const Ranges&, EpochId) { return Status(); };
  job.job = std::move(work);
  auto run = start(std::move(job));
  ASSERT_TRUE(rest(run));
  EXPECT_EQ(run->view().state, StreamState::kFinished) << run->view().problem.to_string();
  expect_exact("one epoch");
  ASSERT_EQ(seen_.size(), 1u);
  EXPECT_TRUE(seen_.front().last);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() + "/query"));
}

/// A value is its event time in seconds. Confined to its task.
class ValueTimes final : public EventTimes {
 public:
  Status observe(Batch& rows, Rejects&) override {
    const auto& partition = static_cast<const arrow::Int32Array&>(*rows->column(0));
    const auto& value = static_cast<const arrow::StringArray&>(*rows->column(2));
    for (int64_t i = 0; i < rows->num_rows(); ++i) {
      Instant& newest = newest_[{"in", "t", partition.Value(i)}];
      newest = std::max(newest, Instant{std::stoll(value.GetString(i)) * 1'000'000});
    }
    return {};
  }
  Newest take() override { return std::exchange(newest_, {}); }

 private:
  Newest newest_;
};

class TailTimeTest : public TailRunTest {
 protected:
  RunSpec timed(std::chrono::microseconds idle_after) {
    RunSpec timed = spec();
    timed.plan = [below = timed.plan](const Schemas& schemas) -> Result<ChainPlan> {
      LT_ASSIGN_OR_RETURN(ChainPlan plan, below(schemas));
      plan.inputs.at("in").event_times = [](Context&) -> Result<std::unique_ptr<EventTimes>> {
        std::unique_ptr<EventTimes> times = std::make_unique<ValueTimes>();
        return times;
      };
      return plan;
    };
    timed.sources[0].event_time = EventTimeRule{5s, idle_after, false};
    return timed;
  }
  std::optional<int64_t> evict_seconds() {
    const std::lock_guard lock(seen_mutex_);
    if (seen_.empty() || !seen_.back().evict) return std::nullopt;
    return seen_.back().evict->micros / 1'000'000;
  }
};

TEST_F(TailTimeTest, the_watermark_is_the_least_of_the_partitions_and_what_it_was_is_late_in_the_next_epoch) {
  for (int partition = 0; partition < 3; ++partition) topic_->append(partition, std::to_string(100 + partition));
  auto run = start(timed(1h));
  ASSERT_TRUE(caught_up(run)) << run->view().problem.to_string();
  EXPECT_EQ(evict_seconds(), 95);
  topic_->append(0, "200");
  topic_->append(1, "200");
  ASSERT_TRUE(eventually([&] { return caught_up(run); }));
  EXPECT_EQ(evict_seconds(), 97) << "partition 2 holds it back";
  EXPECT_EQ(seen_.back().late->micros / 1'000'000 >= 95, true);
  run->stop(false);
  ASSERT_TRUE(rest(run));
  // Where it stood is known after a restart.
  topic_->append(2, "300");
  auto second = start(timed(1h));
  ASSERT_TRUE(caught_up(second)) << second->view().problem.to_string();
  EXPECT_EQ(evict_seconds(), 195);
  EXPECT_EQ(seen_.back().late->micros / 1'000'000, 97);
  second->stop(false);
  ASSERT_TRUE(rest(second));
}

TEST_F(TailTimeTest, a_silent_partition_at_its_end_lets_go_of_the_watermark) {
  for (int partition = 0; partition < 2; ++partition) topic_->append(partition, std::to_string(100 + partition));
  auto run = start(timed(500ms));
  ASSERT_TRUE(caught_up(run)) << run->view().problem.to_string();
  EXPECT_TRUE(eventually([&] { return evict_seconds() == 96; })) << "partition 2 never had a row, and all fell silent";
  run->stop(false);
  ASSERT_TRUE(rest(run));
}

}  // namespace
}  // namespace laketide
