#include "sinks/delta/delta_sink.h"

#include <gtest/gtest.h>

#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/failpoint.h"
#include "lake/delta_log.h"
#include "storage/local_store.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

const SourcePartition kPlace{"in", "t", 0};

Schema rows_schema() { return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())}); }

Batch rows(int64_t first, int64_t count) {
  arrow::Int64Builder ids;
  arrow::StringBuilder names;
  for (int64_t i = first; i < first + count; ++i) {
    EXPECT_TRUE(ids.Append(i).ok() && names.Append("n" + std::to_string(i)).ok());
  }
  return arrow::RecordBatch::Make(rows_schema(), count, {*ids.Finish(), *names.Finish()});
}

EpochPlan plan_of(int64_t epoch, int64_t start, int64_t end) {
  EpochPlan plan;
  plan.pipeline = "p";
  plan.epoch = EpochId(epoch);
  plan.ranges[kPlace] = Range{NextOffset(start), NextOffset(end)};
  plan.next[kPlace] = NextOffset(end);
  plan.sinks = {"delta:t"};
  return plan;
}

class DeltaSinkTest : public ::testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }

  std::unique_ptr<Sink> sink(const std::string& id = "delta:t") {
    DeltaSinkOptions options;
    options.pipeline = "p";
    options.id = id;
    options.table_path = table();
    auto made = make_delta_sink(std::move(options), storage::make_local_store());
    EXPECT_TRUE(made.ok());
    return std::move(made).value();
  }
  std::string table() const { return dir_.path() + "/table"; }

  /// Claims, binds and opens one lane.
  Progress begin(Sink& sink) {
    auto progress = sink.claim(wait_);
    EXPECT_TRUE(progress.ok()) << progress.status().to_string();
    EXPECT_TRUE(sink.bind(rows_schema(), wait_).ok());
    writer_ = *sink.open(context_);
    return progress.ok() ? *progress : Progress();
  }
  StagedList stage(int64_t epoch, int64_t first, int64_t count) {
    Rejects rejects;
    EXPECT_TRUE(writer_->write(rows(first, count), rejects).ok());
    StagedList staged(1);
    Step step = Step::kMore;
    while (step == Step::kMore) step = *writer_->end_epoch(EpochId(epoch), staged.front(), rejects);
    return staged;
  }
  Status write_epoch(Sink& sink, int64_t epoch, int64_t start, int64_t end) {
    const StagedList staged = stage(epoch, start, end - start);
    LT_RETURN_IF_ERROR(sink.prepare(plan_of(epoch, start, end), staged, wait_));
    return sink.commit(plan_of(epoch, start, end), wait_).status();
  }
  lake::TableState state() {
    lake::DeltaLog log(storage::make_local_store(), table(), system_clock());
    EXPECT_TRUE(log.refresh(wait_).ok());
    return log.state();
  }
  int data_files() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(table())) count += entry.path().extension() == ".parquet";
    return count;
  }

  TempDir dir_;
  const Wait wait_;
  Context context_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(DeltaSinkTest, the_first_commit_makes_the_table_with_its_progress_inside) {
  auto one = sink();
  const Progress none = begin(*one);
  EXPECT_EQ(none.generation, Generation(1));
  EXPECT_FALSE(none.epoch);
  EXPECT_FALSE(std::filesystem::exists(table() + "/_delta_log")) << "an idle pipeline writes nothing";
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  const auto now = state();
  EXPECT_EQ(now.version, 0);
  EXPECT_EQ(now.progress.at("laketide/p/delta%3At").version, 0);
  EXPECT_EQ(now.progress.at("laketide/p/delta%3At/generation").version, 1);
  EXPECT_EQ(now.progress.at("laketide/p/delta%3At/in/t/0").version, 10);
}

