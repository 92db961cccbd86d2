#include <gtest/gtest.h>

#include <arrow/array/array_base.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

#include "flow/schema_text.h"
#include "formats/json/json_format.h"
#include "support/sample_records.h"

namespace laketide::json {
namespace {


/// A decoder with all that it needs. Confined to its task.
class Decoding {
 public:
  explicit Decoding(JsonFormatOptions options, std::vector<std::string> hidden = {}, std::vector<std::string> columns = {}) {
    context_.memory = arrow::default_memory_pool();
    auto format = make_json_format(std::move(options));
    EXPECT_TRUE(format.ok()) << format.status().to_string();
    Schema wanted = (*format)->schema();
    if (!columns.empty()) {
      arrow::FieldVector fields;
      for (const auto& name : columns) fields.push_back(wanted->GetFieldByName(name));
      wanted = arrow::schema(fields);
    }
    auto opened = (*format)->open(wanted, std::move(hidden), context_);
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    decoder_ = std::move(opened).value();
  }

  /// The rows as text, a cell by Arrow's own words: `[1,null,text]`.
  std::vector<std::string> rows(const SampleRecords& sample) {
    batch_ = nullptr;
    Status done = decoder_->decode(sample.records(), batch_, rejects_);
    EXPECT_TRUE(done.ok()) << done.to_string();
    std::vector<std::string> all;
    if (!batch_) return all;
    EXPECT_TRUE(batch_->ValidateFull().ok());
    for (int64_t row = 0; row < batch_->num_rows(); ++row) {
      std::string text = "[";
      for (int column = 0; column < batch_->num_columns(); ++column) {
        if (column > 0) text += ",";
        text += batch_->column(column)->GetScalar(row).ValueOrDie()->ToString();
      }
      all.push_back(text + "]");
    }
    return all;
  }
  std::vector<Reject> rejects() { return rejects_.take(); }
  const Batch& batch() const { return batch_; }

