// A log whose bytes are not as they were written: each byte of an entry changed, each length it could be cut to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lake/delta_log.h"
#include "lake/log_fixture.h"
#include "lake/log_segment.h"
#include "lake/table.h"
#include "support/forgetful_store.h"

namespace laketide::lake {
namespace {

using testing::AnyOf;
using testing::HasSubstr;

class DamageTest : public LogTest {
 protected:
  void SetUp() override {
    store_ = make_forgetful_store();  // in memory: no sync for each of a thousand damages
    create();
    CommitInfo info;
    info.operation = "STREAMING UPDATE";
    info.txn_id = "t";
    AddFile file = add("part-0.parquet");
    file.stats = R"({"numRecords":2,"minValues":{"id":1},"maxValues":{"id":2},"nullCount":{"id":0}})";
    entry_ = to_line(info) + "\n" + to_line(file) + "\n" + to_line(SetTransaction{"laketide/p/delta:t", 7, 1}) + "\n";
    foreign(1, entry_);
    ASSERT_TRUE(log().refresh(wait_).ok());
  }

  /// What becomes of the table when its entry `version` holds these bytes: it opens, or is refused once and for all, by the entry's name.
  Status opened(int64_t version, const std::string& bytes) {
    EXPECT_TRUE(store_->put(commit_path(path(), version), bytes).ok());
    const Status followed = log().refresh(wait_);
    // A blind append needs no list of files; who reads the table does.
    const auto read = (*open_table(path(), store_))->at(std::nullopt, wait_);
    EXPECT_TRUE(followed.ok() || !read.ok()) << followed.to_string();
    return followed.ok() ? read.status() : followed;
  }
  void expect_refusal(const Status& status, int64_t version, const std::string& what) {
    ASSERT_EQ(status.fault(), Fault::kUser) << what << ": " << status.to_string();
    ASSERT_THAT(std::string(status.code()), AnyOf("broken_log", "unsupported_table")) << what << ": " << status.to_string();
    if (status.code() == "broken_log") {
      ASSERT_THAT(std::string(status.detail()), HasSubstr(commit_path("", version).substr(1))) << what;
    }
  }

  std::string entry_;
};

TEST_F(DamageTest, AByteOfAnEntryIsRefusedOrChangesOnlyAValue) {
  for (size_t at = 0; at < entry_.size(); ++at) {
    for (const int bit : {0, 5, 7}) {
      std::string wrong = entry_;
      wrong[at] = static_cast<char>(wrong[at] ^ (1 << bit));
      const std::string what = "byte " + std::to_string(at) + " bit " + std::to_string(bit) + ": " + wrong;
      const Status status = opened(1, wrong);
      if (!status.ok()) {
        expect_refusal(status, 1, what);
      } else if (bit == 7) {
        FAIL() << "what is no UTF-8 was read: " << what;
      }
    }
  }
}

TEST_F(DamageTest, AnEntryThatIsCutShortIsRefusedUnlessItEndsWithALine) {
  for (size_t size = 0; size < entry_.size(); ++size) {
    const Status status = opened(1, entry_.substr(0, size));
    const bool ends_a_line = size == 0 || entry_[size - 1] == '\n' || entry_[size] == '\n';
    if (ends_a_line) continue;  // it is a shorter commit
    ASSERT_FALSE(status.ok()) << size;
    expect_refusal(status, 1, "size " + std::to_string(size));
  }
}

TEST_F(DamageTest, TheFirstEntryIsRefusedLikewise) {
  const std::string first = **store_->get(commit_path(path(), 0));
  for (size_t at = 0; at < first.size(); ++at) {
    std::string wrong = first;
    wrong[at] = static_cast<char>(wrong[at] ^ 0x80);
    const Status status = opened(0, wrong);
    ASSERT_FALSE(status.ok()) << "what is no UTF-8 was read at byte " << at;
    expect_refusal(status, 0, "byte " + std::to_string(at));
    if (at + 1 == first.size()) break;  // without its last line's end it is whole
    const Status cut = opened(0, first.substr(0, at));
    ASSERT_FALSE(cut.ok()) << "cut to " << at << " bytes";
    ASSERT_EQ(cut.fault(), Fault::kUser) << cut.to_string();
  }
}

}  // namespace
}  // namespace laketide::lake