TEST_F(DeltaSinkTest, a_claim_raises_the_generation_and_tells_what_is_there) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  ASSERT_TRUE(write_epoch(*one, 1, 10, 15).ok());
  auto two = sink();
  const Progress progress = begin(*two);
  EXPECT_EQ(progress.generation, Generation(2));
  EXPECT_EQ(progress.epoch, EpochId(1));
  EXPECT_EQ(progress.next.at(kPlace), NextOffset(15));
  const auto plan = EpochPlan::from_json(progress.plan);
  ASSERT_TRUE(plan.ok()) << progress.plan;
  EXPECT_EQ(plan->ranges, plan_of(1, 10, 15).ranges);
}

TEST_F(DeltaSinkTest, the_older_owner_is_fenced) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  const StagedList staged = stage(1, 10, 5);
  ASSERT_TRUE(one->prepare(plan_of(1, 10, 15), staged, wait_).ok());
  auto two = sink();
  ASSERT_TRUE(two->claim(wait_).ok());
  EXPECT_TRUE(one->commit(plan_of(1, 10, 15), wait_).status().is_fenced());
  EXPECT_EQ(state().progress.at("laketide/p/delta%3At").version, 0);
}

TEST_F(DeltaSinkTest, of_two_creators_of_a_table_one_is_fenced) {
  auto one = sink();
  begin(*one);
  const StagedList first = stage(0, 0, 10);
  auto two = sink();
  begin(*two);
  const StagedList second = stage(0, 0, 10);
  ASSERT_TRUE(one->prepare(plan_of(0, 0, 10), first, wait_).ok());
  ASSERT_TRUE(two->prepare(plan_of(0, 0, 10), second, wait_).ok());
  ASSERT_TRUE(two->commit(plan_of(0, 0, 10), wait_).ok());
  EXPECT_TRUE(one->commit(plan_of(0, 0, 10), wait_).status().is_fenced());
}

TEST_F(DeltaSinkTest, committing_an_epoch_twice_changes_nothing) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  const auto again = one->commit(plan_of(0, 0, 10), wait_);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->id, "0");
  EXPECT_EQ(again->rows, 10);
  EXPECT_EQ(state().version, 0);
  auto two = sink();
  begin(*two);
  const auto after_a_restart = two->commit(plan_of(0, 0, 10), wait_);
  ASSERT_TRUE(after_a_restart.ok()) << after_a_restart.status().to_string();
  EXPECT_EQ(after_a_restart->id, "0") << "the version of the epoch, not of the claim";
  EXPECT_EQ(after_a_restart->rows, 10);
  EXPECT_EQ(two->commit(plan_of(0, 0, 11), wait_).status().code(), "epoch_differs");
}

TEST_F(DeltaSinkTest, a_first_commit_that_seemed_to_fail_is_not_taken_for_another_owners) {
  auto one = sink();
  begin(*one);
  for (const char* point : {"storage.link.after=error", "lake.commit.after=error", "delta.commit.after=error"}) {
    const int64_t epoch = state().version + 1;
    const StagedList staged = stage(epoch, epoch * 10, 10);
    const EpochPlan plan = plan_of(epoch, epoch * 10, epoch * 10 + 10);
    ASSERT_TRUE(one->prepare(plan, staged, wait_).ok());
    ASSERT_TRUE(Failpoint::arm(point).ok());
    const auto first = one->commit(plan, wait_);
    const auto second = one->commit(plan, wait_);
    ASSERT_TRUE(second.ok()) << point << ": " << second.status().to_string();
    EXPECT_EQ(second->rows, 10) << point;
    EXPECT_EQ(state().version, epoch) << point << ", first: " << first.status().to_string();
  }
}

TEST_F(DeltaSinkTest, a_table_that_was_replaced_is_not_written_into) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  ASSERT_TRUE(write_epoch(*one, 1, 10, 20).ok());
  std::filesystem::remove_all(table());
  EXPECT_EQ(write_epoch(*one, 2, 20, 30).code(), "table_replaced");
}