 private:
  Context context_;
  std::unique_ptr<Decoder> decoder_;
  Rejects rejects_;
  Batch batch_;
};

std::vector<std::string> one(const std::string& type, const std::string& value) {
  Decoding decoding({"v " + type});
  auto rows = decoding.rows(SampleRecords().add("{\"v\":" + value + "}"));
  for (const Reject& reject : decoding.rejects()) rows.push_back(reject.code);
  return rows;
}

struct Case {
  std::string type, value, expected;
};

class JsonTypes : public ::testing::TestWithParam<Case> {};

TEST_P(JsonTypes, ReadsOrRefuses) {
  const Case& c = GetParam();
  EXPECT_EQ(one(c.type, c.value), std::vector<std::string>{c.expected}) << c.type << " from " << c.value;
}

const std::vector<Case> kScalars{
    {"boolean", "true", "[true]"}, {"boolean", "false", "[false]"}, {"boolean", "null", "[null]"},
    {"boolean", "1", "wrong_type"}, {"boolean", "\"true\"", "wrong_type"}, {"boolean", "tru", "bad_json"},
    {"boolean", "truex", "bad_json"}, {"boolean", "nul", "bad_json"}, {"boolean", "[true]", "wrong_type"},
    {"smallint", "32767", "[32767]"}, {"smallint", "-32768", "[-32768]"}, {"smallint", "32768", "wrong_type"},
    {"int", "2147483647", "[2147483647]"}, {"int", "2147483648", "wrong_type"}, {"int", "-0", "[0]"},
    {"int", "1.0", "wrong_type"}, {"int", "1e2", "wrong_type"}, {"int", "01", "bad_json"}, {"int", "+1", "bad_json"},
    {"int", "1x", "bad_json"}, {"int", "-", "bad_json"}, {"int", "\"1\"", "wrong_type"}, {"int", "{}", "wrong_type"},
    {"bigint", "9223372036854775807", "[9223372036854775807]"}, {"bigint", "-9223372036854775808", "[-9223372036854775808]"},
    {"bigint", "9223372036854775808", "wrong_type"}, {"bigint", "99999999999999999999999", "wrong_type"},
    {"real", "1.5", "[1.5]"}, {"real", "1e39", "wrong_type"},
    {"double", "1", "[1]"}, {"double", "-1.25e2", "[-125]"}, {"double", "1e400", "wrong_type"}, {"double", ".5", "bad_json"},
    {"double", "1.", "bad_json"}, {"double", "NaN", "bad_json"}, {"double", "\"1\"", "wrong_type"},
    {"numeric(10,2)", "12.34", "[12.34]"}, {"numeric(10,2)", "\"12.3\"", "[12.30]"}, {"numeric(10,2)", "1.005", "[1.01]"},
    {"numeric(10,2)", "-1.005", "[-1.01]"}, {"numeric(10,2)", "1e3", "[1000.00]"}, {"numeric(4,2)", "100", "wrong_type"},
    {"numeric(4,2)", "99.999", "wrong_type"}, {"numeric(4,2)", "\"x\"", "wrong_type"}, {"numeric(4,2)", "true", "wrong_type"},
    {"numeric(38,0)", "12345678901234567890123456789012345678", "[12345678901234567890123456789012345678]"},
    {"numeric(10,2)", "1e-90", "[0.00]"}, {"numeric(10,2)", "1e90", "wrong_type"}};
INSTANTIATE_TEST_SUITE_P(Scalars, JsonTypes, ::testing::ValuesIn(kScalars));

const std::vector<Case> kStrings{
    {"text", "\"a b\"", "[a b]"}, {"text", "\"\"", "[]"}, {"text", R"("a\"b\\c\n\u00e4\ud83d\ude00")", "[a\"b\\c\nä😀]"},
    {"text", R"("\ud800")", "bad_json"}, {"text", R"("\x")", "bad_json"}, {"text", "1", "wrong_type"},
    {"text", "{\"a\":1}", "wrong_type"}, {"text", "\"a\"b", "bad_json"}, {"text", "\"a\tb\"", "bad_json"},
    {"text", "\"\xff\"", "bad_json"}, {"text", "\"\xc3\xa4\"", "[ä]"},
    {"bytea", "\"aGVsbG8=\"", "[hello]"}, {"bytea", "\"aGVsbG8\"", "[hello]"}, {"bytea", "\"\"", "[]"},
    {"bytea", "\"aGVsbG9=\"", "wrong_type"}, {"bytea", "\"a\"", "wrong_type"}, {"bytea", "\"a*==\"", "wrong_type"},
    {"date", "\"2026-02-28\"", "[2026-02-28]"}, {"date", "\"2026-02-29\"", "wrong_type"}, {"date", "20260228", "wrong_type"},
    {"time", "\"03:04:05.678901\"", "[03:04:05.678901]"}, {"time", "\"24:00\"", "wrong_type"}, {"time", "\"23:59:60\"", "wrong_type"},
    {"timestamptz", "\"2026-01-02T03:04:05.678901Z\"", "[2026-01-02 03:04:05.678901Z]"},
    {"timestamptz", "\"2026-01-02T03:04:05+02:00\"", "[2026-01-02 01:04:05.000000Z]"},
    {"timestamptz", "\"2026-01-02 03:04\"", "[2026-01-02 03:04:00.000000Z]"},
    {"timestamptz", "1767323045000", "wrong_type"}, {"timestamptz", "\"yesterday\"", "wrong_type"},
    {"timestamp", "\"2026-01-02T03:04:05-01:30\"", "[2026-01-02 04:34:05.000000]"},
    {"uuid", "\"6B29FC40-CA47-1067-B31D-00DD010662DA\"", "[6b29fc40-ca47-1067-b31d-00dd010662da]"},
    {"uuid", "\"6b29fc40ca471067b31d00dd010662da\"", "wrong_type"}};
INSTANTIATE_TEST_SUITE_P(Strings, JsonTypes, ::testing::ValuesIn(kStrings));

const std::vector<Case> kNested{
    {"jsonb", "{ \"a\" : [ 1 , 2.50, \" x \" ] }", "[{\"a\":[1,2.50,\" x \"]}]"}, {"jsonb", "[ ]", "[[]]"}, {"jsonb", " 1.0 ", "[1.0]"},
    {"jsonb", "\"x\"", "[\"x\"]"}, {"jsonb", "null", "[null]"}, {"jsonb", "{\"a\":tru}", "bad_json"},
    {"jsonb", "{\"a\":[1,]}", "bad_json"}, {"jsonb", "{\"a\" 1}", "bad_json"}, {"jsonb", "[1 2]", "bad_json"},
    {"jsonb", "{\"\\q\":1}", "bad_json"},
    {"int[]", "[1,null,3]", "[list<item: int32>[1, null, 3]]"}, {"int[]", "[]", "[list<item: int32>[]]"},
    {"int[]", "[1,\"x\"]", "wrong_type"}, {"int[]", "1", "wrong_type"}, {"int[]", "[1,[2]]", "wrong_type"},
    {"text[]", "[\"a\",\"b\\n\"]", "[list<item: string>[a, b\n]]"}};
INSTANTIATE_TEST_SUITE_P(Nested, JsonTypes, ::testing::ValuesIn(kNested));

TEST(JsonDecoder, ReadsStructsAndArraysOfThem) {
  Decoding decoding({"id int, a struct<b int, c struct<d text, \"q\"\"q\" numeric(4,1)>, e int[]>, l struct<x int, y text[]>[], j struct<k jsonb, t timestamptz>"});
  SampleRecords sample;
  sample.add(R"({"id":1,"a":{"b":7,"c":{"d":"x","q\"q":1.25},"e":[1,null]},"l":[{"x":1,"y":["p","q"]},null,{"y":[],"x":3}],"j":{"k":{ "m" : [1] },"t":"2026-01-02T03:04:05Z"}})")
      .add(R"({"a":null,"l":[],"j":{"k":null,"t":null},"id":2})")
      .add(R"({"id":3,"a":{"e":null,"\u0063":{"d":null},"b":1,"b":2,"more":{"z":[{}]}},"l":null})")
      .add(R"({"id":4,"a":{},"l":[{}]})");
  const auto rows = decoding.rows(sample);
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_TRUE(decoding.rejects().empty());
  const auto column = [&](const char* name) { return decoding.batch()->GetColumnByName(name); };
  const auto text = [&](const char* name, int64_t row) { return column(name)->GetScalar(row).ValueOrDie()->ToString(); };
  EXPECT_EQ(text("a", 0), "{b:int32 = 7, c:struct<d: string, q\"q: decimal128(4, 1)> = {d:string = x, q\"q:decimal128(4, 1) = 1.3}, e:list<item: int32> = list<item: int32>[1, null]}");
  EXPECT_EQ(text("a", 1), "null");
  EXPECT_EQ(text("a", 2), "{b:int32 = 2, c:struct<d: string, q\"q: decimal128(4, 1)> = {d:string = null, q\"q:decimal128(4, 1) = null}, e:list<item: int32> = null}");
  EXPECT_EQ(text("a", 3), "{b:int32 = null, c:struct<d: string, q\"q: decimal128(4, 1)> = null, e:list<item: int32> = null}");
  const std::string element = "struct<x: int32, y: list<item: string>>";
  EXPECT_EQ(text("l", 0), "list<item: " + element + ">[{x:int32 = 1, y:list<item: string> = list<item: string>[p, q]}, null, {x:int32 = 3, y:list<item: string> = list<item: string>[]}]");
  EXPECT_EQ(text("l", 1), "list<item: " + element + ">[]");
  EXPECT_EQ(text("l", 2), "null");
  EXPECT_EQ(text("l", 3), "list<item: " + element + ">[{x:int32 = null, y:list<item: string> = null}]");
  EXPECT_EQ(text("j", 0), "{k:string = {\"m\":[1]}, t:timestamp[us, tz=UTC] = 2026-01-02 03:04:05.000000Z}");
  EXPECT_EQ(text("j", 1), "{k:string = null, t:timestamp[us, tz=UTC] = null}");
}

