// Rows the server refuses: found among the others, kept with their bytes, in the epoch's own transaction.
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "sinks/postgres/pipeline.h"

namespace laketide::refused_rows_test {
namespace {

using Rows = std::vector<std::string>;

Schema schema() { return arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8())}); }
PostgresTarget target(const std::string& name = "t") { return {.id = name, .table = name}; }
constexpr const char* kRows = "SELECT * FROM t ORDER BY id";
constexpr const char* kQuarantine = "SELECT partition, \"offset\", code FROM laketide.quarantine ORDER BY 1, 2";

// Keys "k<offset>", values "v<offset>"; what is below `first` is gone.
PostgresSinkOptions::Lookup lookup_from(int64_t first) {
  return [first](const SourcePartition& at, RecordOffset offset, const Wait&) -> Result<std::optional<Reject>> {
    if (offset.value < first) return std::optional<Reject>();
    Reject record;
    record.source = at.source;
    record.topic = at.topic;
    record.partition = at.partition;
    record.offset = offset;
    record.timestamp_ms = 1'700'000'000'123;
    record.key = "k" + std::to_string(offset.value);
    record.value = "v" + std::to_string(offset.value) + std::string("\0\xff", 2);
    record.headers = {{"h", "text"}, {"b", std::string("\0\xff\x10", 3)}, {"n", std::nullopt}};
    return std::optional(record);
  };
}

class PostgresRefused : public testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
  PostgresSinkOptions options(int64_t first = 0) {
    auto options = Pipeline::options_for(database_, {target()});
    options.lookup = lookup_from(first);
    return options;
  }
  Database database_;
};

TEST_F(PostgresRefused, RowsOfSeveralKindsInTheMiddleOfAChunkGoToQuarantineAndTheOthersIn) {
  database_.run(R"(CREATE TABLE parent (id bigint PRIMARY KEY); INSERT INTO parent SELECT generate_series(0, 999);
                   CREATE TABLE t (id bigint PRIMARY KEY CHECK (id <> 3), name varchar(5) NOT NULL,
                                   parent bigint REFERENCES parent, small numeric(3, 1)))");
  const auto wide = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
                                   arrow::field("parent", arrow::int64()), arrow::field("small", arrow::decimal128(6, 1))});
  Pipeline pipeline(options(), {wide});
  pipeline.start();
  std::string rows = "[";
  for (int id = 0; id < 1000; ++id) rows += (id == 0 ? "[" : ", [") + std::to_string(id) + R"(, "n", 1, "1.5"])";
  rows += R"(, [999, "twice", 1, null], [1001, "toolong", 1, null], [1002, null, 1, null], [1003, "n", 5000, null],
              [1004, "n", 1, "1000.5"], [1005, "last", 1, "99.9"]])";
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(wide, rows), 4, 0))), "ok");
  auto commit = pipeline.finish(0);
  ASSERT_EQ(text(commit), "ok");
  EXPECT_EQ(commit->rows, 1000);
  EXPECT_EQ(commit->quarantined, 6);
  EXPECT_EQ(database_.value("SELECT count(*), sum(id), max(name) FROM t"), "1000|" + std::to_string(999 * 500 - 3 + 1005) + "|n");
  EXPECT_EQ(database_.rows(kQuarantine),
            (Rows{"4|3|check_violation", "4|1000|unique_violation", "4|1001|string_data_right_truncation", "4|1002|not_null_violation",
                  "4|1003|foreign_key_violation", "4|1004|numeric_value_out_of_range"}));
}

TEST_F(PostgresRefused, TheQuarantineHasTheRecordAsItStandsInKafka) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
  Pipeline pipeline(options(), {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "a"], [1, "b"]])"), 2, 40))), "ok");
  ASSERT_EQ(text(pipeline.finish(3)), "ok");
  EXPECT_EQ(database_.rows("SELECT pipeline, epoch, source, topic, partition, \"offset\", \"timestamp\" AT TIME ZONE 'UTC', key, value, "
                           "headers, stage, code FROM laketide.quarantine"),
            (Rows{R"(p|3|events|events|2|41|2023-11-14 22:13:20.123|\x6b3431|\x76343100ff|)"
                  R"([{"key": "h", "value": "text"}, {"key": "b", "base64": "AP8Q"}, {"key": "n", "value": null}]|write|unique_violation)"}));
  EXPECT_EQ(database_.value("SELECT reason FROM laketide.quarantine"),
            "duplicate key value violates unique constraint \"t_pkey\"; Key (id)=(1) already exists.");
}

