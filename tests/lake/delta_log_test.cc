#include "lake/delta_log.h"

#include <atomic>
#include <filesystem>
#include <set>
#include <thread>

#include <arrow/type.h>
#include <nlohmann/json.hpp>

#include "lake/log_fixture.h"

namespace laketide::lake {
namespace {

using DeltaLogTest = LogTest;

TEST_F(DeltaLogTest, a_commit_begins_with_its_commit_info_and_says_what_other_engines_ask) {
  auto log = this->log();
  Transaction first = append("app", 7, {add("f1")});
  first.user_metadata = R"({"plan":"é"})";
  const auto outcome = log.commit(first, always(), wait_);
  ASSERT_TRUE(outcome.ok()) << outcome.status().to_string();
  EXPECT_EQ(outcome->version, 0);
  std::vector<nlohmann::json> lines;
  std::istringstream text(**store_->get(commit_path(path(), 0)));
  for (std::string line; std::getline(text, line);) lines.push_back(nlohmann::json::parse(line));
  ASSERT_EQ(lines.size(), 5U);
  const auto& info = lines[0].at("commitInfo");
  EXPECT_EQ(info.at("operation"), "STREAMING UPDATE");
  EXPECT_EQ(info.at("isBlindAppend"), true);
  EXPECT_EQ(info.at("txnId"), first.txn_id);
  EXPECT_EQ(info.at("userMetadata"), R"({"plan":"é"})");
  EXPECT_TRUE(info.at("timestamp").is_number_integer());
  EXPECT_EQ(lines[1].at("protocol"), nlohmann::json::parse(R"({"minReaderVersion":1,"minWriterVersion":2})"));
  EXPECT_EQ(lines[2].at("metaData").at("configuration"), nlohmann::json::object());
  EXPECT_EQ(lines[2].at("metaData").at("format").at("options"), nlohmann::json::object());
  EXPECT_EQ(lines[3].at("txn"), nlohmann::json::parse(R"({"appId":"app","version":7,"lastUpdated":1})"));
  EXPECT_EQ(lines[4].at("add").at("path"), "f1");
}

TEST_F(DeltaLogTest, a_version_that_another_took_is_applied_and_the_next_one_tried) {
  auto mine = log();
  ASSERT_TRUE(mine.commit(append("a", 1), always(), wait_).ok());
  foreign(1, R"({"txn":{"appId":"b","version":5}})" "\n");
  foreign(2, R"({"commitInfo":{}})" "\n" R"({"unheardOf":{"x":1}})" "\n");
  const auto outcome = mine.commit(append("a", 2), always(), wait_);
  ASSERT_TRUE(outcome.ok()) << outcome.status().to_string();
  EXPECT_EQ(outcome->version, 3);
  EXPECT_EQ(mine.state().progress.at("b").version, 5);
}

TEST_F(DeltaLogTest, the_check_sees_each_winner_and_can_end_the_commit) {
  auto mine = log();
  ASSERT_TRUE(mine.commit(append("a", 1), always(), wait_).ok());
  foreign(1, R"({"txn":{"appId":"a","version":2}})" "\n");
  const auto fence = [](const TableState& state) -> Result<DeltaLog::Verdict> {
    if (state.progress.at("a").version > 1) return Status::fenced("somebody else");
    return DeltaLog::Verdict::kCommit;
  };
  EXPECT_TRUE(mine.commit(append("a", 2), fence, wait_).status().is_fenced());
  EXPECT_FALSE(store_->get(commit_path(path(), 2))->has_value());
}

/// The outcome of a commit is unknown at each of these points; asking again finds it, and never doubles it.
class UnknownOutcomeTest : public LogTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(UnknownOutcomeTest, is_read_back_before_anything_is_repeated) {
  auto mine = log();
  ASSERT_TRUE(mine.commit(append("a", 0), always(), wait_).ok());
  const Transaction transaction = append("a", 1, {add("f")});
  ASSERT_TRUE(Failpoint::arm(std::string(GetParam()) + "=error").ok());
  const auto first = mine.commit(transaction, always(), wait_);
  Failpoint::disarm_all();
  foreign(mine.state().version == 1 || std::filesystem::exists(commit_path(path(), 1)) ? 2 : 1, R"({"txn":{"appId":"b","version":1}})" "\n");
  const auto second = first.ok() ? first : mine.commit(transaction, always(), wait_);
  ASSERT_TRUE(second.ok()) << second.status().to_string();
  int carried = 0;
  for (int64_t version = 0; version <= 2; ++version) {
    const auto info = log().commit_info(version);
    if (*info && (*info)->txn_id == transaction.txn_id) {
      ++carried;
      EXPECT_EQ(second->version, version);
    }
  }
  EXPECT_EQ(carried, 1);
}

INSTANTIATE_TEST_SUITE_P(EveryPoint, UnknownOutcomeTest,
                         ::testing::Values("lake.commit.before", "storage.create.before", "storage.append.before",
                                           "storage.sync.before", "storage.sync.after", "storage.link.before", "storage.link.after",
                                           "storage.sync_dir.before", "storage.sync_dir.after", "lake.commit.after"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

TEST_F(DeltaLogTest, writers_of_many_logs_lose_nothing_and_double_nothing) {
  create();
  constexpr int kWriters = 4, kCommits = 12;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      auto mine = log();
      for (int i = 0; i < kCommits; ++i) {
        const std::string name = std::to_string(writer) + "-" + std::to_string(i);
        const auto done = mine.commit(append("w" + std::to_string(writer), i, {add(name)}), always(), wait_);
        ASSERT_TRUE(done.ok()) << done.status().to_string();
      }
    });
  }
  for (auto& writer : writers) writer.join();
  std::multiset<std::string> paths;
  const auto versions = list_commits(*store_, path()).value();
  for (const int64_t version : versions) {
    ASSERT_TRUE(parse_commit(**store_->get(commit_path(path(), version)), Detail::kFiles, [&](Action&& action) {
      if (const auto* one = std::get_if<AddFile>(&action)) paths.insert(one->path);
      return Status();
    }).ok());
  }
  EXPECT_EQ(paths.size(), size_t{kWriters * kCommits});
  EXPECT_EQ(std::set<std::string>(paths.begin(), paths.end()).size(), paths.size());
  auto reader = log();
  ASSERT_TRUE(reader.refresh(wait_).ok());
  EXPECT_EQ(reader.state().version, kWriters * kCommits);
}

TEST_F(DeltaLogTest, two_creators_make_one_table) {
  auto one = log();
  auto two = log();
  ASSERT_TRUE(one.refresh(wait_).ok());
  ASSERT_TRUE(two.refresh(wait_).ok());
  ASSERT_TRUE(one.commit(append("a", 1), always(), wait_).ok());
  const auto second = two.commit(append("b", 1), always(), wait_);
  ASSERT_TRUE(second.ok()) << second.status().to_string();
  EXPECT_EQ(second->version, 1);
  EXPECT_EQ(two.state().metadata, one.state().metadata) << "the loser's idea of the table is dropped";
}

TEST_F(DeltaLogTest, a_table_that_vanished_gets_no_gap) {
  auto mine = log();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(mine.commit(append("a", i), always(), wait_).ok());
  std::filesystem::remove_all(path());
  ASSERT_TRUE(mine.refresh(wait_).ok());
  EXPECT_FALSE(mine.state().exists());
}

TEST_F(DeltaLogTest, in_commit_timestamps_rise_where_the_table_has_them) {
  create(Protocol{1, 7, {}, {"inCommitTimestamp"}}, {{"delta.enableInCommitTimestamps", "true"}});
  foreign(1, R"({"commitInfo":{"inCommitTimestamp":99999999999999}})" "\n");
  auto mine = log();
  ASSERT_TRUE(mine.commit(append("a", 1), always(), wait_).ok());
  ASSERT_TRUE(mine.commit(append("a", 2), always(), wait_).ok());
  EXPECT_EQ((*log().commit_info(2))->in_commit_timestamp_ms, 100000000000000);
  EXPECT_EQ((*log().commit_info(3))->in_commit_timestamp_ms, 100000000000001);
  EXPECT_TRUE((**store_->get(commit_path(path(), 3))).starts_with(R"({"commitInfo":{"inCommitTimestamp":)"));
}

TEST_F(DeltaLogTest, a_feature_that_came_in_meanwhile_is_refused_by_name) {
  auto mine = log();
  ASSERT_TRUE(mine.commit(append("a", 1), always(), wait_).ok());
  foreign(1, to_line(Protocol{3, 7, {}, {"rowTracking", "domainMetadata"}}) + "\n");
  const Status refused = mine.commit(append("a", 2), always(), wait_).status();
  EXPECT_EQ(refused.code(), "unsupported_table");
  EXPECT_NE(refused.detail().find("rowTracking"), std::string_view::npos) << refused.detail();
}

TEST_F(DeltaLogTest, text_that_is_no_commit_is_a_broken_log) {
  create();
  foreign(1, R"({"txn":{"appId":"a"}})" "\n");
  auto mine = log();
  EXPECT_EQ(mine.refresh(wait_).code(), "broken_log");
  EXPECT_EQ(mine.commit(append("a", 1), always(), wait_).status().code(), "broken_log") << "nothing is built on it";
  EXPECT_FALSE(std::filesystem::exists(commit_path(path(), 2)));
}

TEST_F(DeltaLogTest, numbers_that_no_integer_can_be_make_a_broken_log) {
  for (const char* number : {"1e300", "-1e300", "9223372036854775808", "9223372036854775807e0"}) {
    const Status status = parse_commit(R"({"txn":{"appId":"a","version":)" + std::string(number) + "}}", Detail::kFiles, [](Action&&) { return Status(); });
    EXPECT_EQ(status.code(), "broken_log") << number;
  }
}

TEST_F(DeltaLogTest, a_commit_is_cut_short_by_its_deadline) {
  auto mine = log();
  const auto late = mine.commit(append("a", 1), always(), Wait::for_at_most(std::chrono::seconds(-1)));
  EXPECT_TRUE(late.status().is_cancelled());
  EXPECT_FALSE(std::filesystem::exists(commit_path(path(), 0)));
}

TEST_F(DeltaLogTest, a_commit_is_found_by_what_it_set) {
  auto mine = log();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(mine.commit(append(i % 2 ? "a" : "b", i), always(), wait_).ok());
  EXPECT_EQ(**mine.find_commit("a", 1, 4, wait_), 1);
  EXPECT_EQ(**mine.find_commit("b", 4, 4, wait_), 4);
  EXPECT_FALSE((*mine.find_commit("b", 5, 4, wait_)).has_value());
}

}  // namespace
}  // namespace laketide::lake
