// Upserts and overwrites of a Delta table against a model of what must stand in it.
#include <gtest/gtest.h>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <random>

#include "base/failpoint.h"
#include "flow/change.h"
#include "flow/key_columns.h"
#include "lake/actions.h"
#include "lake/log_segment.h"
#include "lake/table.h"
#include "sinks/delta/delta_sink.h"
#include "storage/local_store.h"
#include "support/temp_dir.h"

namespace laketide::delta_upsert_test {
namespace {

using Mode = DeltaSinkOptions::Mode;

/// A row as the tests give it; no id: NULL.
struct Row {
  std::optional<int64_t> id;
  std::optional<int64_t> v;
  std::string note;
  int64_t offset = 0;
  Change change = Change::kInsert;
};

enum class Hidden { kPlace, kChange };
Schema rows_schema() {
  return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("v", arrow::int64()), arrow::field("note", arrow::utf8())});
}

Batch batch_of(const std::vector<Row>& rows, Hidden hidden = Hidden::kPlace) {
  arrow::Int64Builder ids, values, offsets;
  arrow::StringBuilder notes;
  arrow::Int32Builder partitions;
  arrow::Int8Builder changes;
  for (const auto& row : rows) {
    EXPECT_TRUE((row.id ? ids.Append(*row.id) : ids.AppendNull()).ok() && (row.v ? values.Append(*row.v) : values.AppendNull()).ok());
    EXPECT_TRUE(notes.Append(row.note).ok() && partitions.Append(0).ok() && offsets.Append(row.offset).ok() && changes.Append(static_cast<int8_t>(row.change)).ok());
  }
  arrow::FieldVector fields = rows_schema()->fields();
  arrow::ArrayVector columns = {*ids.Finish(), *values.Finish(), *notes.Finish()};
  if (hidden == Hidden::kPlace) {
    fields.insert(fields.end(), {arrow::field("_partition", arrow::int32()), arrow::field("_offset", arrow::int64())});
    columns.insert(columns.end(), {*partitions.Finish(), *offsets.Finish()});
  } else {
    fields.push_back(change_field());
    columns.push_back(*changes.Finish());
  }
  return arrow::RecordBatch::Make(arrow::schema(std::move(fields)), static_cast<int64_t>(rows.size()), std::move(columns));
}

std::string text_of(const std::optional<int64_t>& id, const std::optional<int64_t>& v, const std::string& note) {
  return (id ? std::to_string(*id) : "NULL") + "|" + (v ? std::to_string(*v) : "NULL") + "|" + note;
}

EpochPlan plan_of(int64_t epoch) {
  EpochPlan plan;
  plan.pipeline = "p";
  plan.epoch = EpochId(epoch);
  const SourcePartition place{"in", "t", 0};
  plan.ranges[place] = Range{NextOffset(epoch * 1000), NextOffset(epoch * 1000 + 1000)};
  plan.next[place] = NextOffset(epoch * 1000 + 1000);
  plan.sinks = {"delta:t"};
  return plan;
}