TEST_F(PostgresRefused, ARecordThatIsGoneLeavesItsPlaceAndReason) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
  Pipeline pipeline(options(100), {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "a"], [1, "b"]])"), 2, 40))), "ok");
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  EXPECT_EQ(database_.rows("SELECT topic, partition, \"offset\", key, value, code, reason LIKE 'duplicate%' FROM laketide.quarantine"),
            (Rows{"events|2|41|NULL|NULL|bytes_gone|t"}));
}

TEST_F(PostgresRefused, ARowWithoutPlaceIsKeptByItsReason) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
  Pipeline pipeline(options(), {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[1, "a"], [1, "b"]])"))), "ok");
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  EXPECT_EQ(database_.rows("SELECT source, partition, \"offset\", key, code FROM laketide.quarantine"),
            (Rows{"NULL|NULL|NULL|NULL|unique_violation"}));
}

TEST_F(PostgresRefused, ABrokerThatIsAwayIsNotARecordThatIsGone) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
  auto with_broker = options();
  with_broker.lookup = [](const SourcePartition&, RecordOffset, const Wait&) -> Result<std::optional<Reject>> {
    return Status::external("broker_away", "no broker");
  };
  Pipeline pipeline(with_broker, {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "a"], [1, "b"]])"), 2, 40))), "ok");
  EXPECT_EQ(pipeline.finish(0).status().code(), "broker_away");
  EXPECT_EQ(database_.rows(kRows), Rows{});
}

TEST_F(PostgresRefused, ManyRefusedRowsBearTheirEpochsNumber) {
  database_.run("CREATE TABLE t (id bigint CHECK (id % 2 = 0), name text)");
  auto with_small_queue = options();
  with_small_queue.queue_bytes_max = 64 << 10;  // chunks go out before the epoch has a number
  Pipeline pipeline(with_small_queue, {schema()});
  pipeline.start();
  for (int part = 0; part < 10; ++part) {
    std::string rows = "[";
    for (int row = 0; row < 200; ++row) {
      rows += (row == 0 ? "[" : ", [") + std::to_string(part * 200 + row) + R"(, "a long enough name that fills a chunk"])";
    }
    ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), rows + "]"), 0, part * 200))), "ok");
  }
  pipeline.settle();
  auto commit = pipeline.finish(9);
  ASSERT_EQ(text(commit), "ok");
  EXPECT_EQ(commit->rows, 1000);
  EXPECT_EQ(commit->quarantined, 1000);
  EXPECT_EQ(database_.rows("SELECT epoch, count(*), count(DISTINCT \"offset\"), bool_and(\"offset\" % 2 = 1) FROM laketide.quarantine "
                           "GROUP BY epoch"),
            (Rows{"9|1000|1000|t"}));
  EXPECT_EQ(database_.value("SELECT count(*), count(DISTINCT id), bool_and(id % 2 = 0) FROM t"), "1000|1000|t");
}

TEST_F(PostgresRefused, RefusedRowsOfALostEpochAreLostWithItAndComeBackWithTheReplay) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
  Pipeline pipeline(options(), {schema()});
  pipeline.start();
  const auto rows = with_place(rows_of(schema(), R"([[1, "a"], [1, "b"], [2, "c"]])"), 2, 40);
  ASSERT_EQ(text(pipeline.write(rows)), "ok");
  ASSERT_TRUE(Failpoint::arm("postgres.commit.sent=lose").ok());
  EXPECT_EQ(pipeline.finish(0).status().code(), "epoch_lost");
  EXPECT_EQ(database_.rows(kQuarantine), Rows{});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(rows)), "ok");
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kQuarantine), (Rows{"2|41|unique_violation"}));
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a", "2|c"}));
}

