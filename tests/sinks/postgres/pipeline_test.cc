#include "sinks/postgres/pipeline.h"

#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/json/from_string.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <utility>

#include "base/signal.h"
#include "flow/actor_sink.h"

namespace laketide {
namespace {

Wait patience() { return Wait::for_at_most(std::chrono::seconds(60)); }

}  // namespace

/// Counts wakes, and lets a test wait for one. Thread-safe.
struct Pipeline::Wakes {
  Signal signal;
  std::atomic<int> count{0};
};

Batch rows_of(const Schema& schema, const std::string& json) {
  auto rows = arrow::json::ArrayFromJSONString(arrow::struct_(schema->fields()), json);
  EXPECT_TRUE(rows.ok()) << rows.status().ToString();
  const auto& columns = static_cast<const arrow::StructArray&>(**rows);
  return arrow::RecordBatch::Make(schema, columns.length(), columns.fields());
}

Batch with_place(const Batch& batch, int32_t partition, int64_t first) {
  arrow::Int32Builder partitions;
  arrow::Int64Builder offsets;
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    EXPECT_TRUE(partitions.Append(partition).ok());
    EXPECT_TRUE(offsets.Append(first + row).ok());
  }
  auto with_partition = batch->AddColumn(batch->num_columns(), "_partition", *partitions.Finish());
  return *(*with_partition)->AddColumn(batch->num_columns() + 1, "_offset", *offsets.Finish());
}

Batch bytes_of(const std::string& column, const std::vector<std::string>& values, bool text) {
  arrow::StringBuilder strings;
  arrow::BinaryBuilder binaries;
  auto& builder = text ? static_cast<arrow::BinaryBuilder&>(strings) : binaries;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  auto array = *builder.Finish();
  return arrow::RecordBatch::Make(arrow::schema({arrow::field(column, array->type())}), array->length(), {array});
}

Batch beside(const Batch& left, const Batch& right) {
  Batch both = left;
  for (int at = 0; at < right->num_columns(); ++at) {
    both = *both->AddColumn(both->num_columns(), right->schema()->field(at), right->column(at));
  }
  return both;
}

PostgresSinkOptions Pipeline::options_for(const Database& database, std::vector<PostgresTarget> targets) {
  PostgresSinkOptions options;
  options.pipeline = "p";
  options.url = database.url();
  options.targets = std::move(targets);
  options.source = "events";
  options.topic = "events";
  options.lock_timeout = std::chrono::milliseconds(300);
  return options;
}

Pipeline::Pipeline(const Database& database, std::vector<PostgresTarget> targets, Schema schema)
    : Pipeline(options_for(database, targets), std::vector<Schema>(targets.size(), schema)) {}

Pipeline::Pipeline(PostgresSinkOptions options, std::vector<Schema> schemas)
    : scheduler_(make_scheduler({.workers = 1})),
      actor_(scheduler_->io_actor("postgres")),
      schemas_(std::move(schemas)),
      source_(options.source),
      topic_(options.topic),
      name_(options.pipeline),
      wakes_(std::make_shared<Wakes>()) {
  options.post = [actor = actor_](std::function<void()> work) { actor.post(std::move(work)); };
  context_.wake = [wakes = wakes_] {
    ++wakes->count;
    wakes->signal.notify();
  };
  auto made = make_postgres_sinks(std::move(options));
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  for (auto& sink : *made) {
    ids_.push_back(sink->id());
    sinks_.push_back(on_actor(actor_, std::move(sink)));
  }
}

Pipeline::~Pipeline() {
  writers_.clear();
  sinks_.clear();
}

Progress Pipeline::start() {
  auto progress = restart();
  EXPECT_EQ(text(progress), "ok");
  return progress.ok() ? *progress : Progress{};
}

Result<Progress> Pipeline::restart() {
  writers_.clear();
  std::optional<Progress> first;
  for (auto& sink : sinks_) {
    LT_ASSIGN_OR_RETURN(auto progress, sink->claim(patience()));
    if (!first) first = std::move(progress);
  }
  for (size_t at = 0; at < sinks_.size(); ++at) LT_RETURN_IF_ERROR(sinks_[at]->bind(schemas_[at], patience()));
  open_writers();
  return *std::move(first);
}

void Pipeline::open_writers() {
  writers_.clear();
  staged_.clear();
  staged_.resize(sinks_.size());
  for (auto& sink : sinks_) {
    auto writer = sink->open(context_);
    EXPECT_TRUE(writer.ok()) << writer.status().to_string();
    writers_.push_back(writer.ok() ? *std::move(writer) : nullptr);
  }
}

Status Pipeline::write(const Batch& batch, size_t sink) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  for (;;) {
    auto step = writers_[sink]->write(batch, rejects_);
    if (!step.ok()) return step.status();
    if (*step == Step::kReady) return {};
    if (std::chrono::steady_clock::now() > deadline) return Status::internal("stuck", "the writer stays blocked");
    wakes_->signal.wait(deadline);
  }
}

Status Pipeline::end(int64_t epoch) {
  for (size_t at = 0; at < writers_.size(); ++at) {
    std::unique_ptr<Staged> staged;
    auto step = writers_[at]->end_epoch(EpochId(epoch), staged, rejects_);
    if (!step.ok()) return step.status();
    EXPECT_EQ(*step, Step::kDone);
    staged_[at].clear();
    staged_[at].push_back(std::move(staged));
  }
  return {};
}

EpochPlan Pipeline::plan(int64_t epoch) const {
  EpochPlan plan;
  plan.pipeline = name_;
  plan.epoch = EpochId(epoch);
  plan.ranges[{source_, topic_, 0}] = {NextOffset(epoch * 100), NextOffset(epoch * 100 + 100)};
  plan.next[{source_, topic_, 0}] = NextOffset(epoch * 100 + 100);
  plan.sinks = ids_;
  return plan;
}

Status Pipeline::prepare(int64_t epoch) {
  for (size_t at = 0; at < sinks_.size(); ++at) {
    LT_RETURN_IF_ERROR(sinks_[at]->prepare(plan(epoch), staged_[at], patience()));
  }
  return {};
}

Result<Commit> Pipeline::commit(int64_t epoch) {
  auto first = sinks_[0]->commit(plan(epoch), patience());
  for (size_t at = 1; first.ok() && at < sinks_.size(); ++at) {
    auto other = sinks_[at]->commit(plan(epoch), patience());
    if (!other.ok()) return other;
  }
  return first;
}

Result<Commit> Pipeline::finish(int64_t epoch) {
  LT_RETURN_IF_ERROR(end(epoch));
  LT_RETURN_IF_ERROR(prepare(epoch));
  return commit(epoch);
}

void Pipeline::abandon(int64_t epoch) {
  for (auto& sink : sinks_) {
    const Status abandoned = sink->abandon(EpochId(epoch), patience());
    EXPECT_TRUE(abandoned.ok()) << abandoned.to_string();
  }
  open_writers();
}

void Pipeline::settle() {
  Signal signal;
  actor_.post([&] { signal.notify(); });
  signal.wait(std::chrono::steady_clock::now() + std::chrono::seconds(60));
}

int Pipeline::wakes() const { return wakes_->count; }

}  // namespace laketide