class DeltaUpsertTest : public ::testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
  std::string table() const { return dir_.path() + "/table"; }

  DeltaSinkOptions upsert(const std::string& order_by = {}) const {
    DeltaSinkOptions options;
    options.pipeline = "p";
    options.id = "delta:t";
    options.table_path = table();
    options.mode = Mode::kUpsert;
    options.key = {"id"};
    options.order_by = order_by;
    return options;
  }
  DeltaSinkOptions with_mode(Mode mode) const {
    DeltaSinkOptions options = upsert();
    options.mode = mode;
    options.key.clear();
    return options;
  }

  /// A new process with the sink: claims and binds it.
  Progress start(const DeltaSinkOptions& options) {
    writers_.clear();
    auto made = make_delta_sink(options, storage::make_local_store());
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    sink_ = std::move(made).value();
    auto progress = sink_->claim(wait_);
    EXPECT_TRUE(progress.ok()) << progress.status().to_string();
    const Status bound = sink_->bind(rows_schema(), wait_);
    EXPECT_TRUE(bound.ok()) << bound.to_string();
    return progress.ok() ? *progress : Progress();
  }
  void open(int lanes) {
    writers_.clear();
    contexts_.assign(static_cast<size_t>(lanes), Context());
    for (int lane = 0; lane < lanes; ++lane) {
      contexts_[static_cast<size_t>(lane)].lane = lane;
      writers_.push_back(*sink_->open(contexts_[static_cast<size_t>(lane)]));
    }
  }
  Result<StagedList> stage(int64_t epoch, const std::vector<Batch>& batches) {
    Rejects rejects;
    for (size_t at = 0; at < batches.size(); ++at) LT_RETURN_IF_ERROR(writers_[at % writers_.size()]->write(batches[at], rejects).status());
    StagedList staged(writers_.size());
    for (size_t at = 0; at < writers_.size(); ++at) {
      Step step = Step::kMore;
      while (step == Step::kMore) {
        LT_ASSIGN_OR_RETURN(step, writers_[at]->end_epoch(EpochId(epoch), staged[at], rejects));
      }
    }
    return staged;
  }
  Result<Commit> run(int64_t epoch, const std::vector<Batch>& batches) {
    LT_ASSIGN_OR_RETURN(const StagedList staged, stage(epoch, batches));
    LT_RETURN_IF_ERROR(sink_->prepare(plan_of(epoch), staged, wait_));
    return sink_->commit(plan_of(epoch), wait_);
  }
  Commit expect_run(int64_t epoch, const std::vector<Batch>& batches) {
    if (writers_.empty()) open(1);
    const auto commit = run(epoch, batches);
    EXPECT_TRUE(commit.ok()) << commit.status().to_string();
    return commit.ok() ? *commit : Commit();
  }

  std::vector<std::string> rows(std::optional<int64_t> version = {}) {
    std::vector<std::string> found;
    auto opened = *lake::open_table(table(), storage::make_local_store());
    const Status scanned = opened->scan(version, [&](const Batch& batch) -> Status {
      const auto& ids = static_cast<const arrow::Int64Array&>(*batch->GetColumnByName("id"));
      const auto& values = static_cast<const arrow::Int64Array&>(*batch->GetColumnByName("v"));
      const auto& notes = static_cast<const arrow::StringArray&>(*batch->GetColumnByName("note"));
      for (int64_t row = 0; row < batch->num_rows(); ++row) {
        found.push_back(text_of(ids.IsNull(row) ? std::nullopt : std::optional(ids.Value(row)), values.IsNull(row) ? std::nullopt : std::optional(values.Value(row)), notes.GetString(row)));
      }
      return {};
    }, wait_);
    EXPECT_TRUE(scanned.ok()) << scanned.to_string();
    std::sort(found.begin(), found.end());
    return found;
  }
  std::vector<std::string> findings() {
    std::vector<std::string> texts;
    auto opened = *lake::open_table(table(), storage::make_local_store());
    const auto found = opened->verify(wait_);
    EXPECT_TRUE(found.ok()) << found.status().to_string();
    for (const auto& finding : *found) texts.push_back(finding.code + " " + finding.path + " " + finding.detail);
    return texts;
  }
  lake::TableVersion version(std::optional<int64_t> at = {}) {
    auto opened = *lake::open_table(table(), storage::make_local_store());
    return *opened->at(at, wait_);
  }
  lake::CommitInfo last_info() {
    auto opened = *lake::open_table(table(), storage::make_local_store());
    return opened->history(wait_)->front().info;
  }
  std::set<std::string> files_of_all_versions() {
    std::set<std::string> names;
    for (int64_t at = 0; at <= version().version; ++at) {
      for (const auto& file : version(at).files) names.insert(file.path.substr(file.path.rfind('/') + 1));
    }
    return names;
  }
  std::set<std::string> files_on_disk() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(table())) {
      if (entry.path().extension() == ".parquet" && entry.path().string().find("_delta_log") == std::string::npos) names.insert(entry.path().filename());
    }
    return names;
  }

  TempDir dir_;
  const Wait wait_;
  std::vector<Context> contexts_;
  std::unique_ptr<Sink> sink_;
  std::vector<std::unique_ptr<Writer>> writers_;
};