TEST_F(DeltaSinkTest, a_time_of_day_is_kept_as_bigint) {
  auto one = sink();
  ASSERT_TRUE(one->claim(wait_).ok());
  const auto schema = arrow::schema({arrow::field("at", arrow::time64(arrow::TimeUnit::MICRO), false)});
  ASSERT_TRUE(one->bind(schema, wait_).ok());
  writer_ = *one->open(context_);
  arrow::Time64Builder builder(arrow::time64(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
  ASSERT_TRUE(builder.Append(3'600'000'000).ok());
  Rejects rejects;
  ASSERT_TRUE(writer_->write(arrow::RecordBatch::Make(schema, 1, {*builder.Finish()}), rejects).ok());
  StagedList staged(1);
  while (*writer_->end_epoch(EpochId(0), staged.front(), rejects) == Step::kMore) continue;
  ASSERT_TRUE(one->prepare(plan_of(0, 0, 1), staged, wait_).ok());
  ASSERT_TRUE(one->commit(plan_of(0, 0, 1), wait_).ok());
  EXPECT_TRUE(state().schema->field(0)->type()->Equals(arrow::int64()));
}

TEST_F(DeltaSinkTest, abandon_of_a_later_epoch_keeps_the_prepared_one) {
  auto one = sink();
  begin(*one);
  const StagedList first = stage(0, 0, 10);
  ASSERT_TRUE(one->prepare(plan_of(0, 0, 10), first, wait_).ok());
  const StagedList second = stage(1, 10, 10);
  ASSERT_TRUE(one->abandon(EpochId(1), wait_).ok());
  ASSERT_TRUE(one->commit(plan_of(0, 0, 10), wait_).ok());
  EXPECT_EQ(data_files(), 1);
  EXPECT_EQ(one->prepare(plan_of(1, 10, 20), second, wait_).code(), "abandoned") << "its files are gone";
}

TEST_F(DeltaSinkTest, a_claim_removes_what_a_dead_owner_left_and_nothing_else) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  (void)stage(1, 10, 5);
  { std::ofstream(table() + "/somebody-elses.parquet") << "x"; }
  ASSERT_EQ(data_files(), 3);
  auto two = sink();
  ASSERT_TRUE(two->claim(wait_).ok());
  EXPECT_EQ(data_files(), 2);
  EXPECT_TRUE(std::filesystem::exists(table() + "/somebody-elses.parquet"));
}

TEST_F(DeltaSinkTest, a_claim_removes_temporary_files_of_versions_that_exist_by_now) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  const std::string log = table() + "/_delta_log/";
  const std::string uuid = ".f12a873d-4546-4dcb-a085-cb9a47b8c7f8.tmp";
  const std::string dead = log + ".00000000000000000000.json" + uuid;
  const std::string alive = log + ".00000000000000000099.json" + uuid;
  { std::ofstream(dead) << "{"; }
  { std::ofstream(alive) << "{"; }
  auto two = sink();
  ASSERT_TRUE(two->claim(wait_).ok());
  EXPECT_FALSE(std::filesystem::exists(dead));
  EXPECT_TRUE(std::filesystem::exists(alive)) << "its writer may yet get that version";
}

TEST_F(DeltaSinkTest, abandon_removes_the_open_epochs_files) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  (void)stage(1, 10, 5);
  ASSERT_TRUE(one->abandon(EpochId(1), wait_).ok());
  EXPECT_EQ(data_files(), 1);
}

TEST_F(DeltaSinkTest, abandon_keeps_the_files_of_a_commit_that_seemed_to_fail) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  ASSERT_TRUE(Failpoint::arm("delta.commit.after=error").ok());
  ASSERT_FALSE(write_epoch(*one, 1, 10, 20).ok());
  ASSERT_TRUE(one->abandon(EpochId(1), wait_).ok());
  EXPECT_EQ(state().progress.at("laketide/p/delta%3At").version, 1) << "it stands";
  EXPECT_EQ(data_files(), 2);
}

