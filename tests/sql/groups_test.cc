// How queries that remember are planned: their steps, keys, the memory that a pipeline's queries share, modes, the form of state.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include "sql/query.h"
#include "sql/table_text.h"

namespace laketide {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const sql::SourceTable kGroupSource{"events", schema_of_text("id int, value double, name text, ts timestamptz, other timestamptz"), "t", true, "ts"};

Result<sql::BoundQuery> bind_groups(std::string_view query, const sql::SourceTable& source = kGroupSource) {
  LT_ASSIGN_OR_RETURN(const sql::Query parsed, sql::parse_query(query, "sql"));
  return parsed.bind(source);
}

sql::BoundQuery bound_groups(std::string_view query, const sql::SourceTable& source = kGroupSource) {
  auto made = bind_groups(query, source);
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  return made.value();
}

std::vector<std::string> types(const Schema& schema) {
  std::vector<std::string> all;
  for (const auto& field : schema->fields()) all.push_back(field->name() + " " + expr::Type::of(*field).name());
  return all;
}

constexpr const char* kAverages =
    "SELECT window_start, window_end, id, avg(value) AS avg_value FROM events GROUP BY tumble(ts, INTERVAL '10 seconds'), id";

TEST(Groups, OnlyWhatGroupsNeedIsDecodedBesideTheEventTime) {
  const auto query = bound_groups("SELECT id, count(*) AS n FROM source WHERE name <> '' GROUP BY id");
  EXPECT_THAT(query.columns->field_names(), ElementsAre("id", "name"));
  EXPECT_THAT(query.hidden, IsEmpty());
  EXPECT_THAT(sql::decode_for(kGroupSource, {&query, 1}, {}).columns->field_names(), ElementsAre("id", "name", "ts"));
  EXPECT_THAT(types(query.output), ElementsAre("id int", "n bigint"));
}

TEST(Groups, RowsThatCanFailAndOrderedAggregatesCarryTheirPlace) {
  EXPECT_THAT(bound_groups("SELECT count(*) AS n FROM source GROUP BY id / 2").hidden, UnorderedElementsAre("_partition", "_offset", "_timestamp"));
  EXPECT_THAT(bound_groups("SELECT first(name) AS n FROM source GROUP BY id").hidden, UnorderedElementsAre("_partition", "_offset", "_timestamp"));
  EXPECT_THAT(bound_groups("SELECT id + count(*) AS n FROM source GROUP BY id").hidden, IsEmpty());
}

TEST(Groups, QueriesOfOnePipelineShareItsMemory) {
  const auto result = bound_groups(kAverages);
  ASSERT_TRUE(result.memory);
  for (const char* select : {"SELECT * FROM result", "SELECT id, avg_value FROM result WHERE avg_value > 3", "SELECT window_start AS w, id FROM result"}) {
    const auto sink = sql::parse_query(select, "select").value().bind(result).value();
    EXPECT_EQ(sink.memory.get(), result.memory.get()) << select;
    EXPECT_EQ(types(sink.columns), types(result.columns));
    EXPECT_EQ(sink.hidden, result.hidden);
  }
  EXPECT_FALSE(sql::parse_query("SELECT id FROM source", "select").value().bind(result).value().memory);
}

TEST(Groups, KeyIsWhatTellsGroupsApart) {
  EXPECT_THAT(bound_groups(kAverages).key, ElementsAre("window_start", "id"));
  EXPECT_THAT(bound_groups("SELECT window_end AS until, name AS n, count(*) AS c FROM source GROUP BY tumble(ts, '1 h'), name").key, ElementsAre("until", "n"));
  EXPECT_THAT(bound_groups("SELECT window_end, count(*) AS c FROM source GROUP BY session(ts, '1 h')").key, IsEmpty());
  EXPECT_THAT(bound_groups("SELECT window_end AS b, window_start AS a FROM source GROUP BY session(ts, '1 h')").key, ElementsAre("a"));
  EXPECT_THAT(bound_groups("SELECT count(*) AS c FROM source GROUP BY id").key, IsEmpty());
  EXPECT_THAT(bound_groups("SELECT id + 1 AS id, count(*) AS c FROM source GROUP BY id").key, IsEmpty());
  EXPECT_THAT(bound_groups("SELECT c, i FROM (SELECT id AS i, count(*) AS c FROM source GROUP BY id) g WHERE c > 1").key, ElementsAre("i"));
  EXPECT_THAT(bound_groups("SELECT DISTINCT id, name AS n FROM source").key, ElementsAre("id", "n"));
  EXPECT_THAT(bound_groups("SELECT id FROM source").key, IsEmpty());
}

TEST(Groups, NamesAndPlacesInGroupByAreRead) {
  const auto grouping = [](const char* query) {
    const auto made = bound_groups(query);
    return std::string(made.explain.substr(made.explain.find("Aggregate")).substr(0, made.explain.substr(made.explain.find("Aggregate")).find('\n')));
  };
  EXPECT_EQ(grouping("SELECT id % 10 AS tens, count(*) AS n FROM source GROUP BY tens"), "Aggregate by id % 10 int: count(*) bigint");
  EXPECT_EQ(grouping("SELECT id % 10 AS tens, count(*) AS n FROM source GROUP BY 1"), "Aggregate by id % 10 int: count(*) bigint");
  EXPECT_EQ(grouping("SELECT count(*) AS n, upper(name) FROM source GROUP BY upper"), "Aggregate by upper(name) text: count(*) bigint");
  // A column of FROM goes before one of the select list.
  EXPECT_EQ(grouping("SELECT max(id) AS id, name FROM source GROUP BY id, name"), "Aggregate by id int, name text: max(id) int");
  EXPECT_EQ(grouping("SELECT id FROM source GROUP BY source.id, id, 1"), "Aggregate by id int");
  EXPECT_EQ(grouping("SELECT window_start FROM source GROUP BY window_start, tumble(ts, '1 h', '5 min'), window_end"), "Aggregate by tumble(ts, 1 h, 5 min)");
}

TEST(Groups, EqualCallsAreOne) {
  const auto query = bound_groups("SELECT count(*) + count(*) AS twice, sum(id) FILTER (WHERE value > 1) AS a, sum(id) AS b, sum(DISTINCT id) AS c FROM source HAVING count(*) > 1");
  ASSERT_TRUE(query.memory);
  EXPECT_THAT(types(query.memory->output), ElementsAre("count(*) bigint", "sum(id) FILTER (WHERE value > 1) bigint", "sum(id) bigint", "sum(DISTINCT id) bigint"));
}

TEST(Groups, ModesNeedWhatMakesGroupsFinal) {
  using enum OutputMode;
  const auto check = [](const char* query, OutputMode mode, const sql::SourceTable& source = kGroupSource) {
    return sql::check_mode(*bound_groups(query, source).memory, mode, source.event_time);
  };
  for (const OutputMode mode : {kAppend, kUpdate, kComplete}) {
    EXPECT_TRUE(check(kAverages, mode).ok());
    EXPECT_TRUE(check("SELECT ts, count(*) AS n FROM (SELECT * FROM source WHERE id > 1) s GROUP BY ts", mode).ok());
    EXPECT_TRUE(check("SELECT t, count(*) AS n FROM (SELECT ts AS t FROM source) s GROUP BY session(t, '1 h'), t", mode).ok());
  }
  const char* const plain = "SELECT id, count(*) AS n FROM source GROUP BY id";
  EXPECT_TRUE(check(plain, kUpdate).ok());
  EXPECT_TRUE(check(plain, kComplete).ok());
  const Status never = check(plain, kAppend);
  EXPECT_EQ(never.code(), "bad_output_mode");
  EXPECT_EQ(never.field(), "output_mode");
  EXPECT_THAT(std::string(never.detail()), HasSubstr("group by tumble(ts, INTERVAL '10 seconds'), or by ts itself"));
  const char* const other = "SELECT count(*) AS n FROM source GROUP BY tumble(other, '1 h')";
  EXPECT_THAT(std::string(check(other, kUpdate).detail()), HasSubstr("write it over ts"));
  sql::SourceTable timeless = kGroupSource;
  timeless.event_time.clear();
  EXPECT_TRUE(check(other, kUpdate, timeless).ok());
  EXPECT_THAT(std::string(check(other, kAppend, timeless).detail()), HasSubstr("declare event_time: {column: ts, delay: 30s}"));
}

TEST(Groups, JobsEndAndSoMakeEveryGroupFinal) {
  using enum OutputMode;
  sql::SourceTable timeless = kGroupSource;
  timeless.event_time.clear();
  for (const char* query : {"SELECT id, count(*) AS n FROM source GROUP BY id", "SELECT count(*) AS n FROM source GROUP BY tumble(other, '1 h')",
                            "SELECT max(n) AS n FROM (SELECT id, count(*) AS n FROM source GROUP BY id) g", "SELECT id FROM source ORDER BY id LIMIT 3"}) {
    EXPECT_TRUE(sql::check_mode(*bound_groups(query, timeless).memory, kAppend, "", sql::Ending::kOneEpoch).ok()) << query;
    EXPECT_EQ(sql::check_mode(*bound_groups(query, timeless).memory, kAppend, "").code(), "bad_output_mode") << query;
  }
}

TEST(Groups, OrderAndFirstRowsNeedModesThatCanKeepThem) {
  using enum OutputMode;
  const auto check = [](const char* query, OutputMode mode) { return sql::check_mode(*bound_groups(query).memory, mode, "ts"); };
  EXPECT_TRUE(check("SELECT id, count(*) AS n FROM source GROUP BY id ORDER BY n DESC LIMIT 3", kComplete).ok());
  EXPECT_THAT(std::string(check("SELECT id, count(*) AS n FROM source GROUP BY id ORDER BY n DESC LIMIT 3", kUpdate).detail()), HasSubstr("run the query as a batch job"));
  EXPECT_EQ(check("SELECT id FROM source ORDER BY id", kComplete).code(), "bad_output_mode");
  EXPECT_EQ(check("SELECT DISTINCT ON (id) id FROM source LIMIT 3", kComplete).code(), "bad_output_mode");
  EXPECT_TRUE(check("SELECT DISTINCT ON (id) id, name FROM source", kAppend).ok());
  EXPECT_THAT(std::string(check("SELECT DISTINCT ON (id) id, name FROM source", kComplete).detail()), HasSubstr("set output_mode: append"));
  const char* const latest = "SELECT DISTINCT ON (id) id, name FROM source ORDER BY id, ts DESC";
  EXPECT_TRUE(check(latest, kUpdate).ok());
  EXPECT_THAT(std::string(check(latest, kAppend).detail()), HasSubstr("name window_end, or ts"));
  EXPECT_TRUE(check("SELECT DISTINCT ON (ts) id, name FROM source ORDER BY ts, id", kAppend).ok());
}

TEST(Groups, FirstRowsAreToldApartByTheirKeys) {
  EXPECT_THAT(bound_groups("SELECT DISTINCT ON (id, name) id, name AS who, value FROM source").key, ElementsAre("id", "who"));
  EXPECT_THAT(bound_groups("SELECT DISTINCT ON (id) value FROM source ORDER BY id, ts").key, IsEmpty());
  const auto ranked = [](const std::string& list, const char* n) {
    return bound_groups("SELECT " + list + " FROM (SELECT *, row_number() OVER (PARTITION BY id ORDER BY ts DESC) AS rn FROM source) x WHERE rn <= " + n).key;
  };
  EXPECT_THAT(ranked("rn, id, value", "3"), ElementsAre("id", "rn"));
  EXPECT_THAT(ranked("id, value", "1"), ElementsAre("id"));
  EXPECT_THAT(ranked("id, value", "3"), IsEmpty());
}

TEST(Groups, DeduplicatedSourcesAreOneMemoryForAllQueries) {
  sql::SourceTable source = kGroupSource;
  source.deduplicate = {"id"};
  source.within = 600'000'000;
  const auto result = bound_groups("SELECT id, name FROM source WHERE value > 1", source);
  ASSERT_TRUE(result.memory);
  EXPECT_THAT(result.explain, HasSubstr("FirstRows of (id) within 10 min of ts"));
  EXPECT_THAT(result.key, IsEmpty());  // a key comes again
  const auto other = sql::parse_query("SELECT name FROM source", "sql").value().bind(result).value();
  EXPECT_EQ(other.memory, result.memory);
  EXPECT_TRUE(sql::check_mode(*result.memory, OutputMode::kAppend, "ts").ok());
  EXPECT_EQ(sql::state_shape(*result.memory, OutputMode::kAppend), "append\ndeduplicate_events: first of id int within 10 min");
  const auto counted = bound_groups("SELECT window_end, count(*) AS n FROM source GROUP BY tumble(ts, '1 min')", source);
  EXPECT_TRUE(sql::check_mode(*counted.memory, OutputMode::kAppend, "ts").ok());
  source.deduplicate = {"nothing"};
  EXPECT_EQ(bind_groups("SELECT id FROM source", source).status().code(), "sql_unknown_column");
}

TEST(Groups, UnnestAboveGroupsThatChangeIsRefused) {
  const auto words = bound_groups("SELECT id, unnest(names) AS name FROM (SELECT id, array_agg(name) AS names FROM source GROUP BY id) g");
  EXPECT_EQ(sql::check_changes(words, OutputMode::kUpdate).code(), "bad_output_mode");
  EXPECT_TRUE(sql::check_changes(words, OutputMode::kComplete).ok());
  EXPECT_TRUE(sql::check_changes(bound_groups("SELECT id, count(*) AS n FROM source GROUP BY id"), OutputMode::kUpdate).ok());
}

TEST(Groups, LateRowsAreTheSourcesOwn) {
  const auto late = sql::bind_late_rows(bound_groups("SELECT window_start, count(*) AS n FROM (SELECT upper(name) AS name, ts FROM source WHERE id > 1) s GROUP BY tumble(ts, '1 min'), name")).value();
  EXPECT_THAT(types(late.output), ElementsAre("window_start timestamptz", "window_end timestamptz", "id int", "value double", "name text", "ts timestamptz", "other timestamptz",
                                              "_partition int", "_offset bigint", "_timestamp timestamptz"));
  const auto refused = [](const char* query) { return std::string(sql::bind_late_rows(bound_groups(query)).status().detail()); };
  EXPECT_THAT(refused("SELECT id FROM source"), HasSubstr("without windows"));
  EXPECT_THAT(refused("SELECT id, count(*) AS n FROM source GROUP BY id"), HasSubstr("for a window over event time"));
  EXPECT_THAT(refused("SELECT id, count(*) AS n FROM source GROUP BY session(ts, '1 min'), id"), HasSubstr("counted and not kept"));
}

TEST(Groups, AggregatesOverAggregatesTakeFinalGroups) {
  using enum OutputMode;
  const auto check = [](const std::string& outer, const std::string& inner, OutputMode mode) {
    return sql::check_mode(*bound_groups("WITH g AS (" + inner + ") " + outer).memory, mode, "ts");
  };
  const std::string bids = "SELECT window_start, window_end, id, count(*) AS n FROM source GROUP BY hop(ts, '2 s', '10 s'), id";
  const std::string tumbled = "SELECT window_start, window_end, id, count(*) AS n FROM source GROUP BY tumble(ts, '10 s'), id";
  const std::string hottest = "SELECT window_start, window_end, max(n) AS n FROM g GROUP BY window_start, window_end";
  EXPECT_TRUE(check(hottest, bids, kAppend).ok());
  EXPECT_TRUE(check(hottest, bids, kUpdate).ok());
  EXPECT_TRUE(check("SELECT max(n) AS n FROM g GROUP BY tumble(window_end, '7 s')", bids, kAppend).ok());
  EXPECT_TRUE(check("SELECT max(n) AS n FROM g GROUP BY tumble(window_start, '1 min')", tumbled, kAppend).ok());
  EXPECT_THAT(std::string(check("SELECT max(n) AS n FROM g GROUP BY window_start", bids, kAppend).detail()), HasSubstr("group by window_end too"));
  EXPECT_THAT(std::string(check("SELECT max(n) AS n FROM g GROUP BY tumble(window_start, '1 min')", bids, kAppend).detail()), HasSubstr("write it over window_end"));
  const Status endless = check("SELECT max(n) AS n FROM g", "SELECT id, count(*) AS n FROM source GROUP BY id", kComplete);
  EXPECT_THAT(std::string(endless.detail()), HasSubstr("takes them once, when they are final, and nothing makes a group"));
}

TEST(Groups, UnionsHaveAKeyWhereConstantsTellTheirSelectsApart) {
  const auto key = [](const std::string& query) { return bound_groups(query).key; };
  const std::string by_id = "SELECT 'id' AS part, id AS k, count(*) AS n FROM source GROUP BY id";
  const std::string by_name = "SELECT 'name' AS part, length(name) AS k, max(id) AS n FROM source GROUP BY length(name)";
  EXPECT_THAT(key(by_id + " UNION ALL " + by_name), ElementsAre("part", "k"));
  EXPECT_THAT(key("SELECT n, k AS b, part AS a FROM (" + by_id + " UNION ALL " + by_name + ") u WHERE n > 1"), ElementsAre("a", "b"));
  EXPECT_THAT(key("SELECT k, n FROM (" + by_id + " UNION ALL " + by_name + ") u"), IsEmpty());                                     // the mark is gone
  EXPECT_THAT(key(by_id + " UNION ALL SELECT 'all', NULL, count(*) FROM source"), ElementsAre("part", "k"));                        // one row, its key constant
  EXPECT_THAT(key(by_id + " UNION ALL SELECT 'id', 7, count(*) FROM source"), IsEmpty());                                           // the same mark
  EXPECT_THAT(key("SELECT id AS k, count(*) AS n FROM source GROUP BY id UNION ALL SELECT id, max(id) FROM source GROUP BY id"), IsEmpty());
  EXPECT_THAT(key(by_id + " UNION ALL SELECT 'row', id, v FROM (SELECT id, id::bigint AS v FROM source) s"), IsEmpty());            // rows, not groups
  EXPECT_THAT(key(by_id + " UNION ALL SELECT 'name', id, n FROM (SELECT name, max(id) AS id, count(*) AS n FROM source GROUP BY name) g"), IsEmpty());  // its key is not there
  EXPECT_THAT(key("SELECT part, id, count(*) AS n FROM (SELECT 'a' AS part, id FROM source) s GROUP BY part, id UNION ALL SELECT 'b', id, count(*) FROM source GROUP BY id"),
              ElementsAre("part", "id"));
  EXPECT_THAT(key("SELECT 'a' AS part, count(*) AS n FROM source UNION ALL SELECT 'b', sum(id) FROM source UNION ALL SELECT 'c', max(id) FROM source"), ElementsAre("part"));
  const auto check = [](const std::string& query) { return sql::check_changes(bound_groups(query), OutputMode::kUpdate); };
  EXPECT_TRUE(check(by_id + " UNION ALL " + by_name).ok());
  EXPECT_THAT(std::string(check("SELECT k, n FROM (" + by_id + " UNION ALL " + by_name + ") u").detail()), HasSubstr("SELECT 'clicks' AS part"));
}

TEST(Groups, UnionsRunInTheModesOfAllTheirSelects) {
  using enum OutputMode;
  const auto check = [](const std::string& query, OutputMode mode) { return sql::check_mode(*bound_groups(query).memory, mode, "ts"); };
  const std::string windows = "SELECT window_start, window_end, count(*) AS n FROM source GROUP BY tumble(ts, '10 s')";
  const std::string longer = "SELECT window_start, window_end, count(*) AS n FROM source GROUP BY tumble(ts, '1 min')";
  const std::string endless = "SELECT min(ts) AS a, max(ts) AS b, count(*) AS n FROM source GROUP BY id";
  for (const OutputMode mode : {kAppend, kUpdate, kComplete}) EXPECT_TRUE(check(windows + " UNION ALL " + longer, mode).ok());
  EXPECT_TRUE(check(windows + " UNION ALL " + endless, kComplete).ok());
  EXPECT_THAT(std::string(check(windows + " UNION ALL " + endless, kAppend).detail()), HasSubstr("nothing makes a group of this query final"));
  const std::string rows = "SELECT ts, ts, id::bigint FROM source";
  EXPECT_TRUE(check(windows + " UNION ALL " + rows, kAppend).ok());
  EXPECT_THAT(std::string(check(windows + " UNION ALL " + rows, kComplete).detail()), HasSubstr("set output_mode: append, or let each SELECT group"));
  EXPECT_TRUE(check(windows + " UNION ALL " + longer + " ORDER BY n LIMIT 3", kComplete).ok());
  EXPECT_EQ(check(windows + " UNION ALL " + rows + " ORDER BY n LIMIT 3", kComplete).code(), "bad_output_mode");
  // Above it: ends of windows, and times of rows, come before the watermark is past them; starts do only by a size that is one.
  const auto above = [&](const std::string& column, const std::string& other) {
    return check("SELECT " + column + ", sum(n) AS n FROM (" + windows + " UNION ALL " + other + ") u GROUP BY " + column, kAppend).ok();
  };
  EXPECT_TRUE(above("window_end", longer));
  EXPECT_TRUE(above("window_end", rows));
  EXPECT_FALSE(above("window_start", windows));
  const auto window_over = [&](const std::string& column, const std::string& other) {
    return check("SELECT sum(n) AS n FROM (" + windows + " UNION ALL " + other + ") u GROUP BY tumble(" + column + ", '1 min')", kAppend).ok();
  };
  EXPECT_TRUE(window_over("window_start", windows));
  EXPECT_FALSE(window_over("window_start", longer));
  EXPECT_TRUE(window_over("window_end", rows));
  EXPECT_THAT(std::string(sql::bind_late_rows(bound_groups(windows + " UNION ALL " + longer)).status().detail()), HasSubstr("make a pipeline for each"));
}

TEST(Groups, UnionsShareTheirMemoryAndSayWhatItIs) {
  const auto result = bound_groups("SELECT id, count(*) AS n FROM source GROUP BY id UNION ALL SELECT id, value::bigint FROM source UNION ALL SELECT id, max(id) FROM source GROUP BY id");
  const auto other = sql::parse_query("SELECT n FROM result WHERE n > 1", "select").value().bind(result).value();
  EXPECT_EQ(other.memory, result.memory);
  const auto entries = sql::entries_of(*result.memory);
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[1].memory, result.memory.get());
  EXPECT_EQ(entries[1].side, 1);
  EXPECT_THAT(result.hidden, UnorderedElementsAre("_partition", "_offset", "_timestamp"));  // the cast can fail
  EXPECT_EQ(sql::state_shape(*result.memory, OutputMode::kComplete),
            "complete\nunion_3: 0 2\naggregate_1: id int -> count(*) bigint of (bigint)\naggregate_1: id int -> max(id) int of (int)");
  EXPECT_EQ(sql::explain(bound_groups("SELECT 'n' AS part, count(*) AS n FROM source UNION ALL SELECT name, id FROM source"), OutputMode::kAppend),
            R"plan(Union
   · gives the rows of each SELECT when that does, those of one that remembers nothing at the end of their epoch
   · keeps nothing itself
   · in the tail
├─ Project 'n' AS part text, n bigint
│  └─ Project "count(*)" AS n bigint
│     └─ Aggregate: count(*) bigint
│           · append: gives each group once, at the end of a bounded run
│           · keeps one row: count(*) as (bigint)
│           · lanes end below: each gives its part of the groups when the epoch ends; from here on there is one tail behind all lanes
│        └─ Project id int
│           └─ Scan events: id int
└─ Project name AS part text, CAST(id AS bigint) AS n bigint
   └─ Project name text, id int
      └─ Scan events: id int, name text)plan");
}

