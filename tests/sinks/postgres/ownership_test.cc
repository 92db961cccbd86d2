// Who owns a sink's progress, and several sinks in one transaction.
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "sinks/postgres/pipeline.h"

namespace laketide::ownership_test {
namespace {

using Rows = std::vector<std::string>;

Schema schema() { return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())}); }
PostgresTarget target(const std::string& name) { return {.id = name, .table = "public." + name}; }
Wait patience() { return Wait::for_at_most(std::chrono::seconds(60)); }
constexpr const char* kRows = "SELECT * FROM t ORDER BY id";

class PostgresOwnership : public testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
  Database database_;
};

TEST_F(PostgresOwnership, AnOlderOwnerIsFencedAndWritesNothing) {
  Pipeline old(database_, {target("t")}, schema());
  Pipeline young(database_, {target("t")}, schema());
  old.start();
  ASSERT_EQ(text(old.write(rows_of(schema(), R"([[1, "old"]])"))), "ok");
  ASSERT_EQ(text(old.finish(0)), "ok");
  EXPECT_EQ(young.start().epoch, EpochId(0));
  ASSERT_EQ(text(old.write(rows_of(schema(), R"([[2, "old"]])"))), "ok");
  auto late = old.finish(1);
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(late.status().is_fenced()) << late.status().to_string();
  ASSERT_EQ(text(young.write(rows_of(schema(), R"([[2, "young"]])"))), "ok");
  ASSERT_EQ(text(young.finish(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|old", "2|young"}));
}

TEST_F(PostgresOwnership, AnOwnerThatFreezesWithAPreparedEpochIsEndedByTheNext) {
  Pipeline frozen(database_, {target("t")}, schema());
  frozen.start();
  ASSERT_EQ(text(frozen.write(rows_of(schema(), R"([[1, "frozen"]])"))), "ok");
  ASSERT_EQ(text(frozen.end(0)), "ok");
  ASSERT_EQ(text(frozen.prepare(0)), "ok");
  Pipeline next(database_, {target("t")}, schema());
  const Progress progress = next.start();
  EXPECT_EQ(progress.generation, Generation(2));
  EXPECT_FALSE(progress.epoch);
  ASSERT_EQ(text(next.write(rows_of(schema(), R"([[1, "next"]])"))), "ok");
  ASSERT_EQ(text(next.finish(0)), "ok");
  auto late = frozen.commit(0);
  ASSERT_FALSE(late.ok());
  EXPECT_TRUE(late.status().is_fenced()) << late.status().to_string();
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|next"}));
}

TEST_F(PostgresOwnership, AForeignHolderOfTheRowIsNamedAndLeftAlone) {
  Pipeline pipeline(database_, {target("t")}, schema());
  pipeline.start();
  Client other(database_.url(), "laketide%2Fp%2Ftt");  // not the very name laketide/p/t
  other.run("BEGIN; SELECT FROM laketide.progress FOR UPDATE");
  auto claimed = pipeline.sink().claim(patience());
  ASSERT_FALSE(claimed.ok());
  EXPECT_EQ(claimed.status().code(), "progress_locked");
  EXPECT_TRUE(claimed.status().retryable());
  EXPECT_NE(claimed.status().detail().find("laketide/p/tt"), std::string::npos) << claimed.status().to_string();
  EXPECT_TRUE(other.alive());
  other.run("ROLLBACK");
  EXPECT_EQ(pipeline.start().generation, Generation(2));
}

TEST_F(PostgresOwnership, AHolderThatBearsTheSinksNameIsEnded) {
  Pipeline pipeline(database_, {target("t")}, schema());
  pipeline.start();
  Client frozen(database_.url(), "laketide%2Fp%2Ft");
  frozen.run("BEGIN; SELECT FROM laketide.progress FOR UPDATE");
  EXPECT_EQ(pipeline.start().generation, Generation(2));
  EXPECT_FALSE(frozen.alive());
}

TEST_F(PostgresOwnership, ABackendBearsTheNameOfItsPipelineAndSink) {
  Pipeline pipeline(database_, {target("t")}, schema());
  pipeline.start();
  EXPECT_EQ(database_.value("SELECT application_name FROM pg_stat_activity WHERE application_name LIKE 'laketide/%'"), "laketide/p/t");
}

TEST_F(PostgresOwnership, SinksOfOneUrlCommitTogetherOrNotAtAll) {
  Pipeline pipeline(database_, {target("t"), target("u")}, schema());
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "a"]])"), 0)), "ok");
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "A"], [2, "B"]])"), 1)), "ok");
  ASSERT_EQ(text(pipeline.end(0)), "ok");
  ASSERT_EQ(text(pipeline.prepare(0)), "ok");
  auto first = pipeline.sink(0).commit(pipeline.plan(0), patience());
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(database_.rows("SELECT sink, epoch FROM laketide.progress ORDER BY sink"), (Rows{"t|0", "u|0"}));
  EXPECT_EQ(database_.rows("SELECT * FROM u ORDER BY id"), (Rows{"1|A", "2|B"}));
  auto second = pipeline.sink(1).commit(pipeline.plan(0), patience());
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(first->rows, 1);
  EXPECT_EQ(second->rows, 2);

  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[3, "c"]])"), 0)), "ok");
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[3, "C"]])"), 1)), "ok");
  ASSERT_EQ(text(pipeline.end(1)), "ok");
  ASSERT_EQ(text(pipeline.prepare(1)), "ok");
  ASSERT_TRUE(Failpoint::arm("postgres.commit.sent=lose").ok());
  EXPECT_EQ(pipeline.commit(1).status().code(), "epoch_lost");
  EXPECT_EQ(database_.rows("SELECT sink, epoch FROM laketide.progress ORDER BY sink"), (Rows{"t|0", "u|0"}));
  EXPECT_EQ(database_.value("SELECT (SELECT count(*) FROM t) + (SELECT count(*) FROM u)"), "3");
}

