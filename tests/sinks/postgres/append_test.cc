// Appending: rows, progress, and what becomes of an epoch whose commit went wrong.
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/failpoint.h"
#include "base/signal.h"
#include "sinks/postgres/pipeline.h"

namespace laketide::append_test {
namespace {

using Rows = std::vector<std::string>;

Schema schema() { return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())}); }
PostgresTarget target() { return {.id = "postgres:public.t", .table = "public.t"}; }
constexpr const char* kRows = "SELECT * FROM t ORDER BY id";
constexpr const char* kProgress = "SELECT generation, epoch, next::text FROM laketide.progress ORDER BY sink";

class PostgresAppend : public testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
  Database database_;
  Pipeline pipeline_{database_, {target()}, schema()};
};

TEST_F(PostgresAppend, MakesTheTableAndCommitsRowsWithTheirProgress) {
  const Progress none = pipeline_.start();
  EXPECT_EQ(none.generation, Generation(1));
  EXPECT_FALSE(none.epoch);
  EXPECT_TRUE(none.next.empty());
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"], [2, null]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(0)), "ok");
  ASSERT_EQ(text(pipeline_.prepare(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), Rows{});  // prepared is not visible
  auto commit = pipeline_.commit(0);
  ASSERT_TRUE(commit.ok()) << commit.status().to_string();
  EXPECT_EQ(commit->rows, 2);
  EXPECT_EQ(commit->quarantined, 0);
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|NULL"}));
  EXPECT_EQ(commit->id, database_.value("SELECT DISTINCT xmin FROM laketide.progress"));
  EXPECT_EQ(database_.rows(kProgress), (Rows{R"(1|0|{"events": {"events": {"0": 100}}})"}));
  EXPECT_EQ(database_.value("SELECT plan ->> 'epoch' FROM laketide.progress"), "0");
}

TEST_F(PostgresAppend, ASecondOwnerGoesOnWhereTheFirstStopped) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(7)), "ok");
  Pipeline second(database_, {target()}, schema());
  const Progress progress = second.start();
  EXPECT_EQ(progress.generation, Generation(2));
  EXPECT_EQ(progress.epoch, EpochId(7));
  EXPECT_EQ(progress.next, (Positions{{{"events", "events", 0}, NextOffset(800)}}));
  auto plan = EpochPlan::from_json(progress.plan);
  ASSERT_TRUE(plan.ok()) << plan.status().to_string();
  EXPECT_EQ(plan->ranges, pipeline_.plan(7).ranges);
  ASSERT_EQ(text(second.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(second.finish(8)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

TEST_F(PostgresAppend, RowsOfTheNextEpochWaitUntilThisOneIsCommitted) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(0)), "ok");
  ASSERT_EQ(text(pipeline_.prepare(0)), "ok");
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(1)), "ok");
  ASSERT_TRUE(pipeline_.commit(0).ok());
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a"}));
  ASSERT_EQ(text(pipeline_.prepare(1)), "ok");
  ASSERT_TRUE(pipeline_.commit(1).ok());
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

TEST_F(PostgresAppend, AnEpochWithoutRowsStillMovesTheProgress) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.finish(0)), "ok");
  EXPECT_EQ(database_.value("SELECT epoch FROM laketide.progress"), "0");
}

// Dead versions of the one row would otherwise fill page after page: hundreds of epochs a second may put it forward.
TEST_F(PostgresAppend, TheProgressDoesNotGrowWithEpochs) {
  const auto patience = Wait::for_at_most(std::chrono::seconds(60));
  pipeline_.start();
  for (int64_t epoch = 0; epoch < 100; ++epoch) {
    EpochPlan plan = pipeline_.plan(epoch);
    for (int partition = 0; partition < 8; ++partition) plan.last_records[{"events", "events", partition}] = {RecordOffset(epoch), 0, 0};
    ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
    ASSERT_EQ(text(pipeline_.end(epoch)), "ok");
    ASSERT_EQ(text(pipeline_.sink().prepare(plan, {}, patience)), "ok");
    ASSERT_EQ(text(pipeline_.sink().commit(plan, patience)), "ok");
  }
  // A neighbour that looks at it in that moment may keep one version alive.
  EXPECT_LE(std::stoi(database_.value("SELECT pg_relation_size('laketide.progress') / current_setting('block_size')::int")), 2);
}