using Texts = std::vector<std::string>;
TEST_F(DeltaUpsertTest, the_last_row_of_a_key_stays) {
  start(upsert());
  const Commit first = expect_run(0, {batch_of({{1, 10, "a", 0}, {2, 20, "a", 1}, {1, 11, "b", 2}})});
  EXPECT_EQ(rows(), (Texts{"1|11|b", "2|20|a"}));
  EXPECT_EQ(first.rows, 2);
  const Commit second = expect_run(1, {batch_of({{2, 1, "newer", 5}, {3, 30, "new", 6}})});
  EXPECT_EQ(rows(), (Texts{"1|11|b", "2|1|newer", "3|30|new"}));
  EXPECT_EQ(second.rows, 2);
  EXPECT_EQ(rows(0), (Texts{"1|11|b", "2|20|a"})) << "an older version stays readable";
  EXPECT_EQ(findings(), Texts{});
  const auto info = last_info();
  EXPECT_EQ(info.operation, "MERGE");
  EXPECT_EQ(info.blind_append, false);
  EXPECT_EQ(info.read_version, 0);
  EXPECT_EQ(info.operation_metrics.at("numTargetRowsInserted"), "1");
  EXPECT_EQ(info.operation_metrics.at("numTargetRowsUpdated"), "1");
  EXPECT_EQ(info.operation_metrics.at("numTargetRowsCopied"), "1");
  EXPECT_EQ(info.operation_metrics.at("numTargetFilesRemoved"), "1");
}

TEST_F(DeltaUpsertTest, place_decides_over_arrival_and_over_lanes) {
  start(upsert());
  open(2);
  ASSERT_TRUE(run(0, {batch_of({{1, 1, "later", 9}}), batch_of({{1, 2, "earlier", 3}, {2, 1, "x", 1}}), batch_of({{2, 2, "y", 2}})}).ok());
  EXPECT_EQ(rows(), (Texts{"1|1|later", "2|2|y"}));
}

TEST_F(DeltaUpsertTest, the_larger_order_by_stays_over_epochs_too) {
  start(upsert("v"));
  expect_run(0, {batch_of({{1, 10, "a", 0}, {1, 30, "b", 1}, {1, 20, "c", 2}, {2, std::nullopt, "n", 3}, {3, 7, "x", 4}, {3, 7, "y", 5}})});
  EXPECT_EQ(rows(), (Texts{"1|30|b", "2|NULL|n", "3|7|y"}));
  const Commit older = expect_run(1, {batch_of({{1, 29, "older", 6}, {2, -1, "first", 7}, {3, std::nullopt, "none", 8}})});
  EXPECT_EQ(rows(), (Texts{"1|30|b", "2|-1|first", "3|7|y"}));
  EXPECT_EQ(older.rows, 1);
  expect_run(2, {batch_of({{1, 30, "same", 9}, {3, 8, "newer", 10}})});
  EXPECT_EQ(rows(), (Texts{"1|30|same", "2|-1|first", "3|8|newer"}));
  EXPECT_EQ(findings(), Texts{});
}

TEST_F(DeltaUpsertTest, a_null_key_never_doubles) {
  start(upsert());
  expect_run(0, {batch_of({{std::nullopt, 1, "a", 0}, {std::nullopt, 2, "b", 1}, {1, 1, "c", 2}})});
  expect_run(1, {batch_of({{std::nullopt, 3, "d", 3}})});
  EXPECT_EQ(rows(), (Texts{"1|1|c", "NULL|3|d"}));
}

