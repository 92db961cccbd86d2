#include <algorithm>
#include <map>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "lake/delta_log.h"
#include "lake/log_segment.h"
#include "lake/table.h"
#include "sinks/delta/delta_sink.h"
#include "storage/local_store.h"
#include "storage/unique_name.h"
#include "support/forgetful_store.h"

namespace laketide {
namespace {

const SourcePartition kCutPlace{"in", "t", 0};
constexpr int64_t kEpochs = 3, kRowsPerEpoch = 6;
#ifdef LAKETIDE_SANITIZED
constexpr int64_t kStride = 3;  // a sanitizer looks at the same code at any step, at many times the price
#else
constexpr int64_t kStride = 1;
#endif
constexpr const char* kTable = "/disk/lake/table";

Schema cut_schema() { return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("p", arrow::utf8())}); }

EpochPlan plan_of(int64_t epoch) {
  EpochPlan plan;
  plan.pipeline = "p";
  plan.epoch = EpochId(epoch);
  plan.ranges[kCutPlace] = Range{NextOffset(epoch * kRowsPerEpoch), NextOffset((epoch + 1) * kRowsPerEpoch)};
  plan.next[kCutPlace] = NextOffset((epoch + 1) * kRowsPerEpoch);
  return plan;
}

Batch rows_of(int64_t epoch, int lane) {
  arrow::Int64Builder ids;
  arrow::StringBuilder partitions;
  for (int64_t id = epoch * kRowsPerEpoch + lane; id < (epoch + 1) * kRowsPerEpoch; id += 2) {
    EXPECT_TRUE(ids.Append(id).ok() && partitions.Append(id % 3 ? "a" : "b").ok());
  }
  const int64_t count = ids.length();
  return arrow::RecordBatch::Make(cut_schema(), count, {*ids.Finish(), *partitions.Finish()});
}

/// One life of the process: claims, and writes what the table lacks, with two lanes.
Status live(const std::shared_ptr<ForgetfulStore>& disk, const Wait& wait) {
  DeltaSinkOptions options;
  options.pipeline = "p";
  options.id = "delta:t";
  options.table_path = kTable;
  options.partition_by = {"p"};
  LT_ASSIGN_OR_RETURN(const auto sink, make_delta_sink(options, disk));
  LT_ASSIGN_OR_RETURN(const Progress progress, sink->claim(wait));
  LT_RETURN_IF_ERROR(sink->bind(cut_schema(), wait));
  std::vector<Context> contexts(2);
  contexts[1].lane = 1;
  std::vector<std::unique_ptr<Writer>> writers;
  for (auto& context : contexts) {
    LT_ASSIGN_OR_RETURN(auto writer, sink->open(context));
    writers.push_back(std::move(writer));
  }
  for (int64_t epoch = progress.epoch ? progress.epoch->value + 1 : 0; epoch < kEpochs; ++epoch) {
    StagedList staged(2);
    Rejects rejects;
    for (int lane = 0; lane < 2; ++lane) {
      LT_RETURN_IF_ERROR(writers[lane]->write(rows_of(epoch, lane), rejects).status());
      for (Step step = Step::kMore; step == Step::kMore;) {
        LT_ASSIGN_OR_RETURN(step, writers[lane]->end_epoch(EpochId(epoch), staged[lane], rejects));
      }
    }
    LT_RETURN_IF_ERROR(sink->prepare(plan_of(epoch), staged, wait));
    LT_ASSIGN_OR_RETURN(const Commit commit, sink->commit(plan_of(epoch), wait));
    EXPECT_EQ(commit.rows, kRowsPerEpoch);
  }
  return {};
}

/// How a power cut comes and what the disk makes of it.
struct Cut {
  const char* name;
  ForgetfulStore::Leaves leaves;
  bool after_the_deed;
  bool table_exists;  // and writes a checkpoint every two versions
};

class PowerCutTest : public ::testing::TestWithParam<Cut> {
 protected:
  std::shared_ptr<ForgetfulStore> new_disk() {
    auto disk = make_forgetful_store();
    if (!GetParam().table_exists) return disk;
    lake::Metadata metadata;
    metadata.id = storage::make_uuid();
    metadata.schema_string = R"({"type":"struct","fields":[{"name":"id","type":"long","nullable":true,"metadata":{}},)"
                             R"({"name":"p","type":"string","nullable":true,"metadata":{}}]})";
    metadata.partition_columns = {"p"};
    metadata.configuration["delta.checkpointInterval"] = "2";
    const std::string lines = lake::to_line(lake::Protocol()) + "\n" + lake::to_line(metadata) + "\n";
    EXPECT_TRUE(disk->put_if_absent(lake::commit_path(kTable, 0), lines).ok());
    return disk;
  }