TEST_F(DeltaSinkTest, abandon_after_a_commit_of_this_epoch_keeps_its_files) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  ASSERT_TRUE(one->abandon(EpochId(0), wait_).ok()) << "another sink of the run lost the epoch";
  EXPECT_EQ(data_files(), 1);
}

TEST_F(DeltaSinkTest, a_fenced_owner_abandons_its_own_files_and_none_of_the_new_owner) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  (void)stage(1, 10, 5);
  auto older_writer = std::move(writer_);
  auto two = sink();
  begin(*two);
  ASSERT_TRUE(write_epoch(*two, 1, 10, 20).ok());
  (void)stage(2, 20, 5);
  ASSERT_EQ(data_files(), 3);
  ASSERT_TRUE(one->abandon(EpochId(1), wait_).ok());
  EXPECT_EQ(data_files(), 3) << "the new owner's";
}

TEST_F(DeltaSinkTest, a_fenced_owner_removes_what_it_staged_for_an_epoch_that_the_new_owner_has) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  auto older_writer = std::move(writer_);
  auto two = sink();
  begin(*two);
  ASSERT_TRUE(write_epoch(*two, 1, 10, 20).ok());
  std::swap(older_writer, writer_);
  const StagedList late = stage(1, 10, 10);
  ASSERT_TRUE(one->prepare(plan_of(1, 10, 20), late, wait_).is_fenced());
  ASSERT_TRUE(one->commit(plan_of(1, 10, 20), wait_).status().is_fenced());
  ASSERT_EQ(data_files(), 3);
  ASSERT_TRUE(one->abandon(EpochId(1), wait_).ok());
  EXPECT_EQ(data_files(), 2);
}

TEST_F(DeltaSinkTest, a_claim_before_the_table_exists_leaves_a_rivals_files_alone) {
  auto one = sink();
  begin(*one);
  const StagedList staged = stage(0, 0, 10);
  auto two = sink();
  ASSERT_TRUE(two->claim(wait_).ok());
  ASSERT_TRUE(one->prepare(plan_of(0, 0, 10), staged, wait_).ok());
  ASSERT_TRUE(one->commit(plan_of(0, 0, 10), wait_).ok());
  EXPECT_EQ(data_files(), 1);
}

TEST_F(DeltaSinkTest, making_the_table_removes_what_a_dead_rival_had_prepared_for_it) {
  auto dead = sink();
  begin(*dead);
  (void)stage(0, 0, 10);
  (void)stage(1, 10, 5);  // its lanes were an epoch ahead
  ASSERT_EQ(data_files(), 2);
  const std::string unfinished = table() + "/_delta_log/.00000000000000000000.json.ceef6228-e60e-4bf0-8bd3-298c7a08196d.tmp";
  std::filesystem::create_directories(table() + "/_delta_log");
  { std::ofstream(unfinished) << "{"; }
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  EXPECT_EQ(data_files(), 1);
  EXPECT_FALSE(std::filesystem::exists(unfinished));
}

TEST_F(DeltaSinkTest, making_the_table_leaves_what_a_new_owner_writes_behind_it) {
  auto one = sink();
  begin(*one);
  const StagedList staged = stage(0, 0, 10);
  auto two = sink();
  begin(*two);
  (void)stage(0, 0, 10);
  (void)stage(1, 10, 5);  // as the next owner's, which may have begun by the time of the clean-up
  ASSERT_TRUE(one->prepare(plan_of(0, 0, 10), staged, wait_).ok());
  ASSERT_TRUE(one->commit(plan_of(0, 0, 10), wait_).ok());
  EXPECT_EQ(data_files(), 2);
}

TEST_F(DeltaSinkTest, two_sinks_of_one_pipeline_share_a_table) {
  auto one = sink("a");
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  auto two = sink("b");
  const Progress progress = begin(*two);
  EXPECT_FALSE(progress.epoch) << "progress is named by pipeline and sink";
  ASSERT_TRUE(write_epoch(*two, 0, 0, 10).ok());
  EXPECT_EQ(state().progress.at("laketide/p/b").version, 0);
}

