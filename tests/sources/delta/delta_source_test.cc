#include "sources/delta/delta_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "lake/data_writer.h"
#include "lake/delta_log.h"
#include "lake/delta_schema.h"
#include "storage/local_store.h"
#include "storage/unique_name.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

/// A table of `id` and partition column `p`, and lanes whose closures run when the test says so.
class DeltaSourceTest : public ::testing::Test {
 protected:
  DeltaSourceTest() {
    context_.memory = arrow::default_memory_pool();
    context_.wake = [] {};
  }

  static Schema schema() { return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("small", arrow::int8()), arrow::field("p", arrow::utf8())}); }
  std::string path() const { return dir_.path() + "/t"; }

  std::vector<lake::AddFile> files(int64_t first, int64_t count) {
    lake::DataWriterOptions options;
    options.schema = schema();
    options.partition_columns = {"p"};
    options.create = [this](const std::string& directory, std::string& name) {
      name = directory + "part-" + storage::make_uuid() + ".parquet";
      return store_->create(storage::join(path(), name));
    };
    const auto writer = make_data_writer(std::move(options));
    arrow::Int64Builder ids;
    arrow::Int8Builder smalls;
    arrow::StringBuilder partitions;
    for (int64_t i = first; i < first + count; ++i) EXPECT_TRUE(ids.Append(i).ok() && smalls.Append(static_cast<int8_t>(i % 100)).ok() && partitions.Append(i % 2 ? "odd" : "even").ok());
    EXPECT_TRUE(writer->write(arrow::RecordBatch::Make(schema(), count, {*ids.Finish(), *smalls.Finish(), *partitions.Finish()})).ok());
    std::vector<lake::DataFile> done;
    while (!*writer->finish(done)) continue;
    std::vector<lake::AddFile> adds;
    for (const auto& file : done) adds.push_back(file.to_add(1));
    return adds;
  }

  void commit(std::vector<lake::AddFile> adds) {
    lake::Transaction transaction;
    transaction.txn_id = storage::make_uuid();
    transaction.adds = std::move(adds);
    transaction.new_protocol = lake::Protocol();
    transaction.new_metadata = lake::Metadata();
    transaction.new_metadata->id = "the table";
    transaction.new_metadata->schema_string = *lake::to_schema_string(*schema());
    transaction.new_metadata->partition_columns = {"p"};
    lake::DeltaLog log(store_, path(), system_clock());
    const auto done = log.commit(transaction, [](const auto&) -> Result<lake::DeltaLog::Verdict> { return lake::DeltaLog::Verdict::kCommit; }, Wait());
    ASSERT_TRUE(done.ok()) << done.status().to_string();
  }

  std::unique_ptr<Source> source(std::optional<int64_t> version = {}, const std::string& pin = "") {
    auto made = make_delta_source({"s", "delta:t", path(), version, pin, [this] { return [this](std::function<void()> work) { posted_.push_back(std::move(work)); }; }}, store_);
    EXPECT_TRUE(made.ok()) << made.status().to_string();
    return std::move(made).value();
  }

  /// `id@partition/offset` of all rows in the ranges, sorted.
  std::vector<std::string> rows(Source& from, const Ranges& ranges, Budget budget = {}) {
    EXPECT_TRUE(from.select(arrow::schema({arrow::field("id", arrow::int64())}), {"_partition", "_offset"}).ok());
    const auto reader = from.open(context_).value();
    EXPECT_TRUE(reader->assign(ranges).ok());
    std::vector<std::string> all;
    for (;;) {
      std::variant<Records, Batch> out;
      const auto step = reader->poll(budget, out);
      EXPECT_TRUE(step.ok()) << step.status().to_string();
      if (!step.ok() || *step == Step::kDone) break;
      if (*step == Step::kBlocked) {
        EXPECT_FALSE(posted_.empty()) << "nobody will wake the lane";
        if (posted_.empty()) break;
        posted_.front()();
        posted_.pop_front();
        continue;
      }
      const Batch& batch = std::get<Batch>(out);
      EXPECT_LE(batch->num_rows(), budget.rows_max);
      const auto& ids = static_cast<const arrow::Int64Array&>(*batch->column(0));
      const auto& partitions = static_cast<const arrow::Int32Array&>(*batch->column(1));
      const auto& offsets = static_cast<const arrow::Int64Array&>(*batch->column(2));
      for (int64_t i = 0; i < batch->num_rows(); ++i) all.push_back(std::to_string(ids.Value(i)) + "@" + std::to_string(partitions.Value(i)) + "/" + std::to_string(offsets.Value(i)));
    }
    for (const auto& [place, next] : reader->next()) EXPECT_EQ(next, *ranges.at(place).end);
    std::ranges::sort(all);
    return all;
  }
  static Ranges whole(const PartitionBounds& bounds) {
    Ranges ranges;
    for (const auto& [place, bound] : bounds) ranges[place] = Range{bound.low, bound.high};
    return ranges;
  }

  const std::shared_ptr<storage::Store> store_ = storage::make_local_store();
  const TempDir dir_;
  Context context_;
  std::deque<std::function<void()>> posted_;
};