TEST(JsonDecoder, SaysWhichMemberOfAStructIsWrong) {
  Decoding decoding({"a struct<b int, c struct<d smallint not null, e text[]>>, l struct<x int>[]", "row", "fail"});
  SampleRecords sample;
  for (const char* text : {R"({"a":{"b":"x"}})", R"({"a":{"c":{"d":70000}}})", R"({"a":{"c":{"d":1,"e":[1]}}})", R"({"a":{"c":{"e":[]}}})", R"({"a":{"c":{"d":null}}})", R"({"a":7})",
                           R"({"l":[{"x":1},{"x":true}]})", R"({"l":[3]})", R"({"a":{"c":{"d":1,"z":2}}})", R"({"a":{"b":1]})", R"({"a":{"b":1,}})", R"({"a":{"c":null,"b":0}})"}) {
    sample.add(text);
  }
  EXPECT_EQ(decoding.rows(sample).size(), 1u);
  std::vector<std::string> seen;
  for (const Reject& reject : decoding.rejects()) seen.push_back(reject.code + ": " + reject.reason);
  EXPECT_EQ(seen, (std::vector<std::string>{
                      "wrong_type: field a.b (int) must be a number; it is \"x\"",
                      "wrong_type: field a.c.d (smallint) is a number that its type cannot hold; it is 70000",
                      "wrong_type: field a.c.e (text[]) must be an array, each a string; it is [1]",
                      "missing_field: the field is `not null`, and the record has no value for it: a.c.d",
                      "missing_field: the field is `not null`, and the record has no value for it: a.c.d",
                      "wrong_type: field a (struct<b int, c struct<d smallint not null, e text[]>>) must be an object; it is 7",
                      "wrong_type: field l.x (int) must be a number; it is true",
                      "wrong_type: field l (struct<x int>[]) must be an array, each an object; it is [3]",
                      "unknown_field: the schema has no such field, and schema_policy is fail: a.c.z",
                      "bad_json: the value is not JSON: a value is malformed", "bad_json: the value is not JSON: a value is malformed"}));
}

