// Upserts: which row of a key stays, within an epoch and over epochs, and NULL in the key.
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "flow/change.h"
#include "flow/key_columns.h"
#include "sinks/postgres/pipeline.h"

namespace laketide::upsert_test {
namespace {

using Rows = std::vector<std::string>;
using arrow::field;

PostgresTarget target(std::vector<std::string> key = {"id"}, std::string order_by = {}) {
  return {.id = "t", .table = "t", .mode = PostgresTarget::Mode::kUpsert, .key = std::move(key), .order_by = std::move(order_by)};
}
Schema schema(bool nullable_key = false) {
  return arrow::schema({field("id", arrow::int64(), nullable_key), field("v", arrow::int64()), field("note", arrow::utf8())});
}
constexpr const char* kRows = "SELECT * FROM t ORDER BY id, v";

class PostgresUpsert : public testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
  void write(Pipeline& pipeline, int64_t epoch, const std::vector<Batch>& batches) {
    for (const auto& batch : batches) ASSERT_EQ(text(pipeline.write(batch)), "ok");
    auto commit = pipeline.finish(epoch);
    ASSERT_EQ(text(commit), "ok");
    last_ = *commit;
  }
  Database database_;
  Commit last_;
};

TEST_F(PostgresUpsert, TheLastRowOfAKeyStaysAndTheTableHasTheKey) {
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  write(pipeline, 0, {with_place(rows_of(schema(), R"([[1, 10, "a"], [2, 20, "a"], [1, 11, "b"]])"), 0, 100),
                      with_place(rows_of(schema(), R"([[2, 5, "earlier"]])"), 0, 50)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|11|b", "2|20|a"}));
  EXPECT_EQ(last_.rows, 2);
  EXPECT_EQ(database_.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass"), "PRIMARY KEY (id)");
  write(pipeline, 1, {with_place(rows_of(schema(), R"([[2, 1, "newer"], [3, 30, null]])"), 0, 200)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|11|b", "2|1|newer", "3|30|NULL"}));
}

// Any other column would not be wanted by the statement that moves the rows, which would read them by a projection (staged_place.h).
TEST_F(PostgresUpsert, StagesTheTablesColumnsAndThePlaceAndNothingElse) {
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  write(pipeline, 0, {rows_of(schema(), R"([[1, 10, "a"]])")});
  EXPECT_EQ(database_.value("SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid "
                            "WHERE relname = 'lt_stage_0' AND attnum > 0"),
            "id v note _lt_place");
}

// What the session has when it inserts, told by the default of a column that no row has.
TEST_F(PostgresUpsert, HasRoomToSortUnlessItHasMore) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, v bigint, note text, room text DEFAULT current_setting('work_mem'))");
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  write(pipeline, 0, {rows_of(schema(), R"([[1, 10, "a"]])")});
  EXPECT_EQ(database_.rows("SELECT id, room FROM t"), (Rows{"1|512MB"}));
  database_.run("DELETE FROM t; ALTER DATABASE " + database_.value("SELECT quote_ident(current_database())") + " SET work_mem = '1GB'");
  Pipeline next(database_, {target()}, schema());
  next.start();
  write(next, 1, {rows_of(schema(), R"([[2, 20, "b"]])")});
  EXPECT_EQ(database_.rows("SELECT id, room FROM t"), (Rows{"2|1GB"}));
}

TEST_F(PostgresUpsert, PlaceDecidesOverArrivalByTopicPartitionAndOffset) {
  const auto topic = arrow::schema({field("_topic", arrow::utf8())});
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  const auto row = [&](const char* note, const char* of, int32_t partition, int64_t offset) {
    const auto values = rows_of(schema(), std::string(R"([[1, 0, ")") + note + "\"]]");
    return with_place(beside(values, rows_of(topic, std::string("[[\"") + of + "\"]]")), partition, offset);
  };
  write(pipeline, 0, {row("winner", "b", 1, 2), row("older offset", "b", 1, 1), row("lesser partition", "b", 0, 9), row("lesser topic", "a", 7, 9)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|0|winner"}));
}

TEST_F(PostgresUpsert, WithoutPlaceTheLastToArriveStays) {
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  write(pipeline, 0, {rows_of(schema(), R"([[1, 1, "a"], [1, 2, "b"]])"), rows_of(schema(), R"([[1, 3, "c"]])")});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|3|c"}));
}

TEST_F(PostgresUpsert, TheLargerOrderByStaysOverEpochsToo) {
  Pipeline pipeline(database_, {target({"id"}, "v")}, schema());
  pipeline.start();
  write(pipeline, 0, {with_place(rows_of(schema(), R"([[1, 10, "a"], [1, 30, "b"], [1, 20, "c"], [2, null, "n"], [3, 7, "x"], [3, 7, "y"]])"), 0, 0)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|30|b", "2|NULL|n", "3|7|y"}));
  write(pipeline, 1, {with_place(rows_of(schema(), R"([[1, 29, "older"], [2, 1, "first"], [3, null, "none"]])"), 0, 10)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|30|b", "2|1|first", "3|7|y"}));
  write(pipeline, 2, {with_place(rows_of(schema(), R"([[1, 30, "same"], [3, 8, "newer"]])"), 0, 20)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|30|same", "2|1|first", "3|8|newer"}));
}

TEST_F(PostgresUpsert, ANullKeyNeverDoublesInATableWeMade) {
  Pipeline pipeline(database_, {target()}, schema(true));
  pipeline.start();
  write(pipeline, 0, {rows_of(schema(true), R"([[null, 1, "a"], [null, 2, "b"], [1, 1, "c"]])")});
  write(pipeline, 1, {rows_of(schema(true), R"([[null, 3, "d"]])")});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|1|c", "NULL|3|d"}));
}

TEST_F(PostgresUpsert, ANullKeyNeverDoublesWhereTheIndexWouldLetIt) {
  database_.run("CREATE TABLE t (id bigint, k text, v bigint, UNIQUE (k, id))");
  const auto two = arrow::schema({field("id", arrow::int64()), field("k", arrow::utf8()), field("v", arrow::int64())});
  Pipeline pipeline(database_, {target({"id", "k"}, "v")}, two);
  pipeline.start();
  write(pipeline, 0, {rows_of(two, R"([[null, "a", 1], [null, "a", 5], [null, null, 1], [1, null, 1], [1, "a", 1]])")});
  EXPECT_EQ(database_.rows("SELECT * FROM t ORDER BY id, k, v"), (Rows{"1|a|1", "1|NULL|1", "NULL|a|5", "NULL|NULL|1"}));
  EXPECT_EQ(last_.rows, 4);
  write(pipeline, 1, {rows_of(two, R"([[null, "a", 4], [null, null, 2], [1, null, 2], [1, "a", 2], [2, null, 1]])")});
  EXPECT_EQ(database_.rows("SELECT * FROM t ORDER BY id, k, v"), (Rows{"1|a|2", "1|NULL|2", "2|NULL|1", "NULL|a|5", "NULL|NULL|2"}));
}

TEST_F(PostgresUpsert, ANullKeyInAPrimaryKeyIsRefused) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, v bigint, note text)");
  Pipeline pipeline(database_, {target()}, schema(true));
  pipeline.start();
  write(pipeline, 0, {with_place(rows_of(schema(true), R"([[null, 1, "a"], [1, 1, "c"]])"), 0, 5)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|1|c"}));
  EXPECT_EQ(database_.rows("SELECT \"offset\", code FROM laketide.quarantine"), (Rows{"5|not_null_violation"}));
}

TEST_F(PostgresUpsert, ARowThatIsRefusedLeavesItsPlaceToTheNextBestOfTheKey) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, v bigint CHECK (v < 100), note varchar(6))");
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  write(pipeline, 0, {with_place(rows_of(schema(), R"([[1, 1, "a"], [1, 2, "b"], [1, 100, "bad"], [2, 1, "a"], [2, 2, "toolong"], [3, 200, "only"],
                                                      [4, 4, "d"]])"), 0, 0)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|2|b", "2|1|a", "4|4|d"}));
  EXPECT_EQ(last_.rows, 3);
  EXPECT_EQ(last_.quarantined, 3);
  EXPECT_EQ(database_.rows("SELECT \"offset\", code FROM laketide.quarantine ORDER BY 1"),
            (Rows{"2|check_violation", "4|string_data_right_truncation", "5|check_violation"}));
}

TEST_F(PostgresUpsert, ManyRefusedRowsAmongMany) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, v bigint CHECK (v % 10 <> 3), note text)");
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  std::string rows = "[";
  for (int id = 0; id < 500; ++id) rows += (id == 0 ? "[" : ", [") + std::to_string(id) + ", " + std::to_string(id) + ", \"x\"]";
  write(pipeline, 0, {with_place(rows_of(schema(), rows + "]"), 0, 0)});
  EXPECT_EQ(last_.rows, 450);
  EXPECT_EQ(last_.quarantined, 50);
  EXPECT_EQ(database_.value("SELECT count(*), count(*) FILTER (WHERE v % 10 = 3), sum(id) FROM t"), "450|0|" + std::to_string(124750 - 12400));
  EXPECT_EQ(database_.value("SELECT count(DISTINCT \"offset\"), bool_and(\"offset\" % 10 = 3) FROM laketide.quarantine"), "50|t");
}

TEST_F(PostgresUpsert, ATableOfKeysOnly) {
  const auto keys = arrow::schema({field("id", arrow::int64(), false)});
  Pipeline pipeline(database_, {target()}, keys);
  pipeline.start();
  write(pipeline, 0, {rows_of(keys, "[[1], [2], [1]]")});
  write(pipeline, 1, {rows_of(keys, "[[2], [3]]")});
  EXPECT_EQ(database_.rows("SELECT id FROM t ORDER BY id"), (Rows{"1", "2", "3"}));
}

TEST_F(PostgresUpsert, AReplayAfterALostCommitChangesNothingTwice) {
  Pipeline pipeline(database_, {target({"id"}, "v")}, schema());
  pipeline.start();
  const auto rows = with_place(rows_of(schema(), R"([[1, 10, "a"], [2, 20, "b"]])"), 0, 0);
  ASSERT_TRUE(Failpoint::arm("postgres.commit.sent=lose").ok());
  ASSERT_EQ(text(pipeline.write(rows)), "ok");
  EXPECT_EQ(pipeline.finish(0).status().code(), "epoch_lost");
  EXPECT_EQ(database_.rows(kRows), Rows{});
  pipeline.start();
  write(pipeline, 0, {rows});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|10|a", "2|20|b"}));
}

TEST_F(PostgresUpsert, TheCatalogueDoesNotGrowWithEpochs) {
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  write(pipeline, 0, {rows_of(schema(), R"([[1, 1, "a"]])")});
  const auto relations = database_.value("SELECT count(*), max(oid) FROM pg_class");
  for (int64_t epoch = 1; epoch < 5; ++epoch) write(pipeline, epoch, {rows_of(schema(), R"([[1, 1, "a"]])")});
  EXPECT_EQ(database_.value("SELECT count(*), max(oid) FROM pg_class"), relations);
}

TEST_F(PostgresUpsert, NeedsAUniqueIndexOnExactlyTheKey) {
  database_.run(R"(CREATE TABLE t (id bigint, v bigint, note text, PRIMARY KEY (id, v)); CREATE UNIQUE INDEX ON t (id) WHERE v > 0;
                   CREATE UNIQUE INDEX ON t (abs(id)); CREATE INDEX ON t (id))");
  Pipeline pipeline(database_, {target()}, schema());
  const auto wait = Wait::for_at_most(std::chrono::seconds(30));
  ASSERT_EQ(text(pipeline.sink().claim(wait)), "ok");
  Status bound = pipeline.sink().bind(schema(), wait);
  EXPECT_EQ(bound.code(), "schema_mismatch");
  EXPECT_NE(bound.detail().find("CREATE UNIQUE INDEX ON \"public\".\"t\" (\"id\")"), std::string::npos) << bound.to_string();
  database_.run("CREATE UNIQUE INDEX ON t (id) INCLUDE (note)");
  EXPECT_EQ(text(pipeline.sink().bind(schema(), wait)), "ok");
}

TEST_F(PostgresUpsert, TakesTheQuerysKeyWhereItWasGivenNone) {
  Pipeline pipeline(database_, {target({})}, schema());
  const auto wait = Wait::for_at_most(std::chrono::seconds(30));
  ASSERT_EQ(text(pipeline.sink().claim(wait)), "ok");
  const Status without = pipeline.sink().bind(schema(), wait);
  EXPECT_EQ(without.code(), "bad_key");
  EXPECT_EQ(without.field(), "key");
  ASSERT_EQ(text(pipeline.sink().bind(with_key_columns(schema(), {"id", "v"}), wait)), "ok");
  EXPECT_EQ(database_.value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass"), "UNIQUE NULLS NOT DISTINCT (id, v)");
}

TEST_F(PostgresUpsert, TellsTheLargestInstantOfAColumn) {
  Pipeline pipeline(database_, {target()}, schema());
  const Wait wait;
  ASSERT_TRUE(pipeline.sink().claim(wait).ok());
  const auto largest = [&](const std::string& column) {
    const auto answer = pipeline.sink().largest(column, wait);
    return !answer.ok() ? std::string(answer.status().code()) : *answer ? std::to_string((*answer)->micros) : "none";
  };
  EXPECT_EQ(largest("at"), "none") << "no table yet";
  database_.run("CREATE DOMAIN moment AS timestamptz");
  database_.run("CREATE TABLE public.t (id bigint PRIMARY KEY, note text, at timestamptz, \"Zone less\" timestamp, day date, m moment, v bigint)");
  EXPECT_EQ(largest("at"), "none") << "no row yet";
  database_.run("INSERT INTO public.t VALUES (1, NULL, '2026-01-02 03:04:05.678901+02', '2026-01-02 03:04:05.5', '2026-01-03', '1969-12-31 23:59:59.9Z', 7), "
                "(2, NULL, '2025-01-01Z', NULL, '2026-01-01', NULL, NULL), (3, NULL, 'infinity', 'infinity', 'infinity', '-infinity', 0)");
  EXPECT_EQ(largest("at"), "1767315845678901");
  EXPECT_EQ(largest("Zone less"), "1767323045500000");
  EXPECT_EQ(largest("day"), "1767398400000000");
  EXPECT_EQ(largest("m"), "-100000");
  EXPECT_EQ(largest("v"), "bad_column");
  EXPECT_EQ(largest("at\" FROM t; DROP TABLE t; --"), "bad_column");
  pipeline.start();
  EXPECT_EQ(largest("at"), "1767315845678901") << "also when bound, between epochs";
}

// The rows with the hidden column that says what each does: "i", "u" or "d".
Batch with_change(const Batch& batch, const std::string& kinds) {
  const auto column = arrow::schema({change_field()});
  std::string json;
  for (const char kind : kinds) json += std::string(json.empty() ? "[" : ", ") + "[" + std::to_string(std::string("iud").find(kind)) + "]";
  return beside(batch, rows_of(column, json + "]"));
}

TEST_F(PostgresUpsert, ADeleteTakesTheRowOfItsKeyOut) {
  Pipeline pipeline(database_, {target({"id"}, "v")}, schema(true));
  pipeline.start();
  write(pipeline, 0, {with_change(rows_of(schema(true), R"([[1, 10, "a"], [2, 20, "b"], [null, 30, "c"], [4, 40, "d"]])"), "iiii")});
  write(pipeline, 1, {with_change(rows_of(schema(true), R"([[1, 11, "u"], [2, null, null], [null, null, null], [9, null, null], [5, 50, "n"]])"), "udddi")});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|11|u", "4|40|d", "5|50|n"}));
  EXPECT_EQ(last_.rows, 4);
}

TEST_F(PostgresUpsert, ADeleteNamesTheKeyAloneWhereOtherColumnsMustNotBeNull) {
  database_.run("CREATE TABLE t (id bigint, v bigint NOT NULL, note text NOT NULL, UNIQUE (id))");
  Pipeline pipeline(database_, {target()}, schema(true));
  pipeline.start();
  write(pipeline, 0, {with_change(rows_of(schema(true), R"([[1, 10, "a"], [null, 20, "b"]])"), "ii")});
  write(pipeline, 1, {with_change(rows_of(schema(true), R"([[1, null, null], [null, null, null], [2, null, "refused"]])"), "ddi")});
  EXPECT_EQ(database_.rows(kRows), Rows{});
  EXPECT_EQ(database_.rows("SELECT code FROM laketide.quarantine"), Rows{"not_null_violation"});
}

TEST_F(PostgresUpsert, ADeleteWithAPlaceIsARowLikeAnyOther) {
  Pipeline pipeline(database_, {target({"id"}, "v")}, schema());
  pipeline.start();
  const auto deletes = [&](const std::string& json, int64_t first) {
    const auto rows = rows_of(schema(), json);
    return with_place(with_change(rows, std::string(static_cast<size_t>(rows->num_rows()), 'd')), 0, first);
  };
  write(pipeline, 0, {with_place(rows_of(schema(), R"([[1, 10, "a"], [2, 20, "b"], [3, 30, "c"]])"), 0, 0), deletes(R"([[3, 31, "gone"]])", 3)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|10|a", "2|20|b"}));
  write(pipeline, 1, {deletes(R"([[1, 9, "older"], [2, 20, "same"]])", 10)});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|10|a"}));
}

TEST_F(PostgresUpsert, ADeleteThatTheServerRefusesStandsAlone) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, v bigint, note text); CREATE TABLE child (t bigint REFERENCES t (id)); "
                "INSERT INTO t VALUES (1, 1, 'kept'), (2, 2, 'goes'); INSERT INTO child VALUES (1)");
  Pipeline pipeline(database_, {target()}, schema());
  pipeline.start();
  write(pipeline, 0, {with_change(rows_of(schema(), R"([[1, null, null], [2, null, null], [3, 3, "new"]])"), "ddi")});
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|1|kept", "3|3|new"}));
  EXPECT_EQ(database_.rows("SELECT code FROM laketide.quarantine"), Rows{"foreign_key_violation"});
}

PostgresTarget overwritten() { return {.id = "t", .table = "t", .mode = PostgresTarget::Mode::kOverwrite, .key = {}, .order_by = {}}; }

TEST_F(PostgresUpsert, AnOverwriteReplacesAllAndAnEmptyOneEmpties) {
  Pipeline pipeline(database_, {overwritten()}, schema());
  pipeline.start();
  write(pipeline, 0, {rows_of(schema(), R"([[1, 10, "a"], [2, 20, "b"]])")});
  database_.run("INSERT INTO t VALUES (7, 7, 'foreign')");
  ASSERT_EQ(text(pipeline.write(with_change(rows_of(schema(), R"([[2, 21, "b"]])"), "u"))), "ok");
  ASSERT_EQ(text(pipeline.end(1)), "ok");
  pipeline.settle();
  EXPECT_EQ(database_.rows(kRows), (Rows{"1|10|a", "2|20|b", "7|7|foreign"})) << "readers see it whole, or not yet";
  ASSERT_EQ(text(pipeline.prepare(1)), "ok");
  ASSERT_EQ(text(pipeline.commit(1)), "ok");
  EXPECT_EQ(database_.rows(kRows), Rows{"2|21|b"});
  write(pipeline, 2, {});
  EXPECT_EQ(database_.rows(kRows), Rows{});
}

TEST_F(PostgresUpsert, AnOverwriteThatIsLostIsRunAgain) {
  Pipeline pipeline(database_, {overwritten()}, schema());
  pipeline.start();
  write(pipeline, 0, {rows_of(schema(), R"([[1, 10, "a"]])")});
  ASSERT_TRUE(Failpoint::arm("postgres.commit.sent=lose").ok());
  ASSERT_EQ(text(pipeline.write(rows_of(schema(), R"([[2, 20, "b"]])"))), "ok");
  EXPECT_EQ(pipeline.finish(1).status().code(), "epoch_lost");
  EXPECT_EQ(database_.rows(kRows), Rows{"1|10|a"});
  pipeline.start();
  write(pipeline, 1, {rows_of(schema(), R"([[2, 20, "b"]])")});
  EXPECT_EQ(database_.rows(kRows), Rows{"2|20|b"});
}

TEST_F(PostgresUpsert, AnOverwriteOfATableThatOthersReferToIsRefused) {
  database_.run("CREATE TABLE t (id bigint PRIMARY KEY, v bigint, note text); CREATE TABLE child (t bigint REFERENCES t (id)); "
                "INSERT INTO t VALUES (1, 1, 'a'); INSERT INTO child VALUES (1)");
  Pipeline pipeline(database_, {overwritten()}, schema());
  pipeline.start();
  EXPECT_EQ(pipeline.finish(0).status().code(), "overwrite_refused");
  EXPECT_EQ(database_.rows(kRows), Rows{"1|1|a"});
}

TEST_F(PostgresUpsert, ATargetRefusesTheChangesThatItCannotMake) {
  PostgresTarget append = overwritten();
  append.mode = PostgresTarget::Mode::kAppend;
  Pipeline adds(database_, {append}, schema());
  adds.start();
  const Status update = adds.write(with_change(rows_of(schema(), R"([[1, 10, "a"], [2, 20, "b"]])"), "iu"));
  EXPECT_EQ(update.code(), "needs_upsert");
  EXPECT_NE(update.detail().find("mode: upsert"), std::string::npos) << update.to_string();
  Pipeline replaces(database_, {overwritten()}, schema());
  replaces.start();
  EXPECT_EQ(replaces.write(with_change(rows_of(schema(), R"([[1, 10, "a"]])"), "d")).code(), "needs_upsert");
}

}  // namespace
}  // namespace laketide::upsert_test
