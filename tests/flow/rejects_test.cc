#include "flow/rejects.h"

#include <gtest/gtest.h>

#include "flow/records.h"

namespace laketide {
namespace {

Reject at(int64_t offset, const std::string& code) {
  Reject reject;
  reject.topic = "t";
  reject.offset = RecordOffset(offset);
  reject.code = code;
  return reject;
}

TEST(Rejects, a_record_refused_by_two_sinks_chains_is_kept_once) {
  Rejects rejects;
  rejects.add(at(1, "earlier"));
  for (const int64_t offset : {1, 2, 1, 2, 3}) rejects.add(at(offset, "division_by_zero"));
  rejects.drop_repeats(1);
  const auto list = rejects.take();
  ASSERT_EQ(list.size(), 4u) << "what stood before is not looked at";
  EXPECT_EQ(list[0].code, "earlier");
  EXPECT_EQ(list[1].offset, RecordOffset(1));
  EXPECT_EQ(list[2].offset, RecordOffset(2));
  EXPECT_EQ(list[3].offset, RecordOffset(3));
}

TEST(Rejects, what_was_refused_behind_the_decoder_gets_its_records_bytes) {
  const std::vector<std::string> topics{"other", "t"};
  std::vector<RecordView> rows(4);
  for (size_t i = 0; i < rows.size(); ++i) {
    rows[i].topic = 1;
    rows[i].offset = RecordOffset(static_cast<int64_t>(i));
    rows[i].timestamp_ms = static_cast<int64_t>(1000 + i);
    rows[i].value = "value";
    rows[i].value_size = 5;
  }
  rows[1].topic = 0;  // offset 1 of "t" is not among them
  rows[2].key = "k";
  rows[2].key_size = 1;
  rows[3].value = nullptr;
  const auto headers = [](const RecordView&) { return std::vector<HeaderView>{{"h", "x"}, {"none", {}, true}}; };
  const Records records{"in", topics, rows, 0, headers};
  Rejects rejects;
  rejects.add(at(0, "bad_json"));
  for (const int64_t offset : {3, 1, 2}) {
    Reject reject = at(offset, "division_by_zero");
    reject.stage = RejectStage::kEvaluate;
    rejects.add(std::move(reject));
  }
  const size_t bytes = rejects.bytes();
  rejects.complete(records, 0);
  EXPECT_GT(rejects.bytes(), bytes) << "the copies count";
  const auto list = rejects.take();
  ASSERT_EQ(list.size(), 4u);
  EXPECT_FALSE(list[0].value) << "the decoder's rejects are left alone";
  EXPECT_EQ(list[0].code, "bad_json");
  EXPECT_FALSE(list[1].value) << "a tombstone has no value, and is not gone";
  EXPECT_EQ(list[1].code, "division_by_zero");
  EXPECT_EQ(list[1].timestamp_ms, 1003);
  EXPECT_FALSE(list[2].value);
  EXPECT_EQ(list[2].code, "bytes_gone");
  EXPECT_EQ(list[2].reason, "division_by_zero: ");
  EXPECT_EQ(list[3].key, "k");
  EXPECT_EQ(list[3].value, "value");
  using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;
  EXPECT_EQ(list[3].headers, (Headers{{"h", "x"}, {"none", std::nullopt}}));
}

}  // namespace
}  // namespace laketide