TEST(Groups, StateGoesOnWhereItsFormIsTheSame) {
  const auto shape = [](const char* query) { return sql::state_shape(*bound_groups(query).memory, OutputMode::kUpdate); };
  const std::string first = shape("SELECT id, sum(value) AS s FROM source GROUP BY id");
  EXPECT_EQ(first, shape("SELECT sum(value) * 2 AS double, id AS key FROM events WHERE id > 7 GROUP BY id HAVING sum(value) > 1"));
  for (const char* other : {"SELECT id, sum(value) AS s FROM source GROUP BY id, name", "SELECT name, sum(value) AS s FROM source GROUP BY name",
                            "SELECT id, sum(value + 1) AS s FROM source GROUP BY id", "SELECT id, sum(DISTINCT value) AS s FROM source GROUP BY id",
                            "SELECT id, sum(value) FILTER (WHERE id > 1) AS s FROM source GROUP BY id",
                            "SELECT id, sum(value) AS s FROM source GROUP BY id, tumble(ts, '1 h')", "SELECT id, count(*) AS s FROM source GROUP BY id"}) {
    EXPECT_NE(first, shape(other)) << other;
  }
  EXPECT_NE(first, sql::state_shape(*bound_groups("SELECT id, sum(value) AS s FROM source GROUP BY id").memory, OutputMode::kComplete));
}