TEST_F(DeltaUpsertTest, changes_of_a_query_insert_update_and_delete) {
  start(upsert("v"));
  expect_run(0, {batch_of({{1, 10, "a"}, {2, 20, "b"}, {3, 30, "c"}}, Hidden::kChange)});
  const Commit second = expect_run(1, {batch_of({{1, 11, "a2", 0, Change::kUpdate}, {2, std::nullopt, "", 0, Change::kDelete}, {9, std::nullopt, "", 0, Change::kDelete},
                                                 {4, 40, "d"}}, Hidden::kChange)});
  EXPECT_EQ(rows(), (Texts{"1|11|a2", "3|30|c", "4|40|d"}));
  EXPECT_EQ(second.rows, 3);
  EXPECT_EQ(last_info().operation_metrics.at("numTargetRowsDeleted"), "1");
  expect_run(2, {batch_of({{1, std::nullopt, "", 0, Change::kDelete}, {3, std::nullopt, "", 0, Change::kDelete}, {4, std::nullopt, "", 0, Change::kDelete}}, Hidden::kChange)});
  EXPECT_EQ(rows(), Texts{});
  EXPECT_EQ(version().files.size(), 0U);
}

TEST_F(DeltaUpsertTest, files_without_a_key_of_the_epoch_are_not_touched) {
  start(upsert());
  expect_run(0, {batch_of({{1, 1, "a", 0}, {2, 2, "a", 1}})});
  expect_run(1, {batch_of({{100, 1, "b", 2}, {200, 2, "b", 3}})});
  const auto before = version().files;
  ASSERT_EQ(before.size(), 2U);
  expect_run(2, {batch_of({{150, 1, "c", 4}, {100, 9, "c", 5}})});
  EXPECT_EQ(rows(), (Texts{"100|9|c", "150|1|c", "1|1|a", "200|2|b", "2|2|a"}));
  std::set<std::string> after;
  for (const auto& file : version().files) after.insert(file.path);
  EXPECT_TRUE(after.contains(before[0].path) != after.contains(before[1].path)) << "the file of the small ids stays as it is";
}

TEST_F(DeltaUpsertTest, rows_beyond_the_memory_wait_in_a_file_that_goes_with_the_commit) {
  auto options = upsert();
  options.held_bytes_max = 100;
  start(options);
  open(2);
  std::vector<Batch> batches;
  for (int64_t at = 0; at < 40; ++at) batches.push_back(batch_of({{at % 7, at, "n" + std::to_string(at), at}}));
  ASSERT_TRUE(run(0, batches).ok());
  EXPECT_EQ(rows(), (Texts{"0|35|n35", "1|36|n36", "2|37|n37", "3|38|n38", "4|39|n39", "5|33|n33", "6|34|n34"}));
  EXPECT_EQ(files_on_disk().size(), version().files.size());
}

TEST_F(DeltaUpsertTest, a_key_that_moves_to_another_partition_leaves_the_one_it_was_in) {
  auto options = upsert();
  options.partition_by = {"note"};
  start(options);
  expect_run(0, {batch_of({{1, 1, "a", 0}, {2, 2, "b", 1}})});
  expect_run(1, {batch_of({{1, 3, "b", 2}})});
  EXPECT_EQ(rows(), (Texts{"1|3|b", "2|2|b"}));
  EXPECT_EQ(findings(), Texts{});
}

