// Jobs that wait: what an earlier process left, and how many there may be. None of them runs here.
#include "engine/jobs.h"

#include <gtest/gtest.h>

#include "execution/receipt.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

using namespace std::chrono_literals;

class JobsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    service_.pools["batch-pool"];
    auto opened = Ledger::open(dir_.path() + "/state");
    ASSERT_TRUE(opened.ok()) << opened.status().to_string();
    ledger_ = std::move(opened).value();
    JobRequest request;
    request.topic = "events";
    auto entry = Catalog().resolve_job(request, Catalog::JobTable::kDelta);
    ASSERT_TRUE(entry.ok()) << entry.status().to_string();
    entry_ = std::move(entry).value();
  }

  /// Takes up what the ledger has; nothing is started.
  Jobs& restored() {
    JobsHost host;
    host.service = &service_;
    host.scheduler = scheduler_.get();
    host.ledger = ledger_.get();
    host.metrics = make_metrics();
    host.counters = std::make_shared<KeptCounters>(host.metrics);
    host.budgets = make_budgets(service_);
    host.rested = std::make_shared<Signal>();
    host.refuse_repeats = [](const config::PipelineSpec&, const Ranges&) { return Status(); };
    jobs_ = std::make_unique<Jobs>(std::move(host));
    const Status restored = jobs_->restore(false);
    EXPECT_TRUE(restored.ok()) << restored.to_string();
    return *jobs_;
  }

  /// A job that ran when its process died, on a line of its own.
  JobRecord left_behind(const std::string& id, bool atomic) {
    JobRecord record;
    record.status.id = id;
    record.status.pipeline = entry_.spec.name;
    record.status.state = JobState::kRunning;
    record.status.attempt = 1;
    record.status.atomic = atomic;
    record.status.start_offset = "earliest";
    record.status.end_offset = "latest";
    record.status.range = {{"events", 0, 0, 10}};
    record.document = entry_.spec.canonical;
    record.origin = entry_.origin;
    record.line = "events@" + id;
    record.source = entry_.spec.sources.front().name;
    record.first_epoch = EpochId(3);
    record.submitted_ms = system_clock().now().micros / 1000;
    record.deadline_ms = INT64_MAX;
    return record;
  }
  void save(const JobRecord& record) { ASSERT_TRUE(ledger_->save_job(to_row(record)).ok()); }
  void plan(const JobRecord& record) {
    EpochPlan plan;
    plan.pipeline = record.line;
    plan.epoch = EpochId(3);
    ASSERT_TRUE(ledger_->plan_epoch(record.line, plan.epoch, plan.to_json()).ok());
  }
  JobStatus found(const std::string& id) {
    const auto status = jobs_->find(id);
    EXPECT_TRUE(status.ok()) << status.status().to_string();
    return status.ok() ? *status : JobStatus();
  }

  TempDir dir_;
  config::ServiceConfig service_;
  std::unique_ptr<Scheduler> scheduler_ = make_scheduler({.workers = 1});
  std::unique_ptr<Ledger> ledger_;
  CatalogEntry entry_;
  std::unique_ptr<Jobs> jobs_;
};

TEST_F(JobsTest, one_whose_commit_is_decided_cannot_be_cancelled_while_it_waits) {
  save(left_behind("atomic", true));
  plan(left_behind("atomic", true));
  save(left_behind("goes", false));
  plan(left_behind("goes", false));
  save(left_behind("free", true));
  restored();
  const auto atomic = jobs_->cancel("atomic");
  ASSERT_FALSE(atomic.ok()) << to_string(atomic->state);
  EXPECT_EQ(atomic.status().code(), "committing");
  EXPECT_EQ(found("atomic").state, JobState::kQueued);
  // What it decided is finished before it is cancelled.
  ASSERT_TRUE(jobs_->cancel("goes").ok());
  EXPECT_EQ(found("goes").state, JobState::kQueued);
  ASSERT_TRUE(jobs_->cancel("free").ok());
  EXPECT_EQ(found("free").state, JobState::kCancelled);
}

TEST_F(JobsTest, no_deadline_ends_one_whose_commit_is_decided_while_it_waits) {
  for (const char* id : {"decided", "free"}) {
    JobRecord record = left_behind(id, true);
    record.deadline_ms = 2;
    save(record);
  }
  plan(left_behind("decided", true));
  restored();
  Signal pause;
  const auto give_up = std::chrono::steady_clock::now() + 20s;
  while (found("free").state == JobState::kQueued && std::chrono::steady_clock::now() < give_up) pause.wait(std::chrono::steady_clock::now() + 20ms);
  ASSERT_TRUE(found("free").error.has_value());
  EXPECT_EQ(found("free").error->code, "deadline");
  EXPECT_EQ(found("decided").state, JobState::kQueued);
}

TEST_F(JobsTest, one_whose_document_cannot_be_read_any_more_fails) {
  JobRecord record = left_behind("old", true);
  record.document = R"({"version":1,"no":"pipeline"})";
  save(record);
  restored();
  EXPECT_EQ(found("old").state, JobState::kFailed);
  ASSERT_TRUE(found("old").error.has_value());
  EXPECT_EQ(found("old").error->code, "not_taken_up");
}

TEST_F(JobsTest, what_is_over_leaves_its_line_as_if_it_had_not_been_there) {
  JobRecord record = left_behind("over", false);
  EpochPlan plan;
  plan.pipeline = record.line;
  plan.epoch = EpochId(3);
  EpochReceipt receipt = receipt_of(plan);
  receipt.rows_in = 7;
  save(record);
  ASSERT_TRUE(ledger_->commit_epoch(record.line, plan.epoch, plan.to_json(), to_json(receipt)).ok());
  restored();
  ASSERT_TRUE(jobs_->cancel("over").ok());
  EXPECT_EQ(found("over").state, JobState::kCancelled);
  EXPECT_EQ(found("over").rows_in, 7) << "its receipts are with the job";
  ASSERT_EQ(jobs_->receipt("over")->size(), 1u);
  EXPECT_EQ(jobs_->receipt("over")->front().rows_in, 7);
  EXPECT_FALSE(ledger_->last_epoch(record.line)->has_value());
}

TEST_F(JobsTest, those_that_wait_for_their_line_fill_the_queue_too) {
  service_.batch_defaults.max_queued = 2;
  restored();
  JobRequest request;
  request.topic = "events";
  request.start_offset = "resume";
  const auto offsets = parse_job_offsets(request.start_offset, request.end_offset);
  ASSERT_TRUE(offsets.ok()) << offsets.status().to_string();
  for (int i = 0; i < 2; ++i) {
    const auto taken = jobs_->submit(request, *offsets, entry_);
    ASSERT_TRUE(taken.ok()) << taken.status().to_string();
  }
  const auto refused = jobs_->submit(request, *offsets, entry_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.status().code(), "queue_full");
}

}  // namespace
}  // namespace laketide