TEST_F(PostgresRefused, ThePolicyDecidesWhetherTheyAreKeptDroppedOrFatal) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, name text)");
  auto dropping = options();
  dropping.refused = PostgresSinkOptions::Refused::kDrop;
  const auto rows = with_place(rows_of(schema(), R"([[1, "a"], [1, "b"]])"), 2, 40);
  {
    Pipeline pipeline(dropping, {schema()});
    pipeline.start();
    ASSERT_EQ(text(pipeline.write(rows)), "ok");
    EXPECT_EQ(pipeline.finish(0)->quarantined, 1);
  }
  EXPECT_EQ(database_.rows(kQuarantine), Rows{});
  auto failing = options();
  failing.refused = PostgresSinkOptions::Refused::kFail;
  Pipeline pipeline(failing, {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(rows)), "ok");
  const Status failed = pipeline.finish(1).status();
  EXPECT_EQ(failed.code(), "bad_record");
  EXPECT_NE(failed.detail().find("partition 2, offset 40"), std::string::npos) << failed.to_string();
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a"}));
}

TEST_F(PostgresRefused, ADeferredConstraintIsAskedBeforeTheCommitAndTheRowIsFound) {
  database_.run(R"(CREATE TABLE parent (id bigint PRIMARY KEY); INSERT INTO parent VALUES (1);
                   CREATE TABLE t (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED, name text,
                                   parent bigint REFERENCES parent DEFERRABLE INITIALLY DEFERRED))");
  const auto wide = arrow::schema({arrow::field("id", arrow::int64()), arrow::field("parent", arrow::int64())});
  Pipeline pipeline(options(), {wide});
  pipeline.start();
  std::string rows = "[";
  for (int id = 0; id < 300; ++id) rows += (id == 0 ? "[" : ", [") + std::to_string(id == 200 ? 100 : id) + (id == 50 ? ", 77]" : ", 1]");
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(wide, rows + "]"), 0, 1000))), "ok");
  ASSERT_EQ(text(pipeline.end(0)), "ok");
  ASSERT_EQ(text(pipeline.prepare(0)), "ok");
  auto commit = pipeline.commit(0);
  ASSERT_EQ(text(commit), "ok");
  EXPECT_EQ(commit->rows, 298);
  EXPECT_EQ(commit->quarantined, 2);
  EXPECT_EQ(database_.rows(kQuarantine), (Rows{"0|1050|foreign_key_violation", "0|1200|unique_violation"}));
  EXPECT_EQ(database_.value("SELECT count(*), count(DISTINCT id), sum(id) FROM t"), "298|298|" + std::to_string(299 * 150 - 200 - 50));
  // The next epoch is written as if nothing had been.
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(wide, "[[500, 1]]"), 0, 2000))), "ok");
  EXPECT_EQ(pipeline.finish(1)->rows, 1);
}

TEST_F(PostgresRefused, RowsMayReferToRowsOfAnotherSinkOfTheEpoch) {
  database_.run(R"(CREATE TABLE u (id bigint PRIMARY KEY, name text);
                   CREATE TABLE t (id bigint REFERENCES u DEFERRABLE INITIALLY DEFERRED, name text))");
  auto two = options();
  two.targets = {target("t"), target("u")};
  Pipeline pipeline(two, {schema(), schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "child"], [9, "orphan"], [2, "child"]])"), 0, 0), 0)), "ok");
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "parent"], [2, "parent"]])"), 0, 0), 1)), "ok");
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|child", "2|child"}));
  EXPECT_EQ(database_.rows(kQuarantine), (Rows{"0|1|foreign_key_violation"}));
}

// Of a trigger: each id once, which is only found out at the end.
constexpr const char* kNote = R"(CREATE TABLE log (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED);
                                 CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
                                   $$ BEGIN INSERT INTO public.log VALUES (NEW.id); RETURN NEW; END $$)";

TEST_F(PostgresRefused, AConstraintThatNobodyCanTraceFailsTheEpochByName) {
  database_.run(kNote);
  database_.run("CREATE TABLE t (id bigint, name text); CREATE TRIGGER note AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION note()");
  Pipeline pipeline(options(), {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "a"], [1, "b"]])"), 0, 0))), "ok");
  const Status failed = pipeline.finish(0).status();
  EXPECT_EQ(failed.code(), "deferred_constraint");
  EXPECT_FALSE(failed.retryable());
  EXPECT_EQ(database_.rows(kRows), Rows{});
}