TEST_F(DeltaUpsertTest, another_writers_rows_are_neither_lost_nor_doubled) {
  start(upsert());
  expect_run(0, {batch_of({{1, 1, "a", 0}, {2, 2, "a", 1}})});
  const auto staged = stage(1, {batch_of({{1, 5, "ours", 2}, {3, 3, "ours", 3}})});
  ASSERT_TRUE(staged.ok());
  ASSERT_TRUE(sink_->prepare(plan_of(1), *staged, wait_).ok());
  // Another pipeline upserts into the same table, in between.
  auto options = upsert();
  options.pipeline = "other";
  auto first = std::move(sink_);
  auto writers = std::move(writers_);
  start(options);
  expect_run(0, {batch_of({{2, 20, "theirs", 0}, {3, 30, "theirs", 1}, {4, 40, "theirs", 2}})});
  sink_ = std::move(first);
  writers_ = std::move(writers);
  const auto commit = sink_->commit(plan_of(1), wait_);
  ASSERT_TRUE(commit.ok()) << commit.status().to_string();
  EXPECT_EQ(rows(), (Texts{"1|5|ours", "2|20|theirs", "3|3|ours", "4|40|theirs"}));
  EXPECT_EQ(findings(), Texts{});
  EXPECT_EQ(files_on_disk().size(), 3U) << "of v0, of theirs, of ours; what was superseded is gone";
}

TEST_F(DeltaUpsertTest, a_merge_that_breaks_off_in_a_commit_is_made_anew) {
  start(upsert());
  expect_run(0, {batch_of({{1, 1, "a", 0}, {2, 2, "a", 1}})});
  int64_t epoch = 0;
  for (const std::string step : {"delta.rework.before", "delta.rework.written", "delta.rework.after", "lake.commit.before"}) {
    ++epoch;
    const auto staged = stage(epoch, {batch_of({{1, epoch, step, epoch * 10}})});
    ASSERT_TRUE(sink_->prepare(plan_of(epoch), *staged, wait_).ok());
    auto options = with_mode(Mode::kAppend);
    options.pipeline = "other " + step;
    auto ours = std::move(sink_);
    auto writers = std::move(writers_);
    start(options);
    expect_run(0, {batch_of({{1, 77, "foreign", 0}, {epoch + 100, 0, step, 1}})});
    sink_ = std::move(ours);
    writers_ = std::move(writers);
    ASSERT_TRUE(Failpoint::arm(step + "=error").ok());
    EXPECT_EQ(sink_->commit(plan_of(epoch), wait_).status().code(), "failpoint");
    const auto commit = sink_->commit(plan_of(epoch), wait_);
    ASSERT_TRUE(commit.ok()) << commit.status().to_string();
    const auto found = rows();
    EXPECT_EQ(std::count_if(found.begin(), found.end(), [](const auto& row) { return row.starts_with("1|"); }), 1);
    EXPECT_TRUE(std::find(found.begin(), found.end(), text_of(1, epoch, step)) != found.end()) << step;
    EXPECT_TRUE(std::find(found.begin(), found.end(), text_of(epoch + 100, 0, step)) != found.end()) << step;
  }
  EXPECT_EQ(findings(), Texts{});
  EXPECT_EQ(files_on_disk(), files_of_all_versions()) << "what broke off is gone";
}

TEST_F(DeltaUpsertTest, a_key_that_cannot_be_one_is_refused) {
  const auto bound = [&](DeltaSinkOptions options, const Schema& schema) {
    const auto sink = *make_delta_sink(std::move(options), storage::make_local_store());
    return std::string((sink->claim(wait_).ok() ? sink->bind(schema, wait_) : Status::internal("no_claim", "")).code());
  };
  auto options = upsert();
  options.key.clear();
  EXPECT_EQ(bound(options, rows_schema()), "bad_key");
  EXPECT_EQ(bound(options, with_key_columns(rows_schema(), {"id", "note"})), "") << "the query's own key";
  EXPECT_EQ(bound(upsert("when"), rows_schema()), "bad_key");
  options.key = {"id", "nothing"};
  EXPECT_EQ(bound(options, rows_schema()), "bad_key");
  options.key = {"many"};
  EXPECT_EQ(bound(options, arrow::schema({arrow::field("many", arrow::list(arrow::int64()))})), "bad_key");
}