TEST(JsonDecoder, RescuesUnknownMembersOfStructs) {
  Decoding decoding({"a struct<b int, c struct<d int>>, l struct<x int>[]", "row", "rescue"});
  SampleRecords sample;
  sample.add(R"({"a":{"b":1,"z":[1, 2],"c":{"d":1,"y":{"u":1}}},"top":1,"l":[{"x":1},{"x":2,"w":"é"},{"v":null}]})")
      .add(R"({"a":{"b":1,"c":{"d":1}},"l":[{"x":1}]})");
  ASSERT_EQ(decoding.rows(sample).size(), 2u);
  const auto rescued = decoding.batch()->GetColumnByName("_rescued");
  EXPECT_EQ(rescued->GetScalar(0).ValueOrDie()->ToString(), R"({"a":{"z":[1,2],"c":{"y":{"u":1}}},"top":1,"l":[null,{"w":"é"},{"v":null}]})");
  EXPECT_TRUE(rescued->IsNull(1));
}

TEST(JsonDecoder, RefusesWhatIsNoObject) {
  Decoding decoding({"v int"});
  SampleRecords sample;
  for (const char* text : {"", " ", "[1]", "1", "null", "{", "{\"v\":1", "{\"v\":1}x", "{\"v\":1}{\"v\":2}", "{\"v\":1,}",
                           "{\"v\" 1}", "{\"v\":1 \"w\":2}", "{v:1}", "\"v\"", "{\"v\":1}]"}) {
    sample.add(text);
  }
  EXPECT_TRUE(decoding.rows(sample).empty());
  std::vector<std::string> codes;
  for (const Reject& reject : decoding.rejects()) codes.push_back(*reject.value + "|" + reject.code);
  EXPECT_EQ(codes, (std::vector<std::string>{"|bad_json", " |bad_json", "[1]|not_an_object", "1|not_an_object", "null|not_an_object",
                                             "{|bad_json", "{\"v\":1|bad_json", "{\"v\":1}x|bad_json", "{\"v\":1}{\"v\":2}|bad_json",
                                             "{\"v\":1,}|bad_json", "{\"v\" 1}|bad_json", "{\"v\":1 \"w\":2}|bad_json", "{v:1}|bad_json",
                                             "\"v\"|not_an_object", "{\"v\":1}]|bad_json"}));
}

