#include "flow/rejects.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace laketide