TEST_F(PostgresOwnership, ASinkAddedLaterTakesNoPartInAnEpochPlannedBefore) {
  {
    Pipeline one(database_, {target("t")}, schema());
    one.start();
    ASSERT_EQ(text(one.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
    ASSERT_EQ(text(one.finish(0)), "ok");
  }
  Pipeline two(database_, {target("t"), target("u")}, schema());
  two.start();
  ASSERT_EQ(text(two.write(rows_of(schema(), R"([[2, "b"]])"), 0)), "ok");
  ASSERT_EQ(text(two.end(1)), "ok");
  EpochPlan planned = two.plan(1);
  planned.sinks = {"t"};
  ASSERT_TRUE(two.sink(0).prepare(planned, {}, patience()).ok());
  ASSERT_TRUE(two.sink(0).commit(planned, patience()).ok());
  EXPECT_EQ(database_.rows("SELECT sink, epoch FROM laketide.progress ORDER BY sink"), (Rows{"t|1", "u|NULL"}));
}

TEST_F(PostgresOwnership, ProgressChangedBehindOurBackEndsTheEpoch) {
  Pipeline pipeline(database_, {target("t")}, schema());
  pipeline.start();
  database_.run("UPDATE laketide.progress SET epoch = 5");
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  EXPECT_EQ(pipeline.finish(0).status().code(), "progress_changed");
  database_.run("DELETE FROM laketide.progress");
  pipeline.abandon(0);
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "a"]])"))), "ok");
  EXPECT_EQ(pipeline.finish(0).status().code(), "progress_lost");
  EXPECT_EQ(database_.rows(kRows), Rows{});
}

TEST_F(PostgresOwnership, TheDirectoryOfTheProgressIsConfigurable) {
  auto options = Pipeline::options_for(database_, {target("t")});
  options.schema = "My progress";
  Pipeline pipeline(options, {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  EXPECT_EQ(database_.value(R"(SELECT epoch FROM "My progress".progress)"), "0");
}

TEST_F(PostgresOwnership, AServerThatIsAwayIsAnOutsideFaultAndSecretsStayOutOfIt) {
  auto options = Pipeline::options_for(database_, {target("t")});
  options.url = "jdbc:postgresql://laketide:s3cret@127.0.0.1:1/postgres";
  Pipeline pipeline(options, {schema()});
  auto claimed = pipeline.sink().claim(patience());
  ASSERT_FALSE(claimed.ok());
  EXPECT_EQ(claimed.status().code(), "postgres_unavailable");
  EXPECT_TRUE(claimed.status().retryable());
  EXPECT_EQ(claimed.status().detail().find("s3cret"), std::string::npos);
}

TEST_F(PostgresOwnership, AUserOrDatabaseThatIsNotThereIsTheUsersFault) {
  for (const std::string& end : {std::string("/nowhere"), std::string("/postgres?user=nobody_known")}) {
    auto options = Pipeline::options_for(database_, {target("t")});
    options.url = "jdbc:" + database_.url().substr(0, database_.url().rfind('/')) + end;
    Pipeline pipeline(options, {schema()});
    auto claimed = pipeline.sink().claim(patience());
    ASSERT_FALSE(claimed.ok());
    EXPECT_EQ(claimed.status().code(), "postgres_configuration") << claimed.status().to_string();
    EXPECT_FALSE(claimed.status().retryable());
  }
}

TEST_F(PostgresOwnership, ACopyThatIsStuckEndsWithItsWriters) {
  auto options = Pipeline::options_for(database_, {target("t")});
  options.queue_bytes_max = 64 << 10;
  options.lock_timeout = std::chrono::minutes(10);
  Pipeline pipeline(options, {schema()});
  pipeline.start();
  Client other(database_.url(), "other");
  other.run("BEGIN; LOCK TABLE t");
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, ")" + std::string(40 << 10, 'x') + R"("]])"))), "ok");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (database_.value("SELECT count(*) FROM pg_locks WHERE NOT granted") != "1") ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  pipeline.close_writers();
  pipeline.settle();  // the actor is free again
  other.run("ROLLBACK");
  pipeline.open_writers();
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[2, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"2|b"}));
}

TEST_F(PostgresOwnership, AClaimThatIsToldToStopComesBack) {
  Pipeline pipeline(database_, {target("t")}, schema());
  pipeline.start();
  Client other(database_.url(), "other");
  other.run("BEGIN; SELECT FROM laketide.progress FOR UPDATE");
  const auto begun = std::chrono::steady_clock::now();
  auto claimed = pipeline.sink().claim(Wait::for_at_most(std::chrono::milliseconds(100)));
  ASSERT_FALSE(claimed.ok());
  EXPECT_TRUE(claimed.status().is_cancelled()) << claimed.status().to_string();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
}

}  // namespace
}  // namespace laketide::ownership_test
