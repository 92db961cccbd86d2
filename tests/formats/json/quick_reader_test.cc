// The quick reader against the parser: what it accepts the parser reads likewise, and what it does not it leaves alone.
#include "formats/json/quick_reader.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>

#include "flow/schema_text.h"
#include "formats/json/column_builders.h"
#include "formats/json/json_format.h"
#include "support/sample_records.h"

namespace laketide::json {
namespace {

constexpr const char* kQuickSchema = "s smallint, i int, b bigint, r real, d double, f boolean, t text, day date, at timestamptz";
constexpr const char* kQuickRecord =
    R"({"s":-7,"i":123,"b":9007199254740993,"r":0.5,"d":-57.31,"f":true,"t":"sensor-042","day":"2026-01-02","at":"2026-01-02T03:04:05.678Z","u":1})";

/// What a decoder made of records: the rows' and the refusals' text, in order.
std::vector<std::string> decoded(const std::vector<std::string>& texts) {
  Context context;
  context.memory = arrow::default_memory_pool();
  auto format = make_json_format({.schema = kQuickSchema});
  auto decoder = (*format)->open((*format)->schema(), {}, context);
  SampleRecords sample;
  for (const auto& text : texts) sample.add(text);
  Batch batch;
  Rejects rejects;
  EXPECT_TRUE((*decoder)->decode(sample.records(), batch, rejects).ok());
  std::vector<std::string> all;
  for (int64_t row = 0; batch && row < batch->num_rows(); ++row) {
    std::string text;
    for (const auto& column : batch->columns()) text += column->GetScalar(row).ValueOrDie()->ToString() + "|";
    all.push_back(text);
  }
  for (const Reject& reject : rejects.take()) all.push_back(reject.code);
  return all;
}

/// Whether the quick reader itself takes `text`, when the record before had the fields of kQuickRecord.
bool takes(std::string text, const char* schema = kQuickSchema, bool ignores_unknown = true) {
  const Schema known = parse_schema_text(schema).value();
  ColumnPlan plan = ColumnPlan::make(known, known).value();
  plan.look_up("u", static_cast<size_t>(known->num_fields()));
  ColumnBuilders builders(known, plan.columns(), arrow::default_memory_pool());
  EXPECT_TRUE(builders.begin(1).ok());
  QuickReader reader(plan.columns(), builders.plain_columns(), ignores_unknown);
  const size_t size = text.size();
  text.append(QuickReader::kPadding, '\0');
  return reader.read(std::string_view(text).substr(0, size), plan, 0);
}

/// As `texts`, but each begins with a space: so the parser reads it.
std::vector<std::string> for_the_parser(std::vector<std::string> texts) {
  for (auto& text : texts) text.insert(0, " ");
  return texts;
}

TEST(QuickReader, TakesPlainRecords) {
  EXPECT_TRUE(takes(kQuickRecord));
  EXPECT_TRUE(takes(R"({"s":null,"i":0})"));
  EXPECT_TRUE(takes(R"({"s":1,"i":2,"b":3,"r":4,"d":5,"f":false,"t":""})"));
  EXPECT_EQ(decoded({kQuickRecord}), decoded(for_the_parser({kQuickRecord})));
  EXPECT_EQ(decoded({kQuickRecord}),
            std::vector<std::string>{"-7|123|9007199254740993|0.5|-57.31|true|sensor-042|2026-01-02|2026-01-02 03:04:05.678000Z|"});
}

// Keys are compared eight characters at once: every length has to end where it ends, and every character has to count.
TEST(QuickReader, TakesAKeyOfAnyLengthAndNoOther) {
  for (size_t length = 1; length <= 24; ++length) {
    const std::string name = std::string("abcdefghijklmnopqrstuvwx").substr(0, length), schema = name + " int";
    const std::string record = "{\"" + name + "\":1}";
    EXPECT_TRUE(takes(record, schema.c_str())) << record;
    EXPECT_FALSE(takes("{\"" + name + "y\":1}", schema.c_str())) << record;
    for (size_t at = 1; at < length + 4; ++at) {
      std::string other = record;
      other[at] = '~';
      EXPECT_FALSE(takes(other, schema.c_str())) << other;
      EXPECT_FALSE(takes(record.substr(0, at), schema.c_str())) << record.substr(0, at);
    }
  }
}

TEST(QuickReader, LeavesTheRestToTheParser) {
  for (const char* text : {"", "{}", "{", R"( {"s":1})", R"({"s":1} )", R"({"s":1}x)", R"({"s" :1})", R"({"s":01})", R"({"s":1.0})", R"({"s":32768})",
                           R"({"s":1,})", R"({"i":1})", R"({"s":-})", R"({"s":1,"i":2,"b":1234567890123456789})", R"({"s":1,"i":2,"b":3,"r":1e3})",
                           R"({"s":1,"i":2,"b":3,"r":4,"d":1.0000000000000002})", R"({"s":1,"i":2,"b":3,"r":4,"d":.5})", R"({"s":1,"i":2,"b":3,"r":4,"d":5.})",
                           R"({"s":1,"i":2,"b":3,"r":4,"d":5,"f":1})", R"({"s":1,"i":2,"b":3,"r":4,"d":5,"f":true,"t":"a\n"})",
                           "{\"s\":1,\"i\":2,\"b\":3,\"r\":4,\"d\":5,\"f\":true,\"t\":\"a\tb\"}", "{\"s\":1,\"i\":2,\"b\":3,\"r\":4,\"d\":5,\"f\":true,\"t\":\"ä\"}",
                           R"({"s":1,"i":2,"b":3,"r":4,"d":5,"f":true,"t":"open)", R"({"s":1,"i":2,"b":3,"r":4,"d":5,"f":true,"t":"a","day":"2026-02-30"})"}) {
    EXPECT_FALSE(takes(text)) << text;
  }
  EXPECT_FALSE(takes(R"({"v":[1]})", "v int[]"));
  EXPECT_FALSE(takes(R"({"s":1,"u":2})", "s int", false));
  EXPECT_TRUE(takes(R"({"s":1,"u":2})", "s int", true));
}

TEST(QuickReader, PausesWhereItKeepsMissing) {
  const Schema known = parse_schema_text("s int").value();
  const ColumnPlan plan = ColumnPlan::make(known, known).value();
  ColumnBuilders builders(known, plan.columns(), arrow::default_memory_pool());
  ASSERT_TRUE(builders.begin(1).ok());
  QuickReader reader(plan.columns(), builders.plain_columns(), true);
  const std::string padding(QuickReader::kPadding, '\0'), good = R"({"s":1})" + padding, bad = R"({"x":1})" + padding;
  const auto read = [&](const std::string& text) { return reader.read(std::string_view(text).substr(0, 7), plan, 0); };
  EXPECT_FALSE(read(bad));
  EXPECT_TRUE(read(good));  // one miss is forgiven
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(read(bad));
  int pause = 0;
  while (!read(good)) ++pause;
  EXPECT_LE(pause, 256);
  EXPECT_TRUE(read(good));
}

TEST(QuickReader, AgreesWithTheParserOnDamagedRecords) {
  const std::string record = kQuickRecord;
  const std::string strange = "\"\\{}[],: \t-+.0129eEtfnux\x01\x7f\x80\xc3";
  for (size_t at = 0; at < record.size(); ++at) {
    std::vector<std::string> damaged = {record.substr(0, at), record.substr(0, at) + record.substr(at + 1)};
    for (const char c : strange) {
      damaged.push_back(record.substr(0, at) + c + record.substr(at + 1));
      damaged.push_back(record.substr(0, at) + c + record.substr(at));
    }
    for (const auto& text : damaged) {
      const std::vector<std::string> both = {record, text};
      ASSERT_EQ(decoded(both), decoded(for_the_parser(both))) << text;
    }
  }
}

// What was written of a record before it was given up is no part of the next.
TEST(QuickReader, LeavesNothingOfARecordThatItGivesUp) {
  const std::vector<std::string> texts = {
      kQuickRecord, R"({"s":null,"i":null,"b":null,"r":null,"d":null,"f":null,"t":null,"day":null,"at":"never"})", R"({"s":2,"i":3,"b":4,"r":5,"d":6,"f":false,"t":"x"})",
      R"({"s":2,"i":3,"b":4,"r":5,"d":6,"f":true,"t":"long enough to be seen","day":"never"})", R"({"s":3})", R"({"s":4,"i":5,"s":6})", R"({"s":7,"i":8,"b":null})", kQuickRecord};
  EXPECT_EQ(decoded(texts), decoded(for_the_parser(texts)));
}

// Nobody wants the field `u`: it is passed over, in longer steps than a value is read, and has to be JSON all the same.
TEST(QuickReader, PassesOverWhatTheParserPassesOver) {
  const auto with = [](const std::string& value) { return R"({"s":1,"u":)" + value + "}"; };
  const std::string record = kQuickRecord, front = record.substr(0, record.size() - 2);
  const auto agree = [&](const std::string& value) {
    const std::vector<std::string> both = {record, front + value + "}"};
    EXPECT_EQ(decoded(both), decoded(for_the_parser(both))) << value;
  };
  for (const char* number : {"0", "-0", "7", "-12.5", "0.25", "12345678", "123456789", "-1234567890123456789012345.000000000000000000000001"}) {
    EXPECT_TRUE(takes(with(number), "s int")) << number;
    agree(number);
  }
  for (const char* other : {"", "-", "01", "-00.5", "1.", ".5", "12345678.", "1.x", "--1", "1-", "1e5", "12345678x", "1 ", "+1", "tru", "nul", "{}", "[1]"}) {
    EXPECT_FALSE(takes(with(other), "s int")) << other;
    agree(other);
  }
  for (size_t length = 0; length <= 60; ++length) {
    const std::string text = '"' + std::string(length, 'n') + '"';
    EXPECT_TRUE(takes(with(text), "s int")) << text;
    EXPECT_FALSE(takes(with(text.substr(0, length + 1)), "s int")) << text;
    for (size_t at = 1; at <= length; ++at) {
      for (const char stop : {'"', '\\', '\x1f', '\0', '\x80', '\xff'}) {
        std::string stopped = text;
        stopped[at] = stop;
        EXPECT_FALSE(takes(with(stopped), "s int")) << stopped;
      }
    }
  }
  agree(R"("a long text that is passed over, with an escape: \u00e4")");
  agree(R"("a long text that is passed over, with a wrong one: \x")");
  agree("\"a long text that is passed over, not ASCII: \xc3\xa4\"");
  agree("\"a long text that is passed over, not UTF-8: \xc3\"");
}

TEST(QuickReader, ReadsNumbersAsTheParserDoes) {
  std::mt19937_64 random(7);
  std::vector<std::string> texts;
  for (int i = 0; i < 20'000; ++i) {
    std::string number = random() % 2 == 0 ? "-" : "";
    const auto digits = [&](int64_t count) {
      for (int64_t n = 0; n < count; ++n) number += static_cast<char>('0' + random() % 10);
    };
    digits(static_cast<int64_t>(1 + random() % 10));
    if (random() % 4 != 0) {
      number += '.';
      digits(static_cast<int64_t>(1 + random() % 9));
    }
    texts.push_back(R"({"s":1,"i":2,"b":)" + std::to_string(static_cast<int64_t>(random()) >> (random() % 64)) + R"(,"r":)" + number + R"(,"d":)" + number + "}");
  }
  EXPECT_EQ(decoded(texts), decoded(for_the_parser(texts)));
}

}  // namespace
}  // namespace laketide::json
