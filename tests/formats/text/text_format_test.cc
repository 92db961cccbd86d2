#include "formats/text/text_format.h"

#include <gtest/gtest.h>

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

namespace laketide {
namespace {

RecordView record(const char* value, int64_t offset) {
  RecordView view;
  view.value = value;
  view.value_size = value ? static_cast<uint32_t>(std::char_traits<char>::length(value)) : 0;
  view.offset = RecordOffset(offset);
  return view;
}

class TextFormatTest : public ::testing::Test {
 protected:
  Batch decode(const std::string& tombstones, std::vector<RecordView> rows, std::vector<std::string> hidden = {}) {
    auto format = text::make_text_format({tombstones});
    EXPECT_TRUE(format.ok());
    auto decoder = (*format)->open((*format)->schema(), std::move(hidden), context_);
    EXPECT_TRUE(decoder.ok());
    Batch out;
    const Records records{"in", topics_, rows, 0, [](const RecordView&) { return std::vector<HeaderView>(); }};
    EXPECT_TRUE((*decoder)->decode(records, out, rejects_).ok());
    return out;
  }

  TextFormatTest() { context_.memory = arrow::default_memory_pool(); }
  const std::vector<std::string> topics_{"t"};
  Context context_;
  Rejects rejects_;
};

TEST_F(TextFormatTest, a_value_is_a_row_and_a_tombstone_a_null) {
  const Batch batch = decode("row", {record("one", 0), record(nullptr, 1), record("zwei \xc3\xbc", 2)});
  const auto& values = static_cast<const arrow::StringArray&>(*batch->column(0));
  EXPECT_EQ(values.GetString(0), "one");
  EXPECT_TRUE(values.IsNull(1));
  EXPECT_EQ(values.GetString(2), "zwei \xc3\xbc");
}

TEST_F(TextFormatTest, tombstones_can_be_skipped) {
  const Batch batch = decode("skip", {record(nullptr, 0), record("one", 1)}, {"_offset"});
  ASSERT_EQ(batch->num_rows(), 1);
  EXPECT_EQ(static_cast<const arrow::Int64Array&>(*batch->GetColumnByName("_offset")).Value(0), 1);
}

TEST_F(TextFormatTest, what_is_not_utf8_is_rejected_with_its_bytes) {
  const Batch batch = decode("row", {record("\xff\xfe", 7)});
  EXPECT_EQ(batch, nullptr);
  const auto list = rejects_.take();
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].code, "bad_utf8");
  EXPECT_EQ(list[0].offset, RecordOffset(7));
  EXPECT_EQ(list[0].value, "\xff\xfe");
}

TEST_F(TextFormatTest, other_tombstones_are_refused) {
  EXPECT_EQ(text::make_text_format({"delete"}).status().code(), "unsupported");
}

}  // namespace
}  // namespace laketide
