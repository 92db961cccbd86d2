// Every type, as PostgreSQL reads back what was encoded; and tables that do not fit.
#include <arrow/array.h>
#include <arrow/builder.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>
#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include <limits>

#include "sinks/postgres/pipeline.h"

namespace laketide::types_test {
namespace {

using Rows = std::vector<std::string>;
using arrow::field;

PostgresTarget target() { return {.id = "t", .table = "t"}; }
std::shared_ptr<arrow::Field> jsonb(const std::string& name) {
  return field(name, arrow::utf8(), true, arrow::key_value_metadata({"laketide.type"}, {"jsonb"}));
}

class PostgresTypes : public testing::Test {
 protected:
  // Writes the batch as one epoch into table t.
  Pipeline& written(const Batch& batch) {
    pipeline_ = std::make_unique<Pipeline>(database_, std::vector{target()}, batch->schema());
    pipeline_->start();
    EXPECT_EQ(text(pipeline_->write(batch)), "ok");
    EXPECT_EQ(text(pipeline_->finish(++epoch_)), "ok");
    return *pipeline_;
  }
  Status bind(const Schema& schema) {
    Pipeline pipeline(database_, {target()}, schema);
    const auto wait = Wait::for_at_most(std::chrono::seconds(30));
    EXPECT_EQ(text(pipeline.sink().claim(wait)), "ok");
    return pipeline.sink().bind(schema, wait);
  }
  Rows columns() {
    return database_.rows("SELECT a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attnotnull THEN ' not null' ELSE "
                          "'' END FROM pg_attribute a WHERE a.attrelid = 't'::regclass AND a.attnum > 0 ORDER BY a.attnum");
  }
  std::vector<std::string> codes() {
    std::vector<std::string> codes;
    for (const Reject& reject : pipeline_->rejects().take()) codes.push_back(reject.code);
    return codes;
  }
  Database database_;
  std::unique_ptr<Pipeline> pipeline_;
  int64_t epoch_ = -1;
};

TEST_F(PostgresTypes, NumbersKeepTheirExtremes) {
  const auto schema = arrow::schema({field("b", arrow::boolean()), field("i1", arrow::int8()), field("u1", arrow::uint8()),
                                     field("i2", arrow::int16()), field("u2", arrow::uint16()), field("i4", arrow::int32()),
                                     field("u4", arrow::uint32()), field("i8", arrow::int64(), false), field("u8", arrow::uint64()),
                                     field("f4", arrow::float32()), field("f8", arrow::float64())});
  written(rows_of(schema, R"([
    [true, -128, 255, -32768, 65535, -2147483648, 4294967295, -9223372036854775808, 18446744073709551615, 1.5, 2.2250738585072014e-308],
    [false, 127, 0, 32767, 0, 2147483647, 0, 9223372036854775807, 0, -0.0, 1.7976931348623157e308],
    [null, null, null, null, null, null, null, 0, null, NaN, Inf]])"));
  EXPECT_EQ(columns(), (Rows{"b boolean", "i1 smallint", "u1 smallint", "i2 smallint", "u2 integer", "i4 integer", "u4 bigint",
                             "i8 bigint not null", "u8 numeric(20,0)", "f4 real", "f8 double precision"}));
  EXPECT_EQ(database_.rows("SELECT * FROM t ORDER BY i8"),
            (Rows{"t|-128|255|-32768|65535|-2147483648|4294967295|-9223372036854775808|18446744073709551615|1.5|2.2250738585072014e-308",
                  "NULL|NULL|NULL|NULL|NULL|NULL|NULL|0|NULL|NaN|Infinity",
                  "f|127|0|32767|0|2147483647|0|9223372036854775807|0|-0|1.7976931348623157e+308"}));
}

TEST_F(PostgresTypes, DecimalsKeepEveryDigit) {
  const auto schema = arrow::schema({field("n", arrow::int32()), field("d", arrow::decimal128(38, 10)), field("w", arrow::decimal256(76, 0)),
                                     field("s", arrow::decimal128(20, 20))});
  written(rows_of(schema, R"([
    [1, "1234567890123456789012345678.0123456789", "9999999999999999999999999999999999999999999999999999999999999999999999999999", "0.00000000000000000001"],
    [2, "-0.0000000001", "-10000", "-0.99999999999999999999"],
    [3, "0.0000000000", "0", "0.00000000000000000000"],
    [4, "10000.0001000000", "100000000", "0.00010000000000000000"],
    [5, null, null, null]])"));
  EXPECT_EQ(columns(), (Rows{"n integer", "d numeric(38,10)", "w numeric(76,0)", "s numeric(20,20)"}));
  EXPECT_EQ(database_.rows("SELECT d, w, s FROM t ORDER BY n"),
            (Rows{"1234567890123456789012345678.0123456789|9999999999999999999999999999999999999999999999999999999999999999999999999999|0.00000000000000000001",
                  "-0.0000000001|-10000|-0.99999999999999999999", "0.0000000000|0|0.00000000000000000000",
                  "10000.0001000000|100000000|0.00010000000000000000", "NULL|NULL|NULL"}));
}

TEST_F(PostgresTypes, ANegativeScaleIsAWholeNumber) {
  arrow::Decimal128Builder builder(arrow::decimal128(5, -2));
  ASSERT_TRUE(builder.Append(arrow::Decimal128(12345)).ok());
  ASSERT_TRUE(builder.Append(arrow::Decimal128(-1)).ok());
  const auto values = *builder.Finish();
  written(arrow::RecordBatch::Make(arrow::schema({field("d", values->type())}), 2, {values}));
  EXPECT_EQ(columns(), (Rows{"d numeric(7,0)"}));
  EXPECT_EQ(database_.rows("SELECT d FROM t ORDER BY d"), (Rows{"-100", "1234500"}));
}

TEST_F(PostgresTypes, TimesAreInstantsOfUtc) {
  const auto us = arrow::TimeUnit::MICRO;
  const auto schema = arrow::schema({field("n", arrow::int32()), field("d", arrow::date32()), field("z", arrow::timestamp(us, "UTC")),
                                     field("p", arrow::timestamp(us)), field("ns", arrow::timestamp(arrow::TimeUnit::NANO, "UTC")),
                                     field("s", arrow::timestamp(arrow::TimeUnit::SECOND)), field("t", arrow::time64(us)),
                                     field("t3", arrow::time32(arrow::TimeUnit::MILLI)), field("i", arrow::duration(us)),
                                     field("m", arrow::month_day_nano_interval())});
  written(rows_of(schema, R"([
    [1, 0, 0, 1, -1, -1, 86399999999, 1, 90061000001, [1, 2, 3000]],
    [2, -719162, -62135596800000000, 946684800000000, 946684800000000999, 946684800, 0, 0, -1, [-1, 0, 0]],
    [3, null, null, null, null, null, null, null, null, null]])"));
  EXPECT_EQ(columns(), (Rows{"n integer", "d date", "z timestamp with time zone", "p timestamp without time zone", "ns timestamp with time zone",
                             "s timestamp without time zone", "t time without time zone", "t3 time without time zone", "i interval", "m interval"}));
  EXPECT_EQ(database_.rows("SELECT d, z, p, ns, s, t, t3, i, m FROM t ORDER BY n"),
            (Rows{"1970-01-01|1970-01-01 00:00:00+00|1970-01-01 00:00:00.000001|1969-12-31 23:59:59.999999+00|1969-12-31 23:59:59|"
                  "23:59:59.999999|00:00:00.001|25:01:01.000001|1 mon 2 days 00:00:00.000003",
                  "0001-01-01|0001-01-01 00:00:00+00|2000-01-01 00:00:00|2000-01-01 00:00:00+00|2000-01-01 00:00:00|00:00:00|00:00:00|"
                  "-00:00:00.000001|-1 mons",
                  "NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL"}));
}

TEST_F(PostgresTypes, TimesOutsideTheCalendarAreRejected) {
  const auto schema = arrow::schema({field("d", arrow::date32()), field("z", arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")),
                                     field("s", arrow::timestamp(arrow::TimeUnit::SECOND))});
  written(rows_of(schema, R"([[2147483647, 0, 0], [0, -9223372036854775808, 0], [0, 0, 9223372036854775807],
                              [-2440588, -210866803200000000, 0]])"));
  EXPECT_EQ(codes(), (Rows{"out_of_range", "out_of_range", "out_of_range"}));
  EXPECT_EQ(database_.rows("SELECT d, z FROM t"), (Rows{"4714-11-24 BC|4714-11-24 00:00:00+00 BC"}));
}

TEST_F(PostgresTypes, BytesUuidsAndText) {
  const auto schema = arrow::schema({field("n", arrow::int32()), field("u", arrow::fixed_size_binary(16)), field("t", arrow::large_utf8())});
  const auto rows = rows_of(schema, R"([[1, "0123456789abcdef", "grün 🌊"], [2, null, ""], [3, null, null]])");
  written(beside(rows, bytes_of("b", {std::string("\0\xff", 2), "", "x"}, false)));
  EXPECT_EQ(columns(), (Rows{"n integer", "u uuid", "t text", "b bytea"}));
  EXPECT_EQ(database_.rows("SELECT u, t, b FROM t ORDER BY n"),
            (Rows{"30313233-3435-3637-3839-616263646566|grün 🌊|\\x00ff", "NULL||\\x", "NULL|NULL|\\x78"}));
}

TEST_F(PostgresTypes, ArraysOfSimpleTypes) {
  const auto schema = arrow::schema({field("n", arrow::int32()), field("i", arrow::list(arrow::int64())), field("t", arrow::list(arrow::utf8())),
                                     field("d", arrow::list(arrow::decimal128(6, 2)))});
  written(rows_of(schema, R"([[1, [1, null, -3], ["a", "b\"c", null, ""], ["1.50"]], [2, [], [], []], [3, null, null, null],
                              [4, [9], ["z"], ["-0.01", "12.00"]]])"));
  EXPECT_EQ(columns(), (Rows{"n integer", "i bigint[]", "t text[]", "d numeric(6,2)[]"}));
  EXPECT_EQ(database_.rows("SELECT i, t, d FROM t ORDER BY n"),
            (Rows{R"({1,NULL,-3}|{a,"b\"c",NULL,""}|{1.50})", "{}|{}|{}", "NULL|NULL|NULL", "{9}|{z}|{-0.01,12.00}"}));
}

TEST_F(PostgresTypes, JsonAndNestedValues) {
  const auto point = arrow::struct_({field("x", arrow::int32()), field("t", arrow::utf8()), field("at", arrow::timestamp(arrow::TimeUnit::MILLI, "UTC")),
                                     jsonb("raw")});
  const auto schema = arrow::schema({field("n", arrow::int32()), jsonb("j"), field("s", point), field("m", arrow::map(arrow::utf8(), arrow::float64())),
                                     field("l", arrow::list(point))});
  written(rows_of(schema, R"([
    [1, "{\"a\": [1, 2.50, null]}", {"x": 7, "t": "q\"\\\n", "at": 1500, "raw": "[1]"}, [["k", 0.1], ["n", null]], [{"x": 1, "t": null, "at": null, "raw": null}]],
    [2, null, null, null, null],
    [3, "\"x\"", {"x": null, "t": "", "at": 0, "raw": "{}"}, [], []]])"));
  EXPECT_EQ(columns(), (Rows{"n integer", "j jsonb", "s jsonb", "m jsonb", "l jsonb"}));
  EXPECT_EQ(database_.rows("SELECT j, s, m, l FROM t ORDER BY n"),
            (Rows{R"({"a": [1, 2.50, null]}|{"t": "q\"\\\n", "x": 7, "at": "1970-01-01T00:00:01.5+00:00", "raw": [1]}|{"k": 0.1, "n": null}|)"
                  R"([{"t": null, "x": 1, "at": null, "raw": null}])",
                  "NULL|NULL|NULL|NULL",
                  R"("x"|{"t": "", "x": null, "at": "1970-01-01T00:00:00+00:00", "raw": {}}|{}|[])"}));
}

