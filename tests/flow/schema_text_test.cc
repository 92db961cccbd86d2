#include "flow/schema_text.h"

#include <gtest/gtest.h>

#include <arrow/type.h>

namespace laketide {
namespace {

std::string round_trip(const std::string& text) {
  auto schema = parse_schema_text(text);
  if (!schema.ok()) return std::string(schema.status().detail());
  const std::string printed = to_schema_text(**schema);
  auto again = parse_schema_text(printed);
  EXPECT_TRUE(again.ok() && (*again)->Equals(**schema, true)) << printed;
  return printed;
}

TEST(SchemaText, ReadsAndWritesEveryType) {
  const std::string all =
      "a boolean, b smallint, c int not null, d bigint, e real, f double, g numeric(10,2), h text, i bytea, j date, k time, "
      "l timestamp, m timestamptz not null, n uuid, o jsonb, p int[], q text[] not null, r jsonb[]";
  EXPECT_EQ(round_trip(all), all);
}

TEST(SchemaText, ReadsOtherSpellings) {
  EXPECT_EQ(round_trip("A INTEGER NOT NULL , b int8 null,c double precision, d varchar(20), e timestamp with time zone, f timestamp(3), "
                       "g decimal(5), h character varying (9), i time without time zone, \"not\" bool"),
            "A int not null, b bigint, c double, d text, e timestamptz, f timestamp, g numeric(5,0), h text, i time, not boolean");
}

TEST(SchemaText, QuotesNamesThatNeedIt) {
  EXPECT_EQ(round_trip("\"odd name\" int, \"q\"\"q\" text, größe int"), "\"odd name\" int, \"q\"\"q\" text, größe int");
}

TEST(SchemaText, ReadsAndWritesStructs) {
  const std::string nested = "a struct<b int, c text> not null, \"d e\" struct<\"f g\" jsonb not null, h struct<i numeric(5,2)[], j uuid>[]>, k int";
  EXPECT_EQ(round_trip(nested), nested);
  EXPECT_EQ(round_trip("a STRUCT<b: INT, c:STRUCT< d : timestamp_ntz>[] NOT NULL >"), "a struct<b int, c struct<d timestamp>[] not null>");
  const auto schema = parse_schema_text("a struct<_offset int, b jsonb>");
  ASSERT_TRUE(schema.ok());  // within a struct a name is its own
  EXPECT_TRUE(is_jsonb(*(*schema)->field(0)->type()->field(1)));
}

TEST(SchemaText, SaysWhereAStructIsWrong) {
  EXPECT_EQ(round_trip("a struct"), "the schema of column \"a\", at character 9: a struct names its members: struct<b int, c text>");
  EXPECT_EQ(round_trip("a struct<b int, c struct<d dobule>>"), "the schema of column \"a.c.d\", at character 28: there is no type dobule; did you mean double?");
  EXPECT_EQ(round_trip("a struct<b int, B int>"), "the schema of column \"a.B\", at character 18: this name occurs twice (upper and lower case count as the same)");
  EXPECT_EQ(round_trip("a struct<b int"), "the schema of column \"a.b\", at character 15: a comma or > was expected");
  EXPECT_EQ(round_trip("a array<int>"), "the schema of column \"a\", at character 3: an array is written type[], as in text[] or struct<b int, c text>[]");
  EXPECT_EQ(round_trip("a row(b int)"), "the schema of column \"a\", at character 3: a struct is written struct<b int, c text>");
  EXPECT_EQ(round_trip("a map<text, int>"), "the schema of column \"a\", at character 3: there is no type map: write jsonb, whose members need no names in advance");
  std::string deep = "int", arrays = "int";
  for (int i = 0; i < 32; ++i) deep = "struct<a " + deep + ">", arrays += "[]";
  EXPECT_EQ(round_trip("a " + deep), "a " + deep);
  EXPECT_EQ(round_trip("a " + arrays), "a " + arrays);
  EXPECT_NE(round_trip("a struct<a " + deep + ">").find("nested deeper than 32; take jsonb"), std::string::npos);
  EXPECT_NE(round_trip("a " + arrays + "[]").find("nested deeper than 32; take jsonb"), std::string::npos);
}

TEST(SchemaText, MarksWhatArrowCannotTell) {
  auto schema = parse_schema_text("a jsonb, b uuid, c text");
  ASSERT_TRUE(schema.ok());
  EXPECT_TRUE(is_jsonb(*(*schema)->field(0)));
  EXPECT_TRUE(is_uuid(*(*schema)->field(1)));
  EXPECT_FALSE(is_jsonb(*(*schema)->field(2)) || is_uuid(*(*schema)->field(2)));
  EXPECT_EQ((*schema)->field(0)->type()->id(), arrow::Type::STRING);
}

TEST(SchemaText, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(round_trip("id int, value dobule"),
            "the schema of column \"value\", at character 15: there is no type dobule; did you mean double?");
  EXPECT_EQ(round_trip("a blob7x"), "the schema of column \"a\", at character 3: there is no type blob7x; for example text, bigint, timestamptz");
  EXPECT_EQ(round_trip(""), "the schema, at character 1: a column name is missing; write `name type [not null], …`");
  EXPECT_EQ(round_trip("a int, A text"),
            "the schema of column \"A\", at character 14: this name occurs twice (upper and lower case count as the same)");
  EXPECT_EQ(round_trip("a int b"), "the schema of column \"a\", at character 7: a comma or the end was expected");
  EXPECT_EQ(round_trip("a numeric"), "the schema of column \"a\", at character 10: numeric needs its precision and scale, for example numeric(18,2)");
  EXPECT_EQ(round_trip("a numeric(39,2)"),
            "the schema of column \"a\", at character 16: numeric(p,s) takes a precision of 1 to 38 and a scale of 0 to the precision");
  EXPECT_EQ(round_trip("_offset bigint"), "the schema of column \"_offset\", at character 1: this name belongs to a pseudo-column; choose another");
  EXPECT_EQ(round_trip("a int not"), "the schema of column \"a\", at character 10: `not` is followed by `null`");
  EXPECT_EQ(round_trip("\"a int"), "the schema, at character 7: a quoted name does not end; close it with \"");
  EXPECT_EQ(round_trip("a int,"), "the schema, at character 7: a column name is missing; write `name type [not null], …`");
}

}  // namespace
}  // namespace laketide