TEST_F(PostgresAppend, AnEpochThatTheSinkHasIsNotWrittenAgain) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  auto first = pipeline_.finish(0);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(pipeline_.commit(0)->id, first->id);
  Pipeline second(database_, {target()}, schema());
  second.start();
  ASSERT_EQ(text(second.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(second.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a"}));
  ASSERT_EQ(text(second.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(second.finish(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

TEST_F(PostgresAppend, AnAbandonedEpochLeavesNothing) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(0)), "ok");
  ASSERT_EQ(text(pipeline_.prepare(0)), "ok");
  pipeline_.abandon(0);
  EXPECT_EQ(database_.value("SELECT epoch IS NULL FROM laketide.progress"), "t");
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"2|b"}));
}

TEST_F(PostgresAppend, AbandoningTheNextEpochKeepsThePreparedOne) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(0)), "ok");
  ASSERT_EQ(text(pipeline_.prepare(0)), "ok");
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "lost"]])"))), "ok");
  pipeline_.abandon(1);
  ASSERT_TRUE(pipeline_.commit(0).ok());
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

TEST_F(PostgresAppend, AWriterOfAnAbandonedEpochIsOver) {
  pipeline_.start();
  auto old = pipeline_.sink().open(pipeline_.context());
  ASSERT_TRUE(old.ok());
  pipeline_.abandon(0);
  auto step = (*old)->write(rows_of(schema(), R"([[1, "a"]])"), pipeline_.rejects());
  ASSERT_FALSE(step.ok());
  EXPECT_TRUE(step.status().is_cancelled());
}

TEST_F(PostgresAppend, WhatWritersLeftThatEndedNoEpochIsDropped) {
  pipeline_.start();
  // Enough for chunks that are on the server before the writer goes.
  const std::string wide(1 << 20, 'x');
  for (int row = 0; row < 8; ++row) ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, ")" + wide + R"("]])"))), "ok");
  pipeline_.settle();
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"2|b"}));
}

TEST_F(PostgresAppend, ACommitWhoseAnswerIsLostIsFoundDone) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(0)), "ok");
  ASSERT_EQ(text(pipeline_.prepare(0)), "ok");
  ASSERT_TRUE(Failpoint::arm("postgres.commit.sent=cut").ok());
  auto commit = pipeline_.commit(0);
  ASSERT_TRUE(commit.ok()) << commit.status().to_string();
  EXPECT_EQ(commit->rows, 1);
  EXPECT_EQ(commit->id, database_.value("SELECT xmin FROM laketide.progress"));
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

TEST_F(PostgresAppend, ACommitThatNeverArrivedIsFoundMissingAndRunAgain) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(0)), "ok");
  ASSERT_EQ(text(pipeline_.prepare(0)), "ok");
  ASSERT_TRUE(Failpoint::arm("postgres.commit.sent=lose").ok());
  auto commit = pipeline_.commit(0);
  ASSERT_FALSE(commit.ok());
  EXPECT_EQ(commit.status().code(), "epoch_lost");
  EXPECT_TRUE(commit.status().retryable());
  EXPECT_EQ(database_.rows(kRows), Rows{});
  EXPECT_FALSE(pipeline_.start().epoch);
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a"}));
}

TEST_F(PostgresAppend, AFailureAfterTheCommitWasSentIsReadBackByTheNextCall) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.end(0)), "ok");
  ASSERT_EQ(text(pipeline_.prepare(0)), "ok");
  ASSERT_TRUE(Failpoint::arm("postgres.commit.sent=error").ok());
  EXPECT_EQ(pipeline_.commit(0).status().code(), "failpoint");
  auto again = pipeline_.commit(0);
  ASSERT_TRUE(again.ok()) << again.status().to_string();
  EXPECT_EQ(again->rows, 1);
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a"}));
}

TEST_F(PostgresAppend, ALostConnectionInTheMiddleOfAnEpochIsToldToTheWritersAndLosesTheEpochOnly) {
  const PostgresTarget other{.id = "postgres:public.u", .table = "public.u"};
  Pipeline pipeline(database_, {target(), other}, schema());
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  ASSERT_TRUE(Failpoint::arm("postgres.copy=cut@2").ok());  // the first begins the transaction
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[2, "b"]])"), 0)), "ok");
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[2, "b"]])"), 1)), "ok");
  auto failed = pipeline.finish(1);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.status().code(), "postgres_unavailable");
  EXPECT_TRUE(failed.status().retryable());
  EXPECT_EQ(pipeline.write(rows_of(schema(), R"([[3, "c"]])")).code(), "postgres_unavailable");
  EXPECT_EQ(pipeline.start().epoch, EpochId(0));
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline.finish(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

TEST_F(PostgresAppend, AConnectionThatIsLostWhileTheFirstRowsOfAnEpochAreCopiedIsReplacedWithoutAWord) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(0)), "ok");
  ASSERT_TRUE(Failpoint::arm("postgres.copy=cut").ok());
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

TEST_F(PostgresAppend, AConnectionThatDiedBetweenEpochsIsReplacedWithoutAWord) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(0)), "ok");
  database_.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'laketide/%'");
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b"}));
}

