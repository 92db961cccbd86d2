#include "formats/raw/raw_format.h"

#include <gtest/gtest.h>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/scalar.h>
#include <arrow/type.h>

namespace laketide {
namespace {

TEST(RawFormat, gives_what_kafka_has) {
  Context context;
  context.memory = arrow::default_memory_pool();
  const auto format = raw::make_raw_format();
  auto decoder = format->open(format->schema(), {"_offset"}, context);
  ASSERT_TRUE(decoder.ok()) << decoder.status().to_string();
  RecordView record;
  record.key = "k";
  record.key_size = 1;
  record.value = "\xff\x00v";
  record.value_size = 3;
  record.offset = RecordOffset(42);
  record.partition = 3;
  record.timestamp_ms = 1500;
  record.timestamp_type = 1;
  const std::vector<std::string> topics{"events"};
  const std::vector<RecordView> rows{record};
  const Records records{"in", topics, rows, 0, [](const RecordView&) { return std::vector<HeaderView>{{"h", "x", false}}; }};
  Batch batch;
  Rejects rejects;
  ASSERT_TRUE((*decoder)->decode(records, batch, rejects).ok());
  ASSERT_EQ(batch->num_rows(), 1);
  const auto text = [&](const char* name) { return batch->GetColumnByName(name)->GetScalar(0).ValueOrDie()->ToString(); };
  EXPECT_EQ(static_cast<const arrow::BinaryArray&>(*batch->GetColumnByName("value")).GetString(0), std::string("\xff\x00v", 3));
  EXPECT_EQ(static_cast<const arrow::BinaryArray&>(*batch->GetColumnByName("key")).GetString(0), "k");
  EXPECT_EQ(text("topic"), "events");
  EXPECT_EQ(text("partition"), "3");
  EXPECT_EQ(text("offset"), "42");
  EXPECT_EQ(text("_offset"), "42");
  EXPECT_EQ(text("timestamp_type"), "1");
  EXPECT_EQ(static_cast<const arrow::TimestampArray&>(*batch->GetColumnByName("timestamp")).Value(0), 1'500'000);
  EXPECT_EQ(static_cast<const arrow::ListArray&>(*batch->GetColumnByName("headers")).value_length(0), 1);
}

TEST(RawFormat, decodes_only_the_columns_that_are_wanted) {
  Context context;
  context.memory = arrow::default_memory_pool();
  const auto format = raw::make_raw_format();
  auto decoder = format->open(arrow::schema({format->schema()->GetFieldByName("offset")}), {}, context);
  ASSERT_TRUE(decoder.ok());
  RecordView record;
  record.offset = RecordOffset(1);
  const std::vector<std::string> topics{"t"};
  const std::vector<RecordView> rows{record};
  Batch batch;
  Rejects rejects;
  ASSERT_TRUE((*decoder)->decode({"in", topics, rows, 0, nullptr}, batch, rejects).ok());
  EXPECT_EQ(batch->num_columns(), 1);
}

}  // namespace
}  // namespace laketide