TEST(JsonDecoder, IsNotMisledByTheRecordBefore) {
  Decoding decoding({"v jsonb"});
  SampleRecords sample;
  sample.add(R"({"v":[{},{},{},[],1]})").add(R"({"v":[{})").add(R"({"v":[{},{})").add(R"({"v":{"a":{})").add(R"({"v":[1]})");
  EXPECT_EQ(decoding.rows(sample), (std::vector<std::string>{"[[{},{},{},[],1]]", "[[1]]"}));
  std::vector<int64_t> refused;
  for (const Reject& reject : decoding.rejects()) refused.push_back(reject.offset.value);
  EXPECT_EQ(refused, (std::vector<int64_t>{1, 2, 3}));
}

TEST(JsonDecoder, LeavesNoHalfRowBehind) {
  Decoding decoding({"a text, b int, c int[]"});
  SampleRecords sample;
  sample.add(R"({"a":"one","b":1,"c":[1,2]})").add(R"({"a":"two","c":[3],"b":"x"})").add(R"({"c":[4],"a":"three"})");
  EXPECT_EQ(decoding.rows(sample), (std::vector<std::string>{"[one,1,list<item: int32>[1, 2]]", "[three,null,list<item: int32>[4]]"}));
  const auto rejects = decoding.rejects();
  ASSERT_EQ(rejects.size(), 1u);
  EXPECT_EQ(rejects[0].offset, RecordOffset(1));
  EXPECT_EQ(rejects[0].reason, "field b (int) must be a number; it is \"x\"");
}

TEST(JsonDecoder, FindsFieldsInAnyOrderAndByExactName) {
  Decoding decoding({"a int, \"A b\" int, \"q\"\"q\" int"});
  SampleRecords sample;
  sample.add(R"({"a":1,"A b":2,"q\"q":3})")
      .add(R"({"q\"q":3,"A b":2,"a":1})")
      .add(R"({"\u0061":1,"A\u0020b":2})")
      .add(R"({"aa":9,"A":9,"":9,"a b":9})")
      .add(R"({"a":1,"a":2})")
      .add(R"({"A b":5})");
  EXPECT_EQ(decoding.rows(sample),
            (std::vector<std::string>{"[1,2,3]", "[1,2,3]", "[1,2,null]", "[null,null,null]", "[2,null,null]", "[null,5,null]"}));
  EXPECT_TRUE(decoding.rejects().empty());
}

TEST(JsonDecoder, WantsValuesForNotNullColumns) {
  Decoding decoding({"a int not null, b text"});
  SampleRecords sample;
  sample.add(R"({"b":"x"})").add(R"({"a":null})").add(R"({"a":1})").add(std::nullopt);
  EXPECT_EQ(decoding.rows(sample), std::vector<std::string>{"[1,null]"});
  std::vector<std::string> seen;
  for (const Reject& reject : decoding.rejects()) seen.push_back(std::to_string(reject.offset.value) + reject.code);
  EXPECT_EQ(seen, (std::vector<std::string>{"0missing_field", "1missing_field", "3missing_field"}));
}

TEST(JsonDecoder, TreatsTombstonesAsAsked) {
  Decoding rows({"a int"});
  EXPECT_EQ(rows.rows(SampleRecords().add(std::nullopt).add(R"({"a":1})")), (std::vector<std::string>{"[null]", "[1]"}));
  Decoding skips({"a int not null", "skip"});
  EXPECT_EQ(skips.rows(SampleRecords().add(std::nullopt).add(R"({"a":1})")), std::vector<std::string>{"[1]"});
  EXPECT_TRUE(skips.rejects().empty());
  EXPECT_EQ(make_json_format({"a int", "delete"}).status().code(), "unsupported");
}

TEST(JsonDecoder, TreatsUnknownFieldsAsAsked) {
  SampleRecords sample;
  sample.add(R"({"a":1, "x": {"y": [1, 2]}, "z\n": "é"})").add(R"({"a":2})").add(R"({"x":tru})");
  EXPECT_EQ(Decoding({"a int", "row", "ignore"}).rows(sample), (std::vector<std::string>{"[1]", "[2]"}));
  EXPECT_EQ(Decoding({"a int", "row", "rescue"}).rows(sample),
            (std::vector<std::string>{R"([1,{"x":{"y":[1,2]},"z\n":"é"}])", "[2,null]"}));
  EXPECT_EQ(Decoding({"a int, _rescued text"}).rows(sample),
            (std::vector<std::string>{R"([1,{"x":{"y":[1,2]},"z\n":"é"}])", "[2,null]"}));
  Decoding fails({"a int", "row", "fail"});
  EXPECT_EQ(fails.rows(sample), std::vector<std::string>{"[2]"});
  EXPECT_EQ(fails.rejects()[0].code, "unknown_field");
}

