#include "formats/csv/csv_format.h"

#include <gtest/gtest.h>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "flow/rejects.h"
#include "flow/schema_text.h"
#include "formats/csv/csv_record.h"
#include "formats/csv/json_text.h"
#include "support/sample_records.h"

namespace laketide::csv {
namespace {

std::vector<std::string> values(std::string_view record, char delimiter = ',') {
  CsvRecord cutter(delimiter);
  if (!cutter.cut(record)) return {"refused"};
  std::vector<std::string> all;
  for (const auto& value : cutter.values()) all.push_back((value.quoted ? "q:" : "") + std::string(value.text));
  return all;
}

TEST(CsvRecord, IsCutByRfc4180) {
  using Values = std::vector<std::string>;
  EXPECT_EQ(values("a,b,,"), (Values{"a", "b", "", ""}));
  EXPECT_EQ(values("\"a,b\",\"\",\"x \"\"y\"\" z\",\"\"\"\""), (Values{"q:a,b", "q:", "q:x \"y\" z", "q:\""}));
  EXPECT_EQ(values("5\" pipe;b", ';'), (Values{"5\" pipe", "b"}));
  EXPECT_EQ(values("\"two\nlines\""), Values{"q:two\nlines"});
  EXPECT_EQ(values(""), Values{""});
  for (const char* wrong : {"\"open", "\"a\"b,c", "\"a\"\"", "x,\""}) EXPECT_EQ(values(wrong), Values{"refused"}) << wrong;
}

std::string json(std::string_view text, JsonKind kind, bool quoted = false) {
  std::string out;
  append_json(out, {text, quoted}, kind);
  return out;
}

TEST(JsonText, AValueByItsKind) {
  EXPECT_EQ(json("+007.50", JsonKind::kNumber), "7.50");
  EXPECT_EQ(json("-0", JsonKind::kNumber), "-0");
  EXPECT_EQ(json("-00.5", JsonKind::kNumber), "-0.5");
  EXPECT_EQ(json(" 1e5 ", JsonKind::kNumber), "1e5");
  EXPECT_EQ(json("1.", JsonKind::kNumber), "\"1.\"");
  EXPECT_EQ(json("x", JsonKind::kNumber), "\"x\"");
  EXPECT_EQ(json("", JsonKind::kNumber, true), "null");
  EXPECT_EQ(json("YES", JsonKind::kBoolean), "true");
  EXPECT_EQ(json("0", JsonKind::kBoolean), "false");
  EXPECT_EQ(json("maybe", JsonKind::kBoolean), "\"maybe\"");
  EXPECT_EQ(json("", JsonKind::kText), "null");
  EXPECT_EQ(json("", JsonKind::kText, true), "\"\"");
  EXPECT_EQ(json(" a\"\\\n\x01 ", JsonKind::kText), R"(" a\"\\\u000a\u0001 ")");
  EXPECT_EQ(json("{\"a\":[1]}", JsonKind::kDocument), "{\"a\":[1]}");
}

class CsvFormatTest : public ::testing::Test {
 protected:
  CsvFormatTest() { context_.memory = arrow::default_memory_pool(); }

  CsvFormatOptions with(const std::string& schema, const std::string& header) {
    CsvFormatOptions options{schema, ',', {}};
    if (!header.empty()) options.header = [header] { return header; };
    return options;
  }
  std::string decoded(const CsvFormatOptions& options, const std::string& columns, const SampleRecords& records) {
    const auto format = make_csv_format(options);
    EXPECT_TRUE(format.ok()) << format.status().to_string();
    auto decoder = (*format)->open(*parse_schema_text(columns), {"_offset"}, context_);
    if (!decoder.ok()) return decoder.status().to_string();
    Batch batch;
    EXPECT_TRUE((*decoder)->decode(records.records(), batch, rejects_).ok());
    return batch ? batch->ToString() : "";
  }
  Context context_;
  Rejects rejects_;
};

TEST_F(CsvFormatTest, FindsColumnsByTheirNames) {
  SampleRecords records;
  records.add("x,7,a b").add("y,,\"\"");
  EXPECT_EQ(decoded(with("id int, \"odd name\" text", "skipped,id,odd name"), "\"odd name\" text, id int", records),
            "odd name:   [\n    \"a b\",\n    \"\"\n  ]\nid:   [\n    7,\n    null\n  ]\n_offset:   [\n    0,\n    1\n  ]\n");
  EXPECT_EQ(rejects_.size(), 0u);
  const std::string refused = decoded(with("id int, name text", "id,nom"), "id int, name text", records);
  EXPECT_TRUE(refused.find("header_differs") == 0 && refused.find("name; they have: id, nom") != std::string::npos) << refused;
}

TEST_F(CsvFormatTest, WhatIsRefusedIsKeptAsItStood) {
  SampleRecords records;
  records.add("1,a").add("two,b").add("3").add("4,\"open").add("5,e");
  EXPECT_EQ(decoded(with("id int, t text", ""), "id int", records), "id:   [\n    1,\n    5\n  ]\n_offset:   [\n    0,\n    4\n  ]\n");
  std::vector<std::string> refused;
  for (const Reject& reject : rejects_.take()) refused.push_back(std::to_string(reject.offset.value) + " " + reject.code + " " + *reject.value);
  std::ranges::sort(refused);
  EXPECT_EQ(refused, (std::vector<std::string>{"1 wrong_type two,b", "2 wrong_field_count 3", "3 bad_csv 4,\"open"}));
}

TEST_F(CsvFormatTest, LearnsWideTypes) {
  const auto learnt = [&](const std::string& header, const std::vector<std::string>& lines) {
    SampleRecords records;
    for (const auto& line : lines) records.add(line);
    const auto format = make_csv_format(with("", header));
    EXPECT_EQ((*format)->schema(), nullptr);
    const auto inference = (*format)->inference();
    inference->add(records.records());
    const auto schema = inference->schema();
    return schema.ok() ? to_schema_text(**schema) : schema.status().to_string();
  };
  EXPECT_EQ(learnt("id,zip,price,ok,at,note", {"1,01234,2,true,2026-01-01T00:00:00Z,", "\"2\",99,2.5,FALSE,2026-01-01T01:00:00+01:00,x"}),
            "id bigint, zip text, price double, ok boolean, at timestamptz, note text");
  EXPECT_EQ(learnt("", {"1,a", "2,b", "3"}), "column1 bigint, column2 text");
  EXPECT_EQ(learnt("a,b,c,d", {"9223372036854775808,-,A1,true", "1,2026-01-01T00:00:00,7,yes"}), "a double, b text, c text, d text");
  EXPECT_EQ(learnt("a,_offset,", {"1,2,3"}), "a bigint, column3 bigint");
  EXPECT_TRUE(learnt("a,A", {"1,2"}).starts_with("bad_schema"));
}

}  // namespace
}  // namespace laketide::csv