TEST_F(DeltaUpsertTest, an_overwrite_replaces_all_and_an_empty_one_empties) {
  start(with_mode(Mode::kOverwrite));
  expect_run(0, {batch_of({{1, 1, "a"}, {2, 2, "a"}}, Hidden::kChange)});
  EXPECT_EQ(rows(), (Texts{"1|1|a", "2|2|a"}));
  const Commit second = expect_run(1, {batch_of({{2, 3, "b", 0, Change::kUpdate}}, Hidden::kChange)});
  EXPECT_EQ(rows(), Texts{"2|3|b"});
  EXPECT_EQ(second.rows, 1);
  expect_run(2, {});
  EXPECT_EQ(rows(), Texts{});
  EXPECT_EQ(rows(0), (Texts{"1|1|a", "2|2|a"}));
  EXPECT_EQ(findings(), Texts{});
}

TEST_F(DeltaUpsertTest, an_overwrite_also_replaces_what_came_in_between) {
  auto options = with_mode(Mode::kOverwrite);
  options.partition_by = {"note"};
  start(options);
  expect_run(0, {batch_of({{1, 1, "a"}, {2, 2, "b"}}, Hidden::kChange)});
  const auto staged = stage(1, {batch_of({{5, 5, "b"}}, Hidden::kChange)});
  ASSERT_TRUE(sink_->prepare(plan_of(1), *staged, wait_).ok());
  auto other = with_mode(Mode::kAppend);
  other.partition_by = {"note"};
  other.pipeline = "other";
  auto first = std::move(sink_);
  start(other);
  expect_run(0, {batch_of({{7, 7, "c", 0}})});
  const auto commit = first->commit(plan_of(1), wait_);
  ASSERT_TRUE(commit.ok()) << commit.status().to_string();
  EXPECT_EQ(rows(), Texts{"5|5|b"});
  EXPECT_EQ(findings(), Texts{});
}

/// Thread-safe.
class FakeClock final : public Clock {
 public:
  Instant now() const override { return {micros_.load()}; }
  void pass(std::chrono::microseconds time) { micros_ += time.count(); }