// A crash at any place between two durable steps: the process that comes after finds all of the epoch or nothing of it.
class PostgresCrash : public PostgresAppend, public testing::WithParamInterface<const char*> {};

TEST_P(PostgresCrash, LeavesTheWholeEpochOrNothing) {
  pipeline_.start();
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline_.finish(0)), "ok");
  ASSERT_TRUE(Failpoint::arm(std::string(GetParam()) + "=error").ok());
  ASSERT_EQ(text(pipeline_.write(rows_of(schema(), R"([[2, "b"], [3, "c"]])"))), "ok");
  ASSERT_FALSE(pipeline_.finish(1).ok()) << GetParam();

  Pipeline next(database_, {target()}, schema());
  const Progress found = next.start();
  ASSERT_TRUE(found.epoch);
  const bool whole = *found.epoch == EpochId(1);
  EXPECT_EQ(database_.rows(kRows), whole ? (Rows{"1|a", "2|b", "3|c"}) : (Rows{"1|a"}));
  if (!whole) {
    ASSERT_EQ(text(next.write(rows_of(schema(), R"([[2, "b"], [3, "c"]])"))), "ok");
    ASSERT_EQ(text(next.finish(1)), "ok");
  }
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|b", "3|c"}));
}
INSTANTIATE_TEST_SUITE_P(EachStep, PostgresCrash,
                         testing::Values("postgres.copy", "postgres.prepare.before", "postgres.prepare.after", "postgres.commit.before",
                                         "postgres.commit.sent", "postgres.commit.after"));

TEST_F(PostgresAppend, ACrashRoundTheClaimLeavesAClaimThatCanBeRepeated) {
  for (const char* place : {"postgres.claim.before", "postgres.claim.after"}) {
    ASSERT_TRUE(Failpoint::arm(std::string(place) + "=error").ok());
    auto claimed = pipeline_.sink().claim(Wait::for_at_most(std::chrono::seconds(30)));
    EXPECT_EQ(claimed.status().code(), "failpoint");
  }
  EXPECT_EQ(pipeline_.start().generation, Generation(2));  // the second attempt had raised it
}

TEST_F(PostgresAppend, AFullQueueBlocksTheWriterUntilTheServerHasTakenRows) {
  auto options = Pipeline::options_for(database_, {target()});
  options.queue_bytes_max = 64 << 10;
  Pipeline narrow(options, {schema()});
  narrow.start();
  const auto batch = rows_of(schema(), R"([[1, ")" + std::string(40 << 10, 'x') + R"("]])");
  for (int row = 0; row < 64; ++row) ASSERT_EQ(text(narrow.write(batch)), "ok");
  auto commit = narrow.finish(0);
  ASSERT_TRUE(commit.ok()) << commit.status().to_string();
  EXPECT_EQ(commit->rows, 64);
  EXPECT_GT(narrow.wakes(), 0);
  EXPECT_EQ(database_.value("SELECT count(*), sum(length(name)) FROM t"), "64|" + std::to_string(64 * (40 << 10)));
}

TEST_F(PostgresAppend, LanesWriteAtOnceWhileTheServerTakesTheirRows) {
  constexpr int kLanes = 3;
  constexpr int kBatches = 150;
  auto options = Pipeline::options_for(database_, {target()});
  options.queue_bytes_max = 64 << 10;
  Pipeline narrow(options, {schema()});
  narrow.start();
  const std::string filler(200, 'x');
  std::vector<std::string> outcomes(kLanes);
  StagedList staged(kLanes);
  std::vector<std::thread> lanes;
  for (int lane = 0; lane < kLanes; ++lane) {
    lanes.emplace_back([&, lane] {
      const auto woken = std::make_shared<Signal>();
      Rejects rejects;
      Context context;
      context.lane = lane;
      context.wake = [woken] { woken->notify(); };
      auto writer = narrow.sink().open(context);
      for (int part = 0; writer.ok() && part < kBatches;) {
        const auto id = std::to_string(lane * kBatches + part);
        auto step = (*writer)->write(rows_of(schema(), "[[" + id + ", \"" + filler + "\"], [" + id + ", null]]"), rejects);
        if (!step.ok()) {
          outcomes[lane] = text(step);
          return;
        }
        if (*step == Step::kReady) {
          ++part;
        } else {
          woken->wait(std::chrono::steady_clock::now() + std::chrono::seconds(30));
        }
      }
      outcomes[lane] = text((*writer)->end_epoch(EpochId(0), staged[lane], rejects));
    });
  }
  for (auto& lane : lanes) lane.join();
  EXPECT_EQ(outcomes, (std::vector<std::string>(kLanes, "ok")));
  EXPECT_EQ(staged[1]->rows(), 2 * kBatches);
  ASSERT_EQ(text(narrow.finish(0)), "ok");
  const int ids = kLanes * kBatches;
  EXPECT_EQ(database_.value("SELECT count(*), count(name), count(DISTINCT id), sum(id) FROM t"),
            std::to_string(2 * ids) + "|" + std::to_string(ids) + "|" + std::to_string(ids) + "|" + std::to_string(ids * (ids - 1)));
}