TEST_F(PostgresRefused, AConstraintBehindAPartitionsTriggerFailsTheEpochByNameBeforeItsCommit) {
  database_.run(kNote);
  database_.run(R"(CREATE TABLE t (id bigint, name text) PARTITION BY RANGE (id);
                   CREATE TABLE t_all PARTITION OF t DEFAULT;
                   CREATE TRIGGER note AFTER INSERT ON t_all FOR EACH ROW EXECUTE FUNCTION note())");
  Pipeline pipeline(options(), {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "a"], [1, "b"]])"), 0, 0))), "ok");
  ASSERT_EQ(text(pipeline.end(0)), "ok");
  EXPECT_EQ(pipeline.prepare(0).code(), "deferred_constraint");
  EXPECT_EQ(database_.rows(kRows), Rows{});
}

// What opens the transaction is refused as rows are, by a check. It is no row's fault.
TEST_F(PostgresRefused, ProgressThatIsRefusedFailsTheEpochAndBlamesNoRow) {
  Pipeline pipeline(options(), {schema()});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[1, "a"]])"), 0, 0))), "ok");
  ASSERT_EQ(text(pipeline.finish(0)), "ok");
  database_.run("ALTER TABLE laketide.progress ADD CONSTRAINT no_more CHECK (epoch < 1)");
  ASSERT_EQ(text(pipeline.write(with_place(rows_of(schema(), R"([[2, "b"], [3, "c"]])"), 0, 1))), "ok");
  const Status failed = pipeline.finish(1).status();
  EXPECT_NE(failed.to_string().find("no_more"), std::string::npos) << failed.to_string();
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|a"}));
  EXPECT_EQ(database_.rows(kQuarantine), Rows{});
}

// What the binary form cannot carry never reaches the server: it is a reject of the pipeline, with its place.
TEST_F(PostgresRefused, WhatCannotBeEncodedIsRejectedWithItsPlace) {
  const auto one = arrow::schema({arrow::field("name", arrow::utf8())});
  Pipeline pipeline(options(), {one});
  pipeline.start();
  const auto rows = bytes_of("name", {"good", std::string("a\0b", 3), "\xff\xfe", "\xc3", "\xa4", "ä"}, true);
  ASSERT_EQ(text(pipeline.write(with_place(rows, 3, 10))), "ok");
  std::vector<std::string> seen;
  for (const Reject& reject : pipeline.rejects().take()) {
    EXPECT_EQ(reject.stage, RejectStage::kWrite);
    EXPECT_EQ(reject.source + "/" + reject.topic, "events/events");
    seen.push_back(std::to_string(reject.partition) + ":" + std::to_string(reject.offset.value) + " " + reject.code);
  }
  EXPECT_EQ(seen, (Rows{"3:11 zero_byte", "3:12 invalid_utf8", "3:13 invalid_utf8", "3:14 invalid_utf8"}));
  EXPECT_EQ(pipeline.finish(0)->rows, 2);
  EXPECT_EQ(database_.rows("SELECT name FROM t ORDER BY name"), (Rows{"good", "ä"}));
}

// All bytes of the column together are valid: the look at the whole of it must not be the only one.
TEST_F(PostgresRefused, CharacterThatIsCutBetweenTwoRowsIsRejectedInBoth) {
  const auto one = arrow::schema({arrow::field("name", arrow::utf8())});
  Pipeline pipeline(options(), {one});
  pipeline.start();
  ASSERT_EQ(text(pipeline.write(with_place(bytes_of("name", {"eight bytes", "\xc3", "\xa4"}, true), 3, 10))), "ok");
  std::vector<std::string> seen;
  for (const Reject& reject : pipeline.rejects().take()) seen.push_back(std::to_string(reject.offset.value) + " " + reject.code);
  EXPECT_EQ(seen, (Rows{"11 invalid_utf8", "12 invalid_utf8"}));
  EXPECT_EQ(pipeline.finish(0)->rows, 1);
  EXPECT_EQ(database_.rows("SELECT name FROM t"), (Rows{"eight bytes"}));
}

}  // namespace
}  // namespace laketide::refused_rows_test