 private:
  std::atomic<int64_t> micros_{1'800'000'000'000'000};
};

TEST_F(DeltaUpsertTest, replaced_files_go_when_no_young_version_needs_them) {
  FakeClock clock;
  auto options = upsert();
  options.clock = &clock;
  options.retain = std::chrono::hours(1);
  start(options);
  int64_t epoch = 0;
  const auto run_epochs = [&](int64_t count) {
    for (; count > 0; --count, ++epoch) {
      expect_run(epoch, {batch_of({{1, epoch, "n", epoch}})});
      clock.pass(std::chrono::minutes(1));
    }
  };
  run_epochs(60);
  EXPECT_EQ(files_on_disk().size(), 60U) << "nothing is an hour old";
  run_epochs(30);
  // Epochs 0 to 29 or so were replaced more than an hour ago; the upkeep runs with every eighth commit.
  const auto left = files_on_disk();
  EXPECT_LE(left.size(), 60U + 2 * 8U);
  for (int64_t at = version().version; at >= 0; --at) {
    const auto of_version = version(at);
    const bool young = (epoch - at) <= 60;  // one commit a minute
    for (const auto& file : of_version.files) {
      if (young) {
        EXPECT_TRUE(left.contains(file.path)) << "version " << at;
      }
    }
  }
  EXPECT_EQ(findings(), Texts{});
  start(options);  // another process goes on with what the log remembers
  clock.pass(std::chrono::hours(2));
  run_epochs(16);
  EXPECT_LE(files_on_disk().size(), 16U + 8U);
  EXPECT_EQ(rows(), Texts{"1|105|n"});
}

TEST_F(DeltaUpsertTest, a_file_that_somebody_restored_stays) {
  FakeClock clock;
  auto options = upsert();
  options.clock = &clock;
  options.retain = std::chrono::hours(1);
  start(options);
  expect_run(0, {batch_of({{1, 1, "a", 0}})});
  expect_run(1, {batch_of({{1, 2, "b", 1}})});
  const auto before = version(0).files.front();
  const auto now = version().files.front();
  // Another engine goes back to version 0, and forward again.
  const auto store = storage::make_local_store();
  const auto write = [&](int64_t at, const lake::AddFile& add, const lake::AddFile& remove, const std::string& operation) {
    lake::CommitInfo info;
    info.timestamp_ms = clock.now().micros / 1000;
    info.operation = operation;
    const std::string text = lake::to_line(info) + "\n" + lake::to_line(lake::to_remove(remove, *info.timestamp_ms)) + "\n" + lake::to_line(add) + "\n";
    ASSERT_TRUE(store->put_if_absent(lake::commit_path(table(), at), text).ok());
  };
  write(2, before, now, "RESTORE");
  EXPECT_EQ(rows(), Texts{"1|1|a"});
  clock.pass(std::chrono::hours(2));
  write(3, now, before, "RESTORE");
  for (int64_t epoch = 2; epoch < 20; ++epoch) {
    expect_run(epoch, {batch_of({{2, epoch, "c", epoch}})});
    clock.pass(std::chrono::minutes(1));
  }
  EXPECT_EQ(findings(), Texts{});
  EXPECT_EQ(rows(), (Texts{"1|2|b", "2|19|c"}));
  EXPECT_EQ(rows(2), Texts{"1|1|a"}) << "it was the newest version until half an hour ago";
}

TEST_F(DeltaUpsertTest, a_sink_refuses_the_changes_that_it_cannot_make) {
  start(with_mode(Mode::kAppend));
  open(1);
  const auto update = run(0, {batch_of({{1, 1, "a", 0, Change::kUpdate}}, Hidden::kChange)});
  EXPECT_EQ(update.status().code(), "needs_upsert");
  EXPECT_NE(std::string(update.status().detail()).find("mode: upsert"), std::string::npos);
  start(with_mode(Mode::kOverwrite));
  open(1);
  EXPECT_EQ(run(0, {batch_of({{1, 1, "a", 0, Change::kDelete}}, Hidden::kChange)}).status().code(), "needs_upsert");
}

/// What must stand in the table: by key, the last row of the largest v, as in PRODUCT §7.
class Model {
 public:
  explicit Model(bool ordered) : ordered_(ordered) {}
  void take(const std::vector<Row>& rows) {
    std::map<std::optional<int64_t>, Row> best;
    for (const auto& row : rows) {
      const auto found = best.find(row.id);
      if (found == best.end() || !is_newer(found->second, row)) best[row.id] = row;
    }
    for (const auto& [id, row] : best) {
      const auto stands = table_.find(id);
      if (row.change == Change::kDelete) {
        table_.erase(id);
      } else if (stands == table_.end() || !ordered_ || !(stands->second.v > row.v)) {
        table_[id] = row;
      }
    }
  }
  Texts rows() const {
    Texts texts;
    for (const auto& [id, row] : table_) texts.push_back(text_of(id, row.v, row.note));
    std::sort(texts.begin(), texts.end());
    return texts;
  }