  /// Every row once, all that the log says is true, and nothing else lies about.
  void expect_whole(const std::shared_ptr<ForgetfulStore>& disk) {
    auto table = lake::open_table(kTable, disk);
    ASSERT_TRUE(table.ok()) << table.status().to_string();
    std::map<int64_t, std::string> rows;
    const Status scanned = (*table)->scan({}, [&](const auto& batch) {
      const auto& ids = static_cast<const arrow::Int64Array&>(*batch->column(0));
      const auto& partitions = static_cast<const arrow::StringArray&>(*batch->column(1));
      for (int64_t i = 0; i < batch->num_rows(); ++i) {
        EXPECT_TRUE(rows.emplace(ids.Value(i), partitions.GetString(i)).second) << "twice: " << ids.Value(i);
      }
      return Status();
    }, wait_);
    ASSERT_TRUE(scanned.ok()) << scanned.to_string();
    ASSERT_EQ(rows.size(), size_t{kEpochs * kRowsPerEpoch});
    for (const auto& [id, partition] : rows) EXPECT_EQ(partition, id % 3 ? "a" : "b") << id;
    const auto findings = (*table)->verify(wait_);
    ASSERT_TRUE(findings.ok()) << findings.status().to_string();
    for (const auto& finding : *findings) ADD_FAILURE() << finding.code << " " << finding.path << ": " << finding.detail;
    const auto version = (*table)->at({}, wait_);
    EXPECT_EQ(data_files(*disk), version->files.size()) << "files that nobody names";
    const auto log_files = disk->list(lake::log_directory(kTable)).value();
    for (const auto& entry : log_files) EXPECT_FALSE(storage::is_temporary_name(entry.name)) << entry.name;
    lake::DeltaLog log(disk, kTable, system_clock());
    ASSERT_TRUE(log.refresh(wait_).ok());
    EXPECT_EQ(log.state().progress.at("laketide/p/delta%3At").version, kEpochs - 1);
    EXPECT_EQ(log.state().progress.at("laketide/p/delta%3At/in/t/0").version, kEpochs * kRowsPerEpoch);
  }

  static size_t data_files(ForgetfulStore& disk) {
    size_t count = 0;
    for (const char* directory : {"", "/p=a", "/p=b"}) {
      const auto entries = disk.list(kTable + std::string(directory)).value();
      count += static_cast<size_t>(std::ranges::count_if(entries, [](const auto& entry) { return !entry.is_directory; }));
    }
    return count;
  }

  const Wait wait_;
};

TEST_P(PowerCutTest, at_any_step_loses_nothing_and_doubles_nothing) {
  int64_t step = 1;
  for (bool cut = true; cut; step += kStride) {
    SCOPED_TRACE("power cut at step " + std::to_string(step));
    auto disk = new_disk();
    disk->die_at(step, GetParam().after_the_deed);
    const Status first = live(disk, wait_);
    cut = disk->died();
    // A checkpoint that fails fails no commit, so that dying in one may show only at the next.
    ASSERT_TRUE(cut || first.ok()) << first.to_string();
    disk->restart(GetParam().leaves);
    const Status second = live(disk, wait_);
    ASSERT_TRUE(second.ok()) << second.to_string();
    expect_whole(disk);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(step, 60) << "each file, sync and name is a step";
}

TEST_P(PowerCutTest, in_the_recovery_from_another_loses_nothing_and_doubles_nothing) {
  for (int64_t step = 3; step < 70; step += 5 * kStride) {
    for (int64_t again = 1; again < 24; again += 4 * kStride) {
      SCOPED_TRACE("power cuts at steps " + std::to_string(step) + " and " + std::to_string(again));
      auto disk = new_disk();
      disk->die_at(step, GetParam().after_the_deed);
      static_cast<void>(live(disk, wait_));
      disk->restart(GetParam().leaves);
      disk->die_at(again, GetParam().after_the_deed);
      static_cast<void>(live(disk, wait_));
      disk->restart(GetParam().leaves);
      const Status last = live(disk, wait_);
      ASSERT_TRUE(last.ok()) << last.to_string();
      expect_whole(disk);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(SkippedSyncTest, a_file_that_was_never_synced_is_found_missing_after_the_cut) {
  ASSERT_TRUE(Failpoint::arm("delta.prepare.before=skip_sync@every").ok());
  const auto disk = make_forgetful_store();
  const Status lived = live(disk, Wait{});
  Failpoint::disarm_all();
  ASSERT_TRUE(lived.ok()) << lived.to_string();
  disk->restart(ForgetfulStore::Leaves::kNamesOnly);
  const auto table = lake::open_table(kTable, disk);
  ASSERT_TRUE(table.ok()) << table.status().to_string();
  EXPECT_FALSE((*table)->scan({}, [](const auto&) { return Status(); }, Wait{}).ok()) << "the files are empty";
}

using Leaves = ForgetfulStore::Leaves;
INSTANTIATE_TEST_SUITE_P(
    Disks, PowerCutTest,
    ::testing::Values(Cut{"new_table_before_each_deed_unsynced_lost", Leaves::kNothing, false, false},
                      Cut{"new_table_after_each_deed_unsynced_lost", Leaves::kNothing, true, false},
                      Cut{"new_table_after_each_deed_unsynced_kept", Leaves::kEverything, true, false},
                      Cut{"new_table_after_each_deed_empty_files", Leaves::kNamesOnly, true, false},
                      Cut{"old_table_before_each_deed_unsynced_lost", Leaves::kNothing, false, true},
                      Cut{"old_table_after_each_deed_unsynced_lost", Leaves::kNothing, true, true},
                      Cut{"old_table_after_each_deed_unsynced_kept", Leaves::kEverything, true, true},
                      Cut{"old_table_after_each_deed_empty_files", Leaves::kNamesOnly, true, true}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace laketide
