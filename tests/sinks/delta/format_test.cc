// Tables that earlier releases wrote: the progress in them is found, and they are written on.
#include <gtest/gtest.h>

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <map>

#include "lake/table.h"
#include "sinks/delta/delta_sink.h"
#include "storage/local_store.h"
#include "support/format_fixture.h"

namespace laketide::delta_format_test {
namespace {

const SourcePartition kPlace{"in", "t", 0};
constexpr int64_t kEpochs = 12;  // a checkpoint stands among them
constexpr int64_t kRows = 5;

Batch rows(int64_t first) {
  arrow::Int64Builder ids;
  arrow::StringBuilder names;
  for (int64_t i = first; i < first + kRows; ++i) EXPECT_TRUE(ids.Append(i).ok() && names.Append("n" + std::to_string(i)).ok());
  return arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())}), kRows,
                                  {*ids.Finish(), *names.Finish()});
}

/// A sink that is claimed, bound and open. Confined to its task.
class Owner {
 public:
  explicit Owner(const std::string& path) {
    DeltaSinkOptions options;
    options.pipeline = "p";
    options.id = "delta:t";
    options.table_path = path;
    sink_ = *make_delta_sink(std::move(options), storage::make_local_store());
    auto progress = sink_->claim(wait_);
    EXPECT_TRUE(progress.ok()) << progress.status().to_string();
    if (progress.ok()) progress_ = *progress;
    EXPECT_TRUE(sink_->bind(rows(0)->schema(), wait_).ok());
    writer_ = *sink_->open(context_);
  }
  const Progress& progress() const { return progress_; }
  void write(int64_t epoch) {
    Rejects rejects;
    StagedList staged(1);
    EXPECT_TRUE(writer_->write(rows(epoch * kRows), rejects).ok());
    while (*writer_->end_epoch(EpochId(epoch), staged.front(), rejects) == Step::kMore) continue;
    EpochPlan plan;
    plan.pipeline = "p";
    plan.epoch = EpochId(epoch);
    plan.ranges[kPlace] = Range{NextOffset(epoch * kRows), NextOffset((epoch + 1) * kRows)};
    plan.next[kPlace] = NextOffset((epoch + 1) * kRows);
    plan.sinks = {"delta:t"};
    EXPECT_TRUE(sink_->prepare(plan, staged, wait_).ok());
    EXPECT_TRUE(sink_->commit(plan, wait_).status().ok());
  }

 private:
  const Wait wait_;
  Context context_;
  std::unique_ptr<Sink> sink_;
  std::unique_ptr<Writer> writer_;
  Progress progress_;
};

std::map<int64_t, std::string> read(const std::string& path) {
  std::map<int64_t, std::string> found;
  const auto table = *lake::open_table(path, storage::make_local_store());
  const Status status = table->scan(std::nullopt, [&](const std::shared_ptr<arrow::RecordBatch>& batch) -> Status {
    const auto& ids = static_cast<const arrow::Int64Array&>(*batch->column(0));
    const auto& names = static_cast<const arrow::StringArray&>(*batch->column(1));
    for (int64_t i = 0; i < batch->num_rows(); ++i) found[ids.Value(i)] = names.GetString(i);
    return {};
  }, Wait{});
  EXPECT_TRUE(status.ok()) << status.to_string();
  const auto findings = table->verify(Wait{});
  EXPECT_TRUE(findings.ok() && findings->empty());
  return found;
}

std::map<int64_t, std::string> due(int64_t epochs) {
  std::map<int64_t, std::string> all;
  for (int64_t i = 0; i < epochs * kRows; ++i) all[i] = "n" + std::to_string(i);
  return all;
}

TEST(DeltaFormat, VersionOneIsReadAndWrittenOn) {
  const FormatFixture one("sinks/delta", "1", [](const std::string& path) {
    Owner owner(path);
    for (int64_t epoch = 0; epoch < kEpochs; ++epoch) owner.write(epoch);
  });
  EXPECT_EQ(read(one.path()), due(kEpochs));
  Owner owner(one.path());
  EXPECT_EQ(owner.progress().generation, Generation(2));
  EXPECT_EQ(owner.progress().epoch, EpochId(kEpochs - 1));
  EXPECT_EQ(owner.progress().next.at(kPlace), NextOffset(kEpochs * kRows));
  EXPECT_TRUE(EpochPlan::from_json(owner.progress().plan).ok()) << owner.progress().plan;
  owner.write(kEpochs);
  EXPECT_EQ(read(one.path()), due(kEpochs + 1));
}

}  // namespace
}  // namespace laketide::delta_format_test