 private:
  bool is_newer(const Row& left, const Row& right) const {
    if (ordered_ && left.v != right.v) return left.v > right.v;
    return left.offset > right.offset;
  }
  const bool ordered_;
  std::map<std::optional<int64_t>, Row> table_;
};

struct Variant {
  bool ordered, changes, partitioned, spilled;
};

class DeltaUpsertModelTest : public DeltaUpsertTest, public ::testing::WithParamInterface<Variant> {
 protected:
  std::vector<Row> random_rows(int64_t epoch) {
    std::vector<Row> made;
    std::set<std::optional<int64_t>> keys;
    const int64_t count = std::uniform_int_distribution<int64_t>(0, 40)(random_);
    for (int64_t at = 0; at < count; ++at) {
      Row row;
      const int64_t id = std::uniform_int_distribution<int64_t>(0, 30)(random_);
      if (id != 0) row.id = id;
      const int64_t v = std::uniform_int_distribution<int64_t>(-1, 20)(random_);
      if (v >= 0) row.v = v;
      row.note = std::string(1, static_cast<char>('a' + at % 3));
      row.offset = epoch * 1000 + at;
      if (GetParam().changes) {
        if (!keys.insert(row.id).second) continue;  // one row for each key and epoch
        row.change = static_cast<Change>(std::uniform_int_distribution<int>(0, 2)(random_));
      }
      made.push_back(row);
    }
    return made;
  }
  std::vector<Batch> batches(std::vector<Row> rows) {
    std::shuffle(rows.begin(), rows.end(), random_);
    std::vector<Batch> made;
    for (size_t at = 0; at < rows.size();) {
      const size_t size = std::min<size_t>(rows.size() - at, std::uniform_int_distribution<size_t>(1, 12)(random_));
      made.push_back(batch_of({rows.begin() + static_cast<ptrdiff_t>(at), rows.begin() + static_cast<ptrdiff_t>(at + size)}, GetParam().changes ? Hidden::kChange : Hidden::kPlace));
      at += size;
    }
    return made;
  }
  std::mt19937_64 random_{20261121};
};

// Every epoch may fail at some step and is then run again by a new owner, as after a crash.
TEST_P(DeltaUpsertModelTest, many_epochs_with_failures_at_every_step) {
  auto options = upsert(GetParam().ordered ? "v" : "");
  if (GetParam().partitioned) options.partition_by = {"note"};
  if (GetParam().spilled) options.held_bytes_max = 200;
  const Texts steps = {"delta.prepare.before", "delta.rework.before", "delta.rework.written", "delta.rework.after", "delta.prepare.after",
                       "delta.commit.before",  "lake.commit.before",  "lake.commit.after",    "delta.commit.after"};
  Model model(GetParam().ordered);
  Texts expected_before;
  std::map<int64_t, Texts> by_version;
  start(options);
  for (int64_t epoch = 0; epoch < 60; ++epoch) {
    const auto given = random_rows(epoch);
    const size_t step = std::uniform_int_distribution<size_t>(0, 2 * steps.size())(random_);
    if (step < steps.size()) {
      ASSERT_TRUE(Failpoint::arm(steps[step] + "=fail").ok());
    }
    open(std::uniform_int_distribution<int>(1, 3)(random_));
    model.take(given);
    auto commit = run(epoch, batches(given));
    Failpoint::disarm_all();
    if (!commit.ok()) {
      const Progress progress = start(options);
      if (!progress.epoch || progress.epoch->value < epoch) {
        open(2);
        commit = run(epoch, batches(given));
        ASSERT_TRUE(commit.ok()) << commit.status().to_string() << " epoch " << epoch << " after " << steps[step];
      }
    }
    ASSERT_EQ(rows(), model.rows()) << "epoch " << epoch;
    by_version[version().version] = model.rows();
  }
  EXPECT_EQ(findings(), Texts{});
  for (const auto& [at, texts] : by_version) EXPECT_EQ(rows(at), texts) << "version " << at;
  start(options);
  EXPECT_EQ(files_on_disk(), files_of_all_versions()) << "no file is left that no version has";
}

INSTANTIATE_TEST_SUITE_P(Variants, DeltaUpsertModelTest,
                         ::testing::Values(Variant{false, false, false, false}, Variant{true, false, false, true}, Variant{false, true, false, false},
                                           Variant{true, false, true, false}, Variant{false, false, true, true}));

}  // namespace
}  // namespace laketide::delta_upsert_test