TEST_F(DeltaSinkTest, a_table_that_cannot_take_the_rows_is_refused_with_advice) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  auto two = sink("other");
  ASSERT_TRUE(two->claim(wait_).ok());
  const auto more = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("extra", arrow::utf8())});
  const Status extra = two->bind(more, wait_);
  EXPECT_EQ(extra.code(), "schema_mismatch");
  EXPECT_NE(extra.detail().find("extra"), std::string_view::npos);
  const auto other_type = arrow::schema({arrow::field("id", arrow::utf8())});
  EXPECT_EQ(two->bind(other_type, wait_).code(), "schema_mismatch");
  EXPECT_TRUE(two->bind(arrow::schema({arrow::field("id", arrow::int64())}), wait_).ok()) << "a missing nullable column is null";
}

/// Each durable step of a commit fails once; the next owner finishes the epoch, and the table has it exactly once.
TEST_F(DeltaSinkTest, the_largest_instant_of_a_column_is_asked_of_the_log) {
  const auto schema = arrow::schema({arrow::field("ts", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"))});
  auto one = sink();
  ASSERT_TRUE(one->claim(wait_).ok());
  EXPECT_FALSE(one->largest("ts", wait_)->has_value()) << "no table yet";
  ASSERT_TRUE(one->bind(schema, wait_).ok());
  writer_ = *one->open(context_);
  arrow::TimestampBuilder times(schema->field(0)->type(), arrow::default_memory_pool());
  for (const int64_t micros : {1'767'323'045'678'000, 1'700'000'000'000'000}) ASSERT_TRUE(times.Append(micros).ok());
  Rejects rejects;
  ASSERT_TRUE(writer_->write(arrow::RecordBatch::Make(schema, 2, {*times.Finish()}), rejects).ok());
  StagedList staged(1);
  for (Step step = Step::kMore; step == Step::kMore;) step = *writer_->end_epoch(EpochId(0), staged.front(), rejects);
  ASSERT_TRUE(one->prepare(plan_of(0, 0, 2), staged, wait_).ok());
  EXPECT_FALSE(one->largest("ts", wait_)->has_value()) << "not visible yet";
  ASSERT_TRUE(one->commit(plan_of(0, 0, 2), wait_).ok());
  const auto largest = one->largest("ts", wait_);
  ASSERT_TRUE(largest.ok()) << largest.status().to_string();
  EXPECT_EQ((*largest)->micros, 1'767'323'045'678'000);
  EXPECT_EQ(one->largest("other", wait_).status().code(), "bad_column");
}

class DeltaCrashTest : public DeltaSinkTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(DeltaCrashTest, the_next_owner_finishes_the_epoch) {
  auto one = sink();
  begin(*one);
  ASSERT_TRUE(write_epoch(*one, 0, 0, 10).ok());
  ASSERT_TRUE(Failpoint::arm(GetParam() + "=fail").ok());
  const Status failed = write_epoch(*one, 1, 10, 20);
  EXPECT_FALSE(failed.ok()) << "the point was not reached";
  Failpoint::disarm_all();
  auto two = sink();
  const Progress progress = begin(*two);
  if (progress.epoch != EpochId(1)) {
    ASSERT_TRUE(write_epoch(*two, 1, 10, 20).ok());
  }
  EXPECT_EQ(state().progress.at("laketide/p/delta%3At").version, 1);
  EXPECT_EQ(state().progress.at("laketide/p/delta%3At/in/t/0").version, 20);
  EXPECT_EQ(data_files(), 2) << "one file an epoch, no leftovers";
}

INSTANTIATE_TEST_SUITE_P(EveryStep, DeltaCrashTest,
                         ::testing::Values("delta.prepare.before", "delta.prepare.after", "delta.commit.before", "lake.commit.before",
                                           "lake.commit.after", "delta.commit.after"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

}  // namespace
}  // namespace laketide