TEST_F(PostgresTypes, JsonWithAZeroCharacterIsRejected) {
  const auto schema = arrow::schema({jsonb("j")});
  written(rows_of(schema, R"([["\"\\u0000\""], ["\"\\\\u0000\""], ["\"a\\\\\\u0000\""], ["1"]])"));
  EXPECT_EQ(codes(), (Rows{"zero_byte", "zero_byte"}));
  EXPECT_EQ(database_.rows("SELECT j FROM t ORDER BY j"), (Rows{R"("\\u0000")", "1"}));
}

TEST_F(PostgresTypes, AnExistingTableDecidesTheEncoding) {
  database_.run(R"(CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN small AS smallint CHECK (VALUE < 100);
                   CREATE TABLE t (extra serial, id integer, n numeric, f double precision, r real, u uuid, m mood, s small, v varchar(3),
                                   j json, at timestamptz, i bigint GENERATED ALWAYS AS IDENTITY, "Mixed Case" text))");
  const auto schema = arrow::schema({field("id", arrow::int64()), field("n", arrow::int32()), field("f", arrow::int64()), field("r", arrow::float64()),
                                     field("u", arrow::utf8()), field("m", arrow::utf8()), field("s", arrow::int32()), field("v", arrow::utf8()),
                                     field("j", arrow::utf8()), field("at", arrow::timestamp(arrow::TimeUnit::SECOND)), field("i", arrow::int64()),
                                     field("Mixed Case", arrow::utf8())});
  auto& pipeline = written(rows_of(schema, R"([
    [1, -12345, 7, 0.25, "00112233-4455-6677-8899-aabbccddeeff", "happy", 99, "abc", "{\"b\":1}", 60, 77, "x"],
    [3000000000, 1, 1, 1, null, null, 1, null, null, null, 78, null],
    [2, 1, 1, 1e300, null, null, 1, null, null, null, 79, null],
    [3, 1, 1, 1, "no uuid", null, 1, null, null, null, 80, null],
    [4, 1, 1, 1, null, "furious", 1, null, null, null, 81, null],
    [5, 1, 1, 1, null, null, 100, null, null, null, 82, null]])"));
  EXPECT_EQ(codes(), (Rows{"out_of_range", "out_of_range", "bad_uuid"}));
  EXPECT_EQ(pipeline.commit(0)->quarantined, 2);
  EXPECT_EQ(database_.rows("SELECT id, n, f, r, u, m, s, v, j, at, i, \"Mixed Case\" FROM t"),
            (Rows{R"(1|-12345|7|0.25|00112233-4455-6677-8899-aabbccddeeff|happy|99|abc|{"b":1}|1970-01-01 00:01:00+00|77|x)"}));
  EXPECT_EQ(database_.rows("SELECT code FROM laketide.quarantine ORDER BY 1"), (Rows{"check_violation", "invalid_text_representation"}));
}