TEST_F(DeltaSourceTest, ReadsItsVersionWhateverIsCommittedMeanwhile) {
  commit(files(0, 10'000));
  const auto first = source();
  const auto bounds = first->bounds(Wait());
  ASSERT_TRUE(bounds.ok()) << bounds.status().to_string();
  ASSERT_EQ(bounds->size(), 2u);
  EXPECT_EQ(first->snapshot().shown, R"({"files":2,"rows":10000,"version":0})");
  EXPECT_EQ((*first->row_schema(Wait()))->ToString(), "id: int64\nsmall: int16\np: string");
  EXPECT_FALSE(first->grows());
  commit(files(10'000, 10));
  const auto all = rows(*first, whole(*first->bounds(Wait())));
  ASSERT_EQ(all.size(), 10'000u);

  const auto again = source({}, first->snapshot().pin);
  EXPECT_EQ(rows(*again, whole(*again->bounds(Wait())), {77, 1 << 20}), all);
  EXPECT_EQ(source()->bounds(Wait())->size(), 4u);
  EXPECT_EQ(source(0)->bounds(Wait())->size(), 2u);
  EXPECT_EQ(source(7)->bounds(Wait()).status().code(), "no_such_version");
}

TEST_F(DeltaSourceTest, ARangeNamesTheSameRowsForEver) {
  commit(files(0, 1000));
  const auto opened = source();
  const auto all = rows(*opened, whole(*opened->bounds(Wait())));
  const SourcePartition place{"s", "delta:t", 1};
  std::vector<std::string> expected;
  for (const auto& row : all) {
    const auto at = row.find("@1/");
    if (at == std::string::npos) continue;
    const int64_t offset = std::stoll(row.substr(at + 3));
    if (offset >= 90 && offset < 333) expected.push_back(row);
  }
  ASSERT_EQ(expected.size(), 243u);
  EXPECT_EQ(rows(*source(), {}), std::vector<std::string>());
  const auto later = source();
  ASSERT_TRUE(later->bounds(Wait()).ok());
  EXPECT_EQ(rows(*later, {{place, Range{NextOffset(90), NextOffset(333)}}}), expected);
}

TEST_F(DeltaSourceTest, AFileThatHasNotItsRowsIsRefused) {
  auto adds = files(0, 100);
  adds[0].stats = R"({"numRecords":7})";
  commit(adds);
  const auto opened = source();
  const auto bounds = *opened->bounds(Wait());
  ASSERT_TRUE(opened->select(arrow::schema({arrow::field("id", arrow::int64())}), {}).ok());
  const auto reader = opened->open(context_).value();
  ASSERT_TRUE(reader->assign(whole(bounds)).ok());
  Status failed;
  for (int i = 0; i < 100 && failed.ok(); ++i) {
    std::variant<Records, Batch> out;
    failed = reader->poll({}, out).status();
    for (; !posted_.empty(); posted_.pop_front()) posted_.front()();
  }
  EXPECT_EQ(failed.code(), "broken_file");
}

TEST_F(DeltaSourceTest, WhatCannotBeReadRightIsRefused) {
  EXPECT_EQ(source()->bounds(Wait()).status().code(), "no_table");
  commit(files(0, 10));
  EXPECT_EQ(source({}, R"({"version":0,"tableId":"another"})")->bounds(Wait()).status().code(), "table_recreated");
  EXPECT_EQ(make_delta_source({"s", "t", path(), {}, "{}", {}}, store_).status().code(), "bad_pin");
  auto adds = files(10, 10);
  adds[0].deletion_vector = lake::DeletionVector{"u", "x", 1, 1, 1};
  commit(adds);
  EXPECT_EQ(source()->bounds(Wait()).status().code(), "unsupported_table");
}

}  // namespace
}  // namespace laketide