TEST(JsonDecoder, ReadsOnlyWantedColumnsAndKnowsTheOthers) {
  Decoding decoding({"a int, b int not null, c text, _rescued text"}, {}, {"c", "_rescued"});
  SampleRecords sample;
  sample.add(R"({"a":1,"b":2,"c":"x","d":4})").add(R"({"a":"wrong","c":"y"})").add(R"({"a":[1,],"c":"z"})");
  EXPECT_EQ(decoding.rows(sample), (std::vector<std::string>{R"([x,{"d":4}])", "[y,null]"}));
  EXPECT_EQ(decoding.rejects().size(), 1u);
}

TEST(JsonDecoder, AddsWhereRecordsCameFrom) {
  Decoding decoding({"a int"}, {"_offset", "_partition", "_topic", "_timestamp", "_key", "_value", "_headers", "_timestamp_type"});
  SampleRecords sample;
  sample.add("x").add(R"({"a":1})", "k", {{"h", "v"}, {"n", std::nullopt}});
  EXPECT_EQ(decoding.rows(sample).size(), 1u);
  const Batch& batch = decoding.batch();
  const auto cell = [&](const char* name) { return batch->GetColumnByName(name)->GetScalar(0).ValueOrDie()->ToString(); };
  EXPECT_EQ(cell("_offset"), "1");
  EXPECT_EQ(cell("_partition"), "0");
  EXPECT_EQ(cell("_topic"), "events");
  EXPECT_EQ(cell("_timestamp"), "1970-01-01 00:00:01.000000Z");
  EXPECT_EQ(cell("_key"), "k");
  EXPECT_EQ(cell("_value"), R"({"a":1})");
  EXPECT_EQ(cell("_timestamp_type"), "0");
  const std::string headers = batch->GetColumnByName("_headers")->ToString();
  EXPECT_NE(headers.find("\"h\""), std::string::npos) << headers;
  EXPECT_NE(headers.find("76"), std::string::npos) << headers;
}

TEST(JsonDecoder, CopesWithDepthAndSize) {
  Decoding decoding({"v jsonb"});
  const auto nested = [](size_t depth) { return "{\"v\":" + std::string(depth, '[') + std::string(depth, ']') + "}"; };
  SampleRecords sample;
  sample.add(nested(100)).add(nested(200)).add(nested(5000)).add("{\"v\":\"" + std::string(3 << 20, 'x') + "\"}").add(nested(1));
  const auto rows = decoding.rows(sample);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].size(), 202u);
  EXPECT_EQ(rows[1].size(), (3u << 20) + 4);
  EXPECT_EQ(rows[2], "[[]]");
}

TEST(JsonDecoder, QuarantinesWithAllOfTheRecord) {
  Decoding decoding({"a int"});
  decoding.rows(SampleRecords("src", "top").add("x").add("{\"a\":\"" + std::string(100, 'y') + "\"}", "k", {{"h", "v"}, {"n", std::nullopt}}));
  const auto rejects = decoding.rejects();
  ASSERT_EQ(rejects.size(), 2u);
  EXPECT_EQ(rejects[1].source, "src");
  EXPECT_EQ(rejects[1].topic, "top");
  EXPECT_EQ(rejects[1].offset, RecordOffset(1));
  EXPECT_EQ(rejects[1].timestamp_ms, 1000);
  EXPECT_EQ(rejects[1].key, "k");
  EXPECT_EQ(rejects[1].headers.size(), 2u);
  EXPECT_EQ(rejects[1].headers[1].second, std::nullopt);
  EXPECT_STREQ(to_string(rejects[1].stage), "decode");
  EXPECT_EQ(rejects[1].reason, "field a (int) must be a number; it is \"" + std::string(63, 'y') + "…");
}

}  // namespace
}  // namespace laketide::json