TEST_F(PostgresTypes, ATableThatDoesNotFitIsRefusedWithAdvice) {
  database_.run(R"(CREATE TABLE t (id integer, at date, n int NOT NULL, total int GENERATED ALWAYS AS (id + 1) STORED);
                   CREATE VIEW v AS SELECT 1 AS id)");
  const auto with = [](std::shared_ptr<arrow::Field> one) { return arrow::schema({field("n", arrow::int32()), std::move(one)}); };
  const Status type = bind(with(field("at", arrow::utf8())));
  EXPECT_EQ(type.code(), "schema_mismatch");
  EXPECT_EQ(type.field(), "at");
  EXPECT_FALSE(type.retryable());
  EXPECT_EQ(bind(with(field("missing", arrow::int64()))).detail(),
            "sink t: table public.t: the table has no such column; leave it out of the select, or ALTER TABLE \"public\".\"t\" ADD COLUMN "
            "\"missing\" bigint");
  EXPECT_EQ(bind(with(field("total", arrow::int32()))).code(), "schema_mismatch");
  const Status required = bind(arrow::schema({field("id", arrow::int32())}));
  EXPECT_EQ(required.code(), "schema_mismatch");
  EXPECT_EQ(required.field(), "n");
  EXPECT_EQ(bind(with(field(std::string(64, 'c'), arrow::int32()))).code(), "bad_identifier");
  EXPECT_EQ(bind(with(field("n", arrow::int32()))).code(), "schema_mismatch");
  EXPECT_EQ(text(bind(with(field("id", arrow::int16())))), "ok");
}

TEST_F(PostgresTypes, AColumnWithoutATypeIsRefusedBeforeTheTableIsMade) {
  const Status status = bind(arrow::schema({field("x", arrow::dense_union({field("a", arrow::int32())}))}));
  EXPECT_EQ(status.code(), "schema_mismatch");
  EXPECT_EQ(database_.value("SELECT to_regclass('t') IS NULL"), "t");
}

TEST_F(PostgresTypes, ASchemaThatIsNotThereIsTheUsersToMake) {
  Pipeline pipeline(database_, {{.id = "t", .table = "nowhere.t"}}, arrow::schema({field("id", arrow::int32())}));
  const auto wait = Wait::for_at_most(std::chrono::seconds(30));
  ASSERT_EQ(text(pipeline.sink().claim(wait)), "ok");
  const Status status = pipeline.sink().bind(arrow::schema({field("id", arrow::int32())}), wait);
  EXPECT_EQ(status.code(), "postgres_configuration");
  EXPECT_NE(status.detail().find("create the schema"), std::string::npos) << status.to_string();
}

}  // namespace
}  // namespace laketide::types_test