TEST_F(PostgresAppend, ALaneThatIsAheadCannotShutOutTheOneThatIsBehind) {
  auto options = Pipeline::options_for(database_, {target()});
  options.queue_bytes_max = 64 << 10;
  Pipeline narrow(options, {schema()});
  narrow.start();
  auto ahead = narrow.sink().open(narrow.context());
  ASSERT_TRUE(ahead.ok());
  std::unique_ptr<Staged> staged;
  ASSERT_EQ(*(*ahead)->end_epoch(EpochId(0), staged, narrow.rejects()), Step::kDone);
  const auto batch = rows_of(schema(), R"([[2, ")" + std::string(40 << 10, 'x') + R"("]])");
  int taken = 0;
  while (*(*ahead)->write(batch, narrow.rejects()) == Step::kReady) ++taken;
  EXPECT_EQ(narrow.context().blocked, BlockReason::kSinkQueueFull);
  EXPECT_EQ(taken, 1);
  ASSERT_EQ(text(narrow.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(narrow.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a"}));
}

TEST_F(PostgresAppend, LanesThatHaveEndedDoNotShutOutOneThatHasNot) {
  auto options = Pipeline::options_for(database_, {target()});
  options.queue_bytes_max = 64 << 10;
  Pipeline narrow(options, {schema()});
  narrow.start();
  const auto row = [](int id) { return rows_of(schema(), "[[" + std::to_string(id) + ", \"" + std::string(6 << 10, 'x') + "\"]]"); };
  std::vector<std::unique_ptr<Writer>> ended;
  std::vector<std::unique_ptr<Staged>> staged;
  for (int lane = 0; lane < 6; ++lane) {  // more than half of the queue together, none with a chunk that is full
    ended.push_back(*narrow.sink().open(narrow.context()));
    ASSERT_EQ(*ended.back()->write(row(lane), narrow.rejects()), Step::kReady);
    ASSERT_EQ(*ended.back()->end_epoch(EpochId(0), staged.emplace_back(), narrow.rejects()), Step::kDone);
  }
  ASSERT_EQ(*narrow.writer().write(row(6), narrow.rejects()), Step::kBlocked);
  ASSERT_EQ(text(narrow.write(row(6))), "ok");
  ASSERT_EQ(text(narrow.finish(0)), "ok");
  EXPECT_EQ(database_.value("SELECT count(*), sum(id) FROM t"), "7|21");
}

TEST_F(PostgresAppend, WhatIsLeftAtTheEndIsCopiedWhenTheEpochIsPrepared) {
  const auto metrics = make_metrics();
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.context().metrics = metrics;
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  ASSERT_EQ(text(pipeline.end(0)), "ok");
  pipeline.settle();
  const std::string copied = "laketide_postgres_copied_rows_total{sink=\"" + target().id + "\"} ";
  EXPECT_NE(metrics->text().find(copied + "0\n"), std::string::npos) << metrics->text();
  ASSERT_EQ(text(pipeline.prepare(0)), "ok");
  EXPECT_NE(metrics->text().find(copied + "1\n"), std::string::npos) << metrics->text();
}

TEST_F(PostgresAppend, CountsWhatItSendsToTheServer) {
  const auto metrics = make_metrics();
  {
    Pipeline pipeline(database_, {target()}, schema());
    pipeline.context().metrics = metrics;
    pipeline.context().labels = {{"pipeline", "p"}};
    pipeline.start();
    ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "a"], [2, null]])"))), "ok");
    ASSERT_EQ(text(pipeline.finish(0)), "ok");
    const std::string seen = metrics->text();
    const std::string labels = R"({pipeline="p",sink=")" + target().id + "\"} ";
    EXPECT_NE(seen.find("laketide_postgres_copied_rows_total" + labels + "2\n"), std::string::npos) << seen;
    // Each row: how many columns, and each cell's length before it; NULL has a length only.
    EXPECT_NE(seen.find("laketide_postgres_copied_bytes_total" + labels + std::to_string((2 + 12 + 5) + (2 + 12 + 4)) + "\n"), std::string::npos) << seen;
    EXPECT_NE(seen.find("laketide_postgres_copy_seconds_total" + labels), std::string::npos) << seen;
    EXPECT_NE(seen.find("laketide_postgres_commit_seconds_count{pipeline=\"p\"} 1\n"), std::string::npos) << seen;
  }
  EXPECT_EQ(metrics->text(), "") << "gone with the sink";
}

}  // namespace
}  // namespace laketide::append_test
