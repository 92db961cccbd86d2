// What is refused when a pipeline is deployed: at which place, and what the message tells to write instead.
#include <array>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/query.h"
#include "sql/table_text.h"

namespace laketide {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Refusal {
  const char* query;
  const char* code;
  const char* place;  // line:column
  const char* hint;   // part of the message
};

const Refusal kRefusals[] = {
    // Not PostgreSQL's grammar.
    {"SELECT a b c FROM source", "sql_syntax", "1:12", "syntax error at or near \"c\""},
    {"SELECT id\nFROM source\nWHERE", "sql_syntax", "3:6", "end of input"},
    {"SELECT 'ä', id, FROM source", "sql_syntax", "1:17", "a comma too many before FROM"},
    {"FROM source SELECT id", "sql_syntax", "1:1", "begins with SELECT"},
    {"", "sql_syntax", "1:1", "leave sql: out"},
    {"-- nothing\n", "sql_syntax", "1:1", "SELECT * FROM source"},
    {"SELECT * FROM source; SELECT 1", "sql_unsupported", "1:22", "one query"},
    {"INSERT INTO t VALUES (1)", "sql_unsupported", "1:1", "under sinks:"},
    // Habits from Spark and elsewhere.
    {"SELECT offset FROM source", "sql_syntax", "1:15", "_offset"},
    {"SELECT id, window(ts, '10 seconds') FROM source", "sql_syntax", "1:12", "tumble(ts, INTERVAL '10 seconds')"},
    {"SELECT explode(name) FROM source", "sql_function", "1:8", "unnest(string_to_array("},
    {"SELECT CAST(b AS text) FROM source", "sql_type", "1:8", "convert_from(…, 'UTF8')"},
    {"SELECT b::int AS x FROM source", "sql_type", "1:9", "convert_from"},
    {"SELECT `id` FROM source", "sql_syntax", "1:13", "\"…\""},
    {"SELECT id FROM source WHERE name == 'a'", "sql_function", "1:34", "write ="},
    {"SELECT id FROM source WHERE id <=> 3", "sql_function", "1:32", "IS NOT DISTINCT FROM"},
    {"SELECT id FROM source WHERE name = \"a\"", "sql_unknown_column", "1:36", "single quotes: 'a'"},
    {"SELECT name RLIKE 'x' FROM source", "sql_syntax", "1:19", "write x ~ 'pattern'"},
    {"SELECT nvl(id, 0) AS x FROM source", "sql_function", "1:8", "COALESCE"},
    {"SELECT if(ok, 1, 2) AS x FROM source", "sql_function", "1:8", "CASE WHEN"},
    {"SELECT CAST(name AS string) FROM source", "sql_type", "1:21", "write text"},
    {"SELECT INTERVAL 10 SECONDS FROM source", "sql_syntax", "1:17", "INTERVAL '10 seconds'"},
    {"SELECT current_timestamp() FROM source", "sql_syntax", "1:26", "stands without parentheses"},
    {"SELECT clock_timestamp() AS t FROM source", "sql_function", "1:8", "write now()"},
    {"SELECT timeofday() AS t FROM source", "sql_function", "1:8", "a replay has again"},
    {"SELECT current_time FROM source", "sql_unsupported", "1:8", "write localtime"},
    {"SELECT current_user FROM source", "sql_unsupported", "1:8", "_pipeline"},
    {"SELECT rand() AS r FROM source", "sql_function", "1:8", "write random()"},
    {"SELECT uuid() AS u FROM source", "sql_function", "1:8", "gen_random_uuid()"},
    {"SELECT random(1, 6) AS r FROM source", "sql_function", "1:8", "a + random() * (b - a)"},
    {"SELECT count(*) AS n, random() AS r FROM source", "sql_function", "1:23", "inside the aggregate"},
    {"SELECT n, gen_random_uuid() AS u FROM (SELECT id, count(*) AS n FROM source GROUP BY id) s", "sql_function", "1:11", "AS r in a SELECT in FROM"},
    {"SELECT to_date(name, 'YYYY TMMonth') AS d FROM source", "sql_unsupported", "1:8", "TM"},
    {"SELECT to_timestamp(name, 'YYYY-MM-DD HH24:MI TZ') AS d FROM source", "sql_unsupported", "1:8", "to_char alone"},
    {"SELECT try_cast(name, 'int') FROM source", "sql_function", "1:8", "TRY_CAST(x AS type)"},
    {"SELECT id FROM source LATERAL VIEW explode(name) t AS x", "sql_syntax", "1:23", "unnest"},
    // Names.
    {"SELECT nmae FROM source", "sql_unknown_column", "1:8", "did you mean name?"},
    {"SELECT userId FROM source", "sql_unknown_column", "1:8", "\"userId\""},
    {"SELECT _ofset FROM source", "sql_unknown_column", "1:8", "did you mean _offset?"},
    {"SELECT id FROM evnts", "sql_unknown_table", "1:16", "did you mean \"events\"?"},
    {"SELECT e.id FROM source AS e WHERE events.id > 1", "sql_unknown_table", "1:36", "write e"},
    {"SELECT x.id FROM (SELECT id + 1 AS id2 FROM source) x", "sql_unknown_column", "1:8", "there is: id2"},
    {"SELECT lenght(name) FROM source", "sql_function", "1:8", "did you mean length?"},
    {"SELECT id + 1 FROM source", "sql_name", "1:11", "AS name"},
    {"SELECT id, id FROM source", "sql_name", "1:12", "'id'"},
    {"SELECT *, id FROM source", "sql_name", "1:11", "'id'"},
    {"SELECT id AS _offset FROM source", "sql_name", "1:8", "choose another name"},
    {"SELECT id AS _epoch FROM source", "sql_name", "1:8", "choose another name"},
    {"SELECT _epoc FROM source", "sql_unknown_column", "1:8", "did you mean _epoch?"},
    {"SELECT _epoch, count(*) AS n FROM source", "sql_grouping", "1:8", "max(_epoch)"},
    // Types.
    {"SELECT id + name AS x FROM source", "sql_function", "1:11", "CAST(… AS int)"},
    {"SELECT (|| id) AS x FROM source", "sql_function", "1:9", "||"},
    {"SELECT (|| name) AS x FROM source", "sql_function", "1:9", "||"},
    {"SELECT \"NULLIF\"(id) AS x FROM source", "sql_unsupported", "1:8", "without double quotes"},
    {"SELECT \"BETWEEN\"(id) AS x FROM source", "sql_unsupported", "1:8", "without double quotes"},
    {"SELECT \"CASE\"() AS x FROM source", "sql_unsupported", "1:8", "without double quotes"},
    {"SELECT lower(id) FROM source", "sql_function", "1:8", "lower(text)"},
    {"SELECT id FROM source WHERE v", "sql_type", "1:29", "<> 0"},
    {"SELECT NOT id AS x FROM source", "sql_type", "1:12", "NOT needs a condition"},
    {"SELECT id FROM source WHERE id = 'abc'", "invalid_text_representation", "1:34", "type int"},
    {"SELECT id FROM source WHERE ts > '2024-99-01'", "datetime_field_overflow", "1:34", "timestamptz out of range"},
    {"SELECT CASE WHEN ok THEN ts ELSE id END AS x FROM source", "sql_type", "1:8", "timestamptz and int"},
    {"SELECT COALESCE(id, 'x') AS x FROM source", "invalid_text_representation", "1:21", "type int"},
    {"SELECT name::numeric FROM source", "sql_type", "1:12", "numeric(38,9)"},
    {"SELECT v::numeric(50,2) FROM source", "sql_type", "1:11", "1 to 38 digits"},
    {"SELECT name::varchar(10) FROM source", "sql_type", "1:14", "left(x, n)"},
    {"SELECT round(n, id) FROM source", "sql_type", "1:8", "must be a constant"},
    {"SELECT 1 / 0 AS x FROM source", "division_by_zero", "1:10", "1 / 0"},
    // Groups.
    {"SELECT id, count(*) FROM source", "sql_grouping", "1:8", "group by it, or write max(id)"},
    {"SELECT id FROM source GROUP BY name", "sql_grouping", "1:8", "'id' is neither in GROUP BY nor inside an aggregate"},
    {"SELECT id + v AS x FROM source GROUP BY id", "sql_grouping", "1:13", "'v'"},
    {"SELECT id FROM source GROUP BY id HAVING v > 1", "sql_grouping", "1:42", "max(v)"},
    {"SELECT nothing FROM source GROUP BY id", "sql_unknown_column", "1:8", "there is: id"},
    {"SELECT * FROM source GROUP BY id", "sql_grouping", "1:8", "name the columns"},
    {"SELECT id FROM source GROUP BY 2", "sql_grouping", "1:32", "from 1 to 1"},
    {"SELECT id FROM source GROUP BY 1.5", "sql_grouping", "1:32", "a place in the select list"},
    {"SELECT id FROM source GROUP BY 'id'", "sql_grouping", "1:32", "makes no groups"},
    {"SELECT count(*) AS many FROM source GROUP BY many", "sql_grouping", "1:8", "an outer SELECT"},
    {"SELECT id FROM source WHERE count(*) > 1 GROUP BY id", "sql_grouping", "1:29", "write HAVING"},
    {"SELECT sum(count(*)) AS x FROM source", "sql_grouping", "1:12", "inside another aggregate"},
    {"SELECT id FROM source GROUP BY ROLLUP (id)", "sql_unsupported", "1:32", "GROUPING SETS"},
    {"SELECT id FROM source GROUP BY ()", "sql_unsupported", "1:32", "GROUPING SETS"},
    {"SELECT count() AS n FROM source", "sql_function", "1:8", "write count(*)"},
    {"SELECT sum(name) AS x FROM source", "sql_function", "1:8", "there is no sum(text); there is: sum("},
    {"SELECT cuont(id) AS x FROM source", "sql_function", "1:8", "did you mean count?"},
    {"SELECT upper(DISTINCT name) AS x FROM source", "sql_function", "1:8", "DISTINCT belongs to an aggregate"},
    {"SELECT lower(name) FILTER (WHERE ok) AS x FROM source", "sql_function", "1:8", "FILTER belongs to an aggregate"},
    {"SELECT count(*) FILTER (WHERE id) AS x FROM source", "sql_type", "1:31", "FILTER needs a condition"},
    {"SELECT count(*) OVER () AS x FROM source", "sql_unsupported", "1:8", "window functions"},
    {"SELECT string_agg(name, ',' ORDER BY id) AS x FROM source", "sql_unsupported", "1:8", "topic, partition and offset"},
    {"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) AS x FROM source", "sql_unsupported", "1:8", "percentile(x, 0.5)"},
    {"SELECT row_number() OVER (ORDER BY id) AS x FROM source", "sql_unsupported", "1:8", "WHERE x <= 10"},
    {"SELECT rank(id) AS x FROM source", "sql_function", "1:8", "GROUP BY with an aggregate"},
    {"SELECT count_if(ok) AS x FROM source", "sql_function", "1:8", "FILTER (WHERE condition)"},
    {"SELECT id AS _change FROM source", "sql_name", "1:8", "choose another name"},
    {"SELECT id, _offset FROM (SELECT id FROM source GROUP BY id) g", "sql_unknown_column", "1:12", "many records"},
    {"SELECT first(n) AS x FROM (SELECT id, count(*) AS n FROM source GROUP BY id) g", "sql_unsupported", "1:8", "order of rows"},
    {"SELECT _headers FROM source GROUP BY _headers", "sql_type", "1:38", "GROUP BY needs values that can be compared"},
    // Windows.
    {"SELECT window_start FROM source GROUP BY id", "sql_unknown_column", "1:8", "write GROUP BY tumble("},
    {"SELECT tumble(ts, INTERVAL '1 hour') AS w FROM source", "sql_grouping", "1:8", "window_start and window_end"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(ts)", "sql_function", "1:43", "tumble(ts, INTERVAL '10 seconds')"},
    {"SELECT count(*) AS n FROM source GROUP BY hop(ts, INTERVAL '1 hour')", "sql_function", "1:43", "the slide, the size"},
    {"SELECT count(*) AS n FROM source GROUP BY session(ts, INTERVAL '1 hour', INTERVAL '1 hour')", "sql_function", "1:43", "the gap"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(id, INTERVAL '1 hour')", "sql_type", "1:50", "AS timestamptz"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(ts, 10)", "sql_window", "1:54", "INTERVAL '10 seconds'"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(ts, INTERVAL '1 month')", "sql_window", "1:63", "differ in length"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(ts, INTERVAL '10 parsecs')", "sql_window", "1:63", "not an interval"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(ts, INTERVAL '0 s')", "sql_window", "1:54", "more than nothing"},
    {"SELECT count(*) AS n FROM source GROUP BY session(ts, INTERVAL '-1 s')", "sql_window", "1:55", "more than nothing"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(ts, INTERVAL '1 h', INTERVAL '1 h')", "sql_window", "1:70", "less than the window's size"},
    {"SELECT count(*) AS n FROM source GROUP BY hop(ts, INTERVAL '2 h', INTERVAL '1 h')", "sql_window", "1:51", "the slide comes first"},
    {"SELECT count(*) AS n FROM source GROUP BY hop(ts, INTERVAL '1 ms', INTERVAL '1 h')", "sql_window", "1:51", "a longer slide"},
    {"SELECT count(*) AS n FROM source GROUP BY tumble(ts, INTERVAL '1 h'), session(ts, INTERVAL '1 h')", "sql_grouping", "1:71", "one window"},
    {"SELECT tumble_start(ts) AS w FROM source GROUP BY id", "sql_function", "1:8", "window_start"},
    // What comes later.
    // Order.
    {"SELECT DISTINCT ON (id) id, v FROM source ORDER BY v", "sql_order", "1:52", "begins with the columns of DISTINCT ON"},
    {"SELECT DISTINCT ON (id, name) id, v FROM source ORDER BY id, v", "sql_order", "1:62", "begins with the columns of DISTINCT ON"},
    {"SELECT DISTINCT ON (id) id FROM (SELECT id, count(*) AS n FROM source GROUP BY id) g", "sql_order", "1:21", "say which one by ORDER BY"},
    {"SELECT DISTINCT id FROM source ORDER BY v", "sql_order", "1:41", "a column of the select list"},
    {"SELECT id FROM source ORDER BY 2", "sql_order", "1:32", "from 1 to 1"},
    {"SELECT id FROM source ORDER BY 'id'", "sql_order", "1:32", "orders nothing"},
    {"SELECT id FROM source ORDER BY nothing", "sql_unknown_column", "1:32", "there is: id"},
    {"SELECT id FROM source ORDER BY _headers", "sql_type", "1:32", "ORDER BY needs values that can be compared"},
    {"SELECT id FROM source UNION ALL SELECT id FROM source ORDER BY id + 1", "sql_order", "1:67", "put the UNION into FROM"},
    {"SELECT id FROM source LIMIT id", "sql_unsupported", "1:29", "written down"},
    {"SELECT id FROM source LIMIT -1", "sql_unsupported", "1:29", "0 or more"},
    {"SELECT id FROM source OFFSET 1.5", "sql_unsupported", "1:30", "whole number"},
    {"SELECT id FROM source ORDER BY id FETCH FIRST 2 ROWS WITH TIES", "sql_unsupported", "1:8", "write LIMIT"},
    {"SELECT rank() OVER (ORDER BY id) AS x FROM source", "sql_unsupported", "1:8", "rank(…) OVER is not supported"},
    {"SELECT id, 1 + row_number() OVER (ORDER BY id) AS x FROM source", "sql_unsupported", "1:16", "in a SELECT in FROM"},
    {"SELECT id, row_number() OVER (ORDER BY id) AS rn FROM source LIMIT 3", "sql_unsupported", "1:12", "write them around it"},
    {"SELECT id, row_number() OVER (ORDER BY id) AS rn, row_number() OVER (ORDER BY v) AS r2 FROM source", "sql_unsupported", "1:12", "WHERE rn <= 10"},
    {"SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) AS rn FROM source) x WHERE rn > 3", "sql_unsupported", "1:27", "how many to keep"},
    {"SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) AS rn FROM source) x WHERE rn <= 3 OR id = 1", "sql_unsupported", "1:27", "how many to keep"},
    {"SELECT * FROM (SELECT id, row_number() OVER (ORDER BY id) AS rn FROM source) x WHERE rn <= 20000", "sql_unsupported", "1:27", "up to 10000"},
    {"SELECT id, count(*) AS n, row_number() OVER (ORDER BY id) AS rn FROM source GROUP BY id", "sql_unsupported", "1:27", "in a SELECT in FROM"},
    {"SELECT id FROM source UNION ALL SELECT id, v FROM source", "sql_type", "1:40", "1 in the first, 2 here"},
    {"SELECT id FROM source UNION ALL SELECT 'x' FROM source", "invalid_text_representation", "1:40", "invalid input syntax for type int"},
    {"SELECT id FROM source UNION ALL SELECT ts FROM source", "sql_type", "1:40", "'id' of the UNION is int in one SELECT and timestamptz in another"},
    {"SELECT _offset FROM (SELECT count(*) AS n FROM source UNION ALL SELECT id FROM source) u", "sql_unknown_column", "1:8", "as _offset AS place"},
    {"SELECT name, count(*) AS n FROM source GROUP BY name UNION ALL SELECT id, v FROM source", "sql_type", "1:71", "'name' of the UNION is text in one SELECT and int in another"},
    {"SELECT id FROM source EXCEPT SELECT id FROM source", "sql_unsupported", "1:37", "a condition in WHERE"},
    {"SELECT count(unnest(string_to_array(name, ' '))) AS n FROM source", "sql_grouping", "1:14", "in a SELECT in FROM"},
    // Joins.
    {"SELECT a.id FROM source a LEFT JOIN source b ON a.id / b.id = 1", "sql_unsupported", "1:37", "can fail for a pair of rows"},
    {"SELECT id FROM source, source", "sql_name", "1:24", "two tables are called 'source'"},
    {"SELECT name FROM source JOIN users ON id = user_id", "sql_name", "1:8", "write source.name or users.name"},
    {"SELECT u.v FROM source JOIN users u ON id = user_id", "sql_unknown_column", "1:8", "there is: id, v, name"},
    {"SELECT u._offset FROM source JOIN users u ON id = user_id", "sql_unknown_column", "1:8", "'_offset'"},
    {"SELECT id FROM source JOIN (SELECT user_id, now() AS at FROM users) u ON id = user_id", "sql_unsupported", "1:45", "in the condition of the join"},
    {"SELECT id FROM source JOIN (SELECT user_id, _epoch AS e FROM users) u ON id = user_id", "sql_unknown_column", "1:45", "outside of it"},
    {"SELECT id FROM source JOIN (SELECT user_id, random() AS r FROM users) u ON id = user_id", "sql_function", "1:45", "where the records are read"},
    {"SELECT a.id, b._epoch FROM source a JOIN source b ON a.id = b.id", "sql_unknown_column", "1:14", "_epoch AS read_in"},
    {"SELECT a.id FROM source a JOIN source b ON a.id = b.id AND _epoch > 1", "sql_unsupported", "1:32", "before it is found"},
    {"SELECT a.id, random() AS r FROM source a JOIN source b ON a.id = b.id", "sql_function", "1:14", "pairs of streams"},
    {"SELECT x.id FROM source JOIN users u ON id = user_id", "sql_unknown_table", "1:8", "source, u"},
    {"SELECT * FROM source JOIN users USING (name, nmae)", "sql_unknown_column", "1:27", "did you mean name?"},
    {"SELECT * FROM source NATURAL JOIN users", "sql_unsupported", "1:35", "USING (id)"},
    {"SELECT * FROM users LEFT JOIN source ON id = user_id", "sql_unsupported", "1:31", "stream LEFT JOIN table"},
    {"SELECT * FROM source FULL JOIN users ON id = user_id", "sql_unsupported", "1:32", "stream LEFT JOIN table"},
    {"SELECT * FROM users JOIN cities ON city = code JOIN source ON id = user_id", "sql_unsupported", "1:26", "the stream with the first"},
    {"SELECT * FROM source JOIN (SELECT city, count(*) AS n FROM users GROUP BY city) u ON name = city", "sql_unsupported", "1:35", "the table's own query"},
    {"SELECT * FROM source JOIN users ON id = user_id", "sql_name", "1:8", "two columns are called 'name'"},
    {"SELECT * FROM users", "sql_unsupported", "1:1", "reads static tables alone"},
    {"SELECT id FROM source UNION ALL SELECT user_id FROM users", "sql_unsupported", "1:40", "join with it"},
    {"SELECT id FROM source JOIN users ON name", "sql_name", "1:37", "source.name or users.name"},
    {"SELECT id FROM source JOIN users ON id", "sql_type", "1:37", "ON needs a condition"},
    {"SELECT id IN (SELECT user_id FROM users) AS x FROM source", "sql_unsupported", "1:11", "stands in WHERE"},
    {"SELECT id FROM source WHERE id = (SELECT max(user_id) FROM users)", "sql_unsupported", "1:34", "LEFT JOIN t ON"},
    {"SELECT id FROM source WHERE ok OR id IN (SELECT id FROM source)", "sql_unsupported", "1:49", "'events' is a stream"},
    {"SELECT id FROM source WHERE id NOT IN (SELECT id FROM source)", "sql_unsupported", "1:32", "write NOT EXISTS"},
    {"SELECT a.id FROM source a WHERE NOT EXISTS (SELECT 1 FROM source b WHERE a.id / b.id = 1)", "sql_unsupported", "1:37", "can fail for a pair"},
    {"SELECT id FROM source WHERE id IN (SELECT user_id, city FROM users)", "sql_type", "1:43", "has one column"},
    {"SELECT id FROM source WHERE id IN (SELECT city FROM users)", "sql_type", "1:32", "int with text"},
    {"SELECT id FROM source WHERE EXISTS (SELECT 1 FROM users GROUP BY city)", "sql_unsupported", "1:29", "a plain SELECT"},
    {"SELECT id FROM source WHERE EXISTS (SELECT 1 FROM users WHERE user_id = x.id)", "sql_unknown_table", "1:73", "write source"},
    {"SELECT ARRAY[] AS x FROM source", "sql_type", "1:8", "'{}'::text[]"},
    {"SELECT ARRAY[1, true] AS x FROM source", "sql_type", "1:8", "cast them to one type"},
    {"SELECT (ARRAY[1, 2])[1:2] AS x FROM source", "sql_unsupported", "1:9", "an element is a[1]"},
    {"SELECT id = ANY (name) AS x FROM source", "sql_type", "1:11", "ANY (ARRAY[a, b])"},
    {"SELECT array_length(name, 1) AS x FROM source", "sql_function", "1:8", "array_length(anyarray, int)"},
    {"SELECT id FROM schema1.source", "sql_unsupported", "1:16", "no schema"},
    {"SELECT id", "sql_unsupported", "1:10", "FROM source"},
};

Result<sql::BoundQuery> bind_refused(std::string_view query) {
  const sql::SourceTable source{
      "events", schema_of_text("id int, v double, name text, n numeric(10,2), ts timestamptz, b bytea, ok boolean, userId bigint"), "t", true};
  const std::vector<sql::StaticTable> tables{{"users", schema_of_text("user_id int, name text, city text")}, {"cities", schema_of_text("code text, land text")}};
  LT_ASSIGN_OR_RETURN(const sql::Query parsed, sql::parse_query(query, "a.yaml: sql"));
  return parsed.bind(source, tables);
}

class Refusals : public testing::TestWithParam<Refusal> {};

TEST_P(Refusals, NameThePlaceAndWhatToWriteInstead) {
  const auto made = bind_refused(GetParam().query);
  ASSERT_FALSE(made.ok()) << GetParam().query;
  EXPECT_EQ(made.status().fault(), Fault::kUser);
  EXPECT_EQ(made.status().code(), GetParam().code);
  EXPECT_THAT(std::string(made.status().detail()), StartsWith(std::string("a.yaml: sql:") + GetParam().place + ": "));
  EXPECT_THAT(std::string(made.status().detail()), HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(Queries, Refusals, testing::ValuesIn(kRefusals));

TEST(Refusals, HostileTextIsRefusedNotRun) {
  const std::string deep(400'000, '('), nots = [] {
    std::string text = "SELECT ";
    for (int i = 0; i < 9'000; ++i) text += "NOT ";
    return text + "ok AS x FROM source";
  }();
  for (const std::string& query : {"SELECT " + deep, std::string("SELECT 1\0 AS x", 14), nots, "SELECT '" + deep, "SELECT 1 AS x FROM source /* " + deep,
                                   std::string("SELECT \xff\xfe FROM source"), std::string("SELECT $$"), std::string("\"")}) {
    const auto made = bind_refused(query);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.status().fault(), Fault::kUser) << made.status().to_string().substr(0, 200);
  }
}

}  // namespace
}  // namespace laketide
