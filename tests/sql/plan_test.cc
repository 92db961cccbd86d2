// What a bound query asks to be decoded, how its plan reads, and how many operators it costs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include "sql/query.h"
#include "sql/table_text.h"

namespace laketide {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const sql::SourceTable kSource{"events", schema_of_text("id int, value double, name text, price numeric(10,2)"), "t", true};

sql::BoundQuery bound(std::string_view query, const sql::SourceTable& source = kSource) {
  auto made = sql::parse_query(query, "sql").value().bind(source);
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  return made.value();
}

size_t operators(const sql::BoundQuery& query, const sql::Decoded& decoded) {
  Context context;
  context.memory = arrow::default_memory_pool();
  return query.operators(decoded, context).value().size();
}

TEST(Plan, SelectStarCostsNothing) {
  for (const char* query : {"SELECT * FROM source", "SELECT * FROM events", "SELECT events.* FROM events", "SELECT id, value, name, price FROM source"}) {
    const auto all = bound(query);
    EXPECT_TRUE(all.output->Equals(kSource.schema));
    EXPECT_THAT(all.hidden, IsEmpty());
    EXPECT_EQ(operators(all, sql::decode_for(kSource, {&all, 1}, {})), 0u) << query;
  }
  EXPECT_TRUE(sql::select_all().selects_all());
  EXPECT_FALSE(sql::parse_query("SELECT * FROM source WHERE id = 1", "sql").value().selects_all());
}

const std::vector<sql::StaticTable> kTables{{"products", schema_of_text("id bigint, name text, price numeric(12,4), active boolean")},
                                            {"blocked", schema_of_text("id int, since date")}};

sql::BoundQuery joined(std::string_view query) {
  auto made = sql::parse_query(query, "sql").value().bind(kSource, kTables);
  EXPECT_TRUE(made.ok()) << made.status().to_string();
  return made.value();
}

TEST(Plan, JoinWithAStaticTableReadsKeysOutOfItsCondition) {
  const auto query = joined("SELECT e.id, e.name AS event, p.name AS product FROM events e LEFT JOIN products p ON p.id = e.id AND p.active AND p.price > e.price");
  EXPECT_EQ(query.explain,
            "Project id int, name AS event text, \"p.name\" AS product text\n"
            "└─ Lookup left products on CAST(id AS bigint) = \"p.id\" if \"p.price\" > price\n"
            "   │  · the table as it is when the epoch opens; a replay sees the same version\n"
            "   ├─ Scan events: id int, name text, price numeric(10,2)\n"
            "   └─ Filter active\n"
            "      └─ Project id AS p.id bigint, name AS p.name text, price AS p.price numeric(12,4), active boolean\n"
            "         └─ Table products: id bigint, name text, price numeric(12,4), active boolean");
  EXPECT_THAT(query.columns->field_names(), ElementsAre("id", "name", "price"));
  EXPECT_TRUE(query.output->GetFieldByName("product")->nullable());
}

TEST(Plan, CommaIsAJoinByWhatWhereSaysOfIt) {
  const auto query = joined("SELECT value, p.price FROM products p, source s WHERE s.id = p.id AND value > 1 AND p.name = 'x'");
  EXPECT_EQ(query.explain,
            "Project value double, \"p.price\" AS price numeric(12,4)\n"
            "└─ Filter value > 1\n"
            "   └─ Lookup products on CAST(id AS bigint) = \"p.id\"\n"
            "      │  · the table as it is when the epoch opens; a replay sees the same version\n"
            "      ├─ Scan events: id int, value double\n"
            "      └─ Filter \"p.name\" = 'x'\n"
            "         └─ Project id AS p.id bigint, name AS p.name text, price AS p.price numeric(12,4)\n"
            "            └─ Table products: id bigint, name text, price numeric(12,4)");
}

TEST(Plan, ColumnsOfUsingComeOnceAndFirst) {
  const auto query = joined("SELECT * FROM events JOIN (SELECT id, active FROM products) p USING (id)");
  EXPECT_THAT(query.output->field_names(), ElementsAre("id", "value", "name", "price", "active"));
  EXPECT_THAT(joined("SELECT b.*, n FROM (SELECT id, since FROM blocked) b RIGHT JOIN (SELECT id AS n FROM events) e ON b.id = n").output->field_names(),
              ElementsAre("id", "since", "n"));
}

TEST(Plan, SubqueriesBecomeMarks) {
  const auto query = joined("SELECT id FROM source WHERE id NOT IN (SELECT id FROM blocked) OR EXISTS (SELECT 1 FROM products p WHERE p.name = events.name)");
  EXPECT_EQ(query.explain,
            "Project id int\n"
            "└─ Filter (NOT \"in #1\") OR \"exists #2\"\n"
            "   └─ Lookup mark products on name = \"p.name\" AS exists #2\n"
            "      │  · the table as it is when the epoch opens; a replay sees the same version\n"
            "      ├─ Lookup mark blocked on id = \"in.id\" AS in #1\n"
            "      │  │  · the table as it is when the epoch opens; a replay sees the same version\n"
            "      │  ├─ Scan events: id int, name text\n"
            "      │  └─ Project id AS in.id int\n"
            "      │     └─ Project id int\n"
            "      │        └─ Table blocked: id int\n"
            "      └─ Project name AS p.name text\n"
            "         └─ Table products: name text");
}

TEST(Plan, GroupsOfAJoinAreToldApartByTheirTable) {
  const auto query = joined("SELECT p.name, e.name AS event, count(*) AS n FROM events e JOIN products p USING (id) GROUP BY p.name, e.name");
  EXPECT_THAT(query.output->field_names(), ElementsAre("name", "event", "n"));
  EXPECT_THAT(query.key, ElementsAre("name", "event"));
  const auto refused = sql::parse_query("SELECT e.name, count(*) AS n FROM events e JOIN products p USING (id) GROUP BY p.name", "sql").value().bind(kSource, kTables);
  EXPECT_EQ(refused.status().code(), "sql_grouping");
}

TEST(Plan, OnlyNeededColumnsAreDecoded) {
  const auto query = bound("SELECT name FROM source WHERE value > 1");
  EXPECT_THAT(query.columns->field_names(), ElementsAre("value", "name"));
  EXPECT_THAT(query.output->field_names(), ElementsAre("name"));
  EXPECT_THAT(query.hidden, IsEmpty());
  const auto decoded = sql::decode_for(kSource, {&query, 1}, {});
  EXPECT_EQ(operators(query, decoded), 1u);  // the filter drops the column that it alone needs
}

TEST(Plan, ProjectionPushedDownIsNoOperator) {
  const auto query = bound("SELECT id, name FROM source");
  EXPECT_EQ(operators(query, sql::decode_for(kSource, {&query, 1}, {"_offset"})), 0u);
}

TEST(Plan, QueryThatCanFailAsksForPlaces) {
  EXPECT_THAT(bound("SELECT 10 / id AS x FROM source").hidden, UnorderedElementsAre("_partition", "_offset", "_timestamp"));
  EXPECT_THAT(bound("SELECT upper(name) AS x, value > 3 AS y FROM source").hidden, IsEmpty());
  sql::SourceTable several = kSource;
  several.topic.clear();
  EXPECT_THAT(bound("SELECT id FROM source WHERE id + 1 > 2", several).hidden, UnorderedElementsAre("_topic", "_partition", "_offset", "_timestamp"));
  sql::SourceTable made = kSource;
  made.pseudo_columns = false;
  EXPECT_THAT(bound("SELECT id + 1 AS x FROM source", made).hidden, IsEmpty());
  EXPECT_FALSE(sql::parse_query("SELECT _offset FROM source", "sql").value().bind(made).ok());
}

TEST(Plan, PseudoColumnsAreAskedForByName) {
  const auto query = bound("SELECT id, _key FROM source WHERE _offset > 5");
  EXPECT_THAT(query.hidden, UnorderedElementsAre("_key", "_offset"));
  EXPECT_EQ(query.output->field(1)->type()->id(), arrow::Type::BINARY);
}

TEST(Plan, QueriesBehindOneDecoderShareItsColumns) {
  const std::vector<sql::BoundQuery> queries{bound("SELECT price FROM source"), bound("SELECT id / 2 AS half FROM source")};
  const auto decoded = sql::decode_for(kSource, queries, {"_topic", "_offset"});
  EXPECT_THAT(decoded.columns->field_names(), ElementsAre("id", "price"));
  EXPECT_THAT(decoded.hidden, UnorderedElementsAre("_partition", "_offset", "_timestamp", "_topic"));
  EXPECT_EQ(operators(queries[0], decoded), 1u);  // it must drop what the other one needs
}

TEST(Plan, TypesOfTheResult) {
  const auto query = bound(
      "SELECT id + 1 AS a, id + 3000000000 AS b, id / 2.0 AS c, price * price AS d, value * id AS e, 'x' AS f, price > 1 AS g, "
      "CASE WHEN id > 0 THEN price ELSE id END AS h, round(price) AS i FROM source");
  std::vector<std::string> types;
  for (const auto& field : query.output->fields()) types.push_back(expr::Type::of(*field).name());
  EXPECT_THAT(types, ElementsAre("int", "bigint", "numeric(27,16)", "numeric(20,4)", "double", "text", "boolean", "numeric(12,2)", "numeric(9,0)"));
}

TEST(Plan, ReadsAsATree) {
  EXPECT_EQ(bound("SELECT id * 2 AS twice, name FROM events WHERE price > 1.5 AND name LIKE 'a%'").explain,
            "Project id * 2 AS twice int, name text\n"
            "└─ Filter (price > 1.5) AND (name LIKE 'a%')\n"
            "   └─ Scan events: id int, name text, price numeric(10,2); hidden _offset, _partition, _timestamp");
}

TEST(Plan, TableNamesAreCheckedWithoutASchema) {
  const std::vector<std::string> names{"events", "source", "result"};
  const auto check = [&](const char* query) { return sql::parse_query(query, "sql").value().check_tables(names); };
  EXPECT_TRUE(check("SELECT a FROM result").ok());
  EXPECT_TRUE(check("WITH x AS (SELECT b FROM events) SELECT * FROM (SELECT c FROM x) AS y").ok());
  const Status wrong = check("SELECT a FROM (SELECT b FROM evnts) x");
  EXPECT_EQ(wrong.code(), "sql_unknown_table");
  EXPECT_EQ(wrong.detail(), "sql:1:30: there is no table 'evnts'; there is: events, source, result");
}

TEST(Plan, QuotedSourceNames) {
  sql::SourceTable odd = kSource;
  odd.name = "kol-profiles-raw";
  EXPECT_EQ(bound("SELECT \"kol-profiles-raw\".id FROM \"kol-profiles-raw\"", odd).output->num_fields(), 1);
}

}  // namespace
}  // namespace laketide