TEST(Groups, PlansTellWhatIsKeptAndUntilWhen) {
  EXPECT_EQ(sql::explain(bound_groups(kAverages), OutputMode::kUpdate),
            "Project window_start timestamptz, window_end timestamptz, id int, \"avg(value)\" AS avg_value double\n"
            "└─ Aggregate by tumble(ts, 10 s), id int: avg(value) double\n"
            "      · update: gives each group that changed at the end of the epoch\n"
            "      · keeps for each (window_start, window_end, id): avg(value) as (double, bigint), until the watermark of ts is at or behind its window_end\n"
            "      · lanes end below: each gives its part of the groups when the epoch ends; from here on there is one tail behind all lanes\n"
            "   └─ Project ts timestamptz, id int, value double\n"
            "      └─ Scan events: id int, value double, ts timestamptz");
  const std::string chained = sql::explain(
      bound_groups("SELECT max(n) AS most FROM (SELECT id, count(*) AS n FROM source GROUP BY id) g"), OutputMode::kComplete);
  EXPECT_THAT(chained, HasSubstr("· complete: gives every group at the end of each epoch\n      · keeps one row: max(n) as (bigint)\n      · in the tail\n"));
  EXPECT_THAT(chained, HasSubstr("· append: gives each group once, at the end of a bounded run\n"));
  EXPECT_THAT(chained, HasSubstr("· keeps for each (id): count(*) as (bigint); for ever, no watermark bounds it\n"));
}

TEST(Groups, AGroupWithoutAResultIsNamed) {
  const std::string most = "6" + std::string(37, '0');  // two of them have 39 digits, which 128 bits still hold
  const Schema schema = schema_of_text("name text, n numeric(38,0), id int");
  const std::vector<Row> rows{{"a", "1", "1"}, {"b", most, "2"}, {"b", most, "2"}, {"b", "3", "3"}, {"c", "4", "1"}};
  const auto of_two = ask("SELECT name, id, sum(n) AS s FROM source GROUP BY name, id", "", schema, rows, Delivery::kWhole);
  ASSERT_FALSE(of_two.ok());
  EXPECT_EQ(of_two.status().code(), "numeric_value_out_of_range");
  EXPECT_THAT(std::string(of_two.status().detail()), HasSubstr("the group is name = b, id = 2"));
  const auto of_all = ask("SELECT sum(n) AS s FROM source", "", schema, rows, Delivery::kWhole);
  ASSERT_FALSE(of_all.ok());
  EXPECT_THAT(std::string(of_all.status().detail()), HasSubstr("the group is that of all rows"));
}

TEST(Groups, SubqueriesOverStreamsNeedWhatJoinsNeed) {
  using enum OutputMode;
  const auto check = [](const std::string& where, OutputMode mode) {
    return sql::check_mode(*bound_groups("SELECT id, name FROM source AS a WHERE name <> '' AND " + where).memory, mode, "ts");
  };
  const std::string bounded = "EXISTS (SELECT 1 FROM source AS b WHERE b.id = a.id AND b.ts BETWEEN a.ts AND a.ts + INTERVAL '1 minute')";
  EXPECT_TRUE(check(bounded, kAppend).ok()) << check(bounded, kAppend).to_string();
  EXPECT_TRUE(check("NOT " + bounded, kAppend).ok()) << check("NOT " + bounded, kAppend).to_string();
  EXPECT_EQ(check("EXISTS (SELECT 1 FROM source AS b WHERE b.id = a.id)", kAppend).code(), "join_unbounded");
  EXPECT_EQ(check("NOT EXISTS (SELECT 1 FROM source AS b WHERE b.id = a.id)", kAppend).code(), "join_unbounded");
  EXPECT_EQ(check("id IN (SELECT id FROM source)", kAppend).code(), "join_unbounded");
}

}  // namespace
}  // namespace laketide
