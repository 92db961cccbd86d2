#include "ledger/ledger.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "base/failpoint.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

/// A directory for ledgers to live in.
class LedgerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> open() {
    auto opened = Ledger::open(dir_.path() + "/state");
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  TempDir dir_;
};

TEST_F(LedgerTest, keeps_intents_over_a_restart) {
  ASSERT_TRUE(open()->save_intent({"p", "running", "{\"name\":\"p\"}", "http", "", ""}).ok());
  const auto intents = open()->intents();
  ASSERT_TRUE(intents.ok());
  ASSERT_EQ(intents->size(), 1u);
  EXPECT_EQ(intents->front().want, "running");
  EXPECT_EQ(intents->front().document, "{\"name\":\"p\"}");
}

TEST_F(LedgerTest, forgets_a_pipeline_and_not_where_it_is) {
  auto ledger = open();
  ASSERT_TRUE(ledger->save_intent({"p", "stopped", "{}", "http", "", ""}).ok());
  ASSERT_TRUE(ledger->save_intent({"q", "none", "{}", "http", "", ""}).ok());
  for (int i = 0; i < 3; ++i) {
    for (const char* pipeline : {"p", "q"}) ASSERT_TRUE(ledger->commit_epoch(pipeline, EpochId(i), "plan " + std::to_string(i), "receipt").ok());
  }
  ASSERT_TRUE(ledger->plan_epoch("p", EpochId(3), "plan 3").ok());
  ASSERT_TRUE(ledger->forget_intent("p").ok());
  ASSERT_TRUE(ledger->forget_intent("never").ok());
  for (int round = 0; round < 2; ++round) {
    const auto intents = ledger->intents();
    ASSERT_EQ(intents->size(), 1u);
    EXPECT_EQ(intents->front().pipeline, "q");
    EXPECT_EQ((*ledger->last_epoch("p"))->plan, "plan 3");
    const auto kept = ledger->committed_epochs("p", 10);
    ASSERT_EQ(kept->size(), 1u) << "what it did before is forgotten";
    EXPECT_EQ(kept->front().plan, "plan 2");
    EXPECT_EQ(ledger->committed_epochs("q", 10)->size(), 3u) << "a pipeline that is known keeps its receipts";
    ledger.reset();
    ledger = open();
  }
}

TEST_F(LedgerTest, keeps_a_plan_of_a_forgotten_pipeline_that_never_committed) {
  auto ledger = open();
  ASSERT_TRUE(ledger->plan_epoch("p", EpochId(0), "plan").ok());
  ASSERT_TRUE(ledger->forget_intent("p").ok());
  EXPECT_EQ((*ledger->last_epoch("p"))->plan, "plan");
}

TEST_F(LedgerTest, a_line_that_is_free_keeps_at_most_where_the_next_job_goes_on) {
  auto ledger = open();
  for (const char* line : {"p@0", "p@resume"}) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ledger->commit_epoch(line, EpochId(i), "plan " + std::to_string(i), "receipt").ok());
  }
  ASSERT_TRUE(ledger->end_line("p@0", false).ok());
  ASSERT_TRUE(ledger->end_line("p@resume", true).ok());
  EXPECT_FALSE(ledger->last_epoch("p@0")->has_value());
  const auto kept = ledger->committed_epochs("p@resume", 10);
  ASSERT_EQ(kept->size(), 1u);
  EXPECT_EQ(kept->front().plan, "plan 2");
}

TEST_F(LedgerTest, what_an_earlier_process_left_of_forgotten_ones_goes_when_it_is_opened) {
  auto ledger = open();
  ASSERT_TRUE(ledger->save_intent({"known", "running", "{}", "http", "", ""}).ok());
  ASSERT_TRUE(ledger->save_job({"j1", 0, "RUNNING", false, "busy", "", 1, "{}"}).ok());
  ASSERT_TRUE(ledger->save_job({"j2", 0, "SUCCEEDED", true, "over", "", 1, "{}"}).ok());
  for (const char* name : {"known", "gone", "busy@0", "over@0"}) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(ledger->commit_epoch(name, EpochId(i), "plan", "receipt").ok());
  }
  ledger.reset();
  ledger = open();
  EXPECT_EQ(ledger->committed_epochs("known", 10)->size(), 3u);
  EXPECT_EQ(ledger->committed_epochs("gone", 10)->size(), 1u);
  EXPECT_EQ(ledger->committed_epochs("busy@0", 10)->size(), 3u) << "a job that goes on has not kept its receipts yet";
  EXPECT_EQ(ledger->committed_epochs("over@0", 10)->size(), 1u);
  EXPECT_EQ(ledger->last_epoch("gone")->value().epoch, EpochId(2));
}

TEST_F(LedgerTest, pipelines_that_come_and_go_leave_the_file_as_large_as_it_is) {
  auto ledger = open();
  const std::string text(4000, 'x');
  const auto live_and_die = [&](int from, int to) {
    for (int name = from; name < to; ++name) {
      const std::string pipeline = "p" + std::to_string(name), line = pipeline + "@0";
      EXPECT_TRUE(ledger->save_intent({pipeline, "stopped", "{}", "http", "", ""}).ok());
      for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(ledger->commit_epoch(pipeline, EpochId(i), text, text).ok());
        EXPECT_TRUE(ledger->commit_epoch(line, EpochId(i), text, text).ok());
      }
      EXPECT_TRUE(ledger->forget_intent(pipeline).ok());
      EXPECT_TRUE(ledger->end_line(line, false).ok());
    }
    ledger.reset();  // what stands in the write-ahead log comes into the file
    const auto bytes = std::filesystem::file_size(dir_.path() + "/state/ledger.sqlite");
    ledger = open();
    return static_cast<int64_t>(bytes);
  };
  const int64_t early = live_and_die(0, 3), late = live_and_die(3, 13);
  EXPECT_LE(late - early, 10 * 12'288) << "each wrote 320,000 bytes, of which one epoch stays: " << early << " bytes, then " << late;
}

TEST_F(LedgerTest, keeps_the_newest_reset_over_a_restart) {
  auto ledger = open();
  EXPECT_FALSE(ledger->reset("p")->has_value());
  ASSERT_TRUE(ledger->save_reset("p", {"earliest", {}}).ok());
  EXPECT_EQ((*ledger->reset("p"))->first, std::nullopt) << "not begun";
  ASSERT_TRUE(ledger->save_reset("p", {"earliest", EpochId(0)}).ok());
  ledger.reset();
  ledger = open();
  EXPECT_EQ((*ledger->reset("p"))->start, "earliest");
  EXPECT_EQ((*ledger->reset("p"))->first, EpochId(0));
  ASSERT_TRUE(ledger->save_reset("p", {"latest", {}}).ok());
  EXPECT_EQ((*ledger->reset("p"))->start, "latest");
  EXPECT_EQ((*ledger->reset("p"))->first, std::nullopt);
}

TEST_F(LedgerTest, committed_epochs_come_in_pages) {
  auto ledger = open();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ledger->commit_epoch("p", EpochId(i), "plan", "receipt " + std::to_string(i)).ok());
  const auto page = ledger->committed_epochs("p", 2, EpochId(3));
  ASSERT_EQ(page->size(), 2u);
  EXPECT_EQ(page->front().epoch, EpochId(2));
  EXPECT_EQ(page->back().epoch, EpochId(1));
  EXPECT_TRUE(ledger->committed_epochs("p", 2, EpochId(0))->empty());
}

TEST_F(LedgerTest, newest_epoch_tells_planned_from_committed) {
  auto ledger = open();
  ASSERT_TRUE(ledger->plan_epoch("p", EpochId(0), "plan 0").ok());
  EXPECT_FALSE((*ledger->last_epoch("p"))->committed);
  ASSERT_TRUE(ledger->commit_epoch("p", EpochId(0), "plan 0", "receipt 0").ok());
  ASSERT_TRUE(ledger->plan_epoch("p", EpochId(1), "plan 1").ok());
  const auto last = ledger->last_epoch("p");
  EXPECT_EQ((*last)->epoch, EpochId(1));
  EXPECT_EQ((*last)->plan, "plan 1");
  const auto committed = ledger->committed_epochs("p", 10);
  ASSERT_EQ(committed->size(), 1u);
  EXPECT_EQ(committed->front().receipt, "receipt 0");
  EXPECT_FALSE(ledger->last_epoch("other")->has_value());
}

TEST_F(LedgerTest, an_open_plan_may_be_replaced_a_committed_one_not) {
  auto ledger = open();
  ASSERT_TRUE(ledger->plan_epoch("p", EpochId(0), "a").ok());
  ASSERT_TRUE(ledger->plan_epoch("p", EpochId(0), "b").ok());
  EXPECT_EQ((*ledger->last_epoch("p"))->plan, "b");
  ASSERT_TRUE(ledger->commit_epoch("p", EpochId(0), "b", "").ok());
  EXPECT_EQ(ledger->plan_epoch("p", EpochId(0), "c").code(), "epoch_replanned");
}

TEST_F(LedgerTest, a_second_process_is_refused) {
  auto first = open();
  const auto second = Ledger::open(dir_.path() + "/state");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), "state_dir_in_use");
}

TEST_F(LedgerTest, another_format_and_damage_are_refused_by_name) {
  open().reset();
  const std::string file = dir_.path() + "/state/ledger.sqlite";
  {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(60);  // user_version, big-endian, in SQLite's header
    bytes.write("\0\0\0\x63", 4);
  }
  EXPECT_EQ(Ledger::open(dir_.path() + "/state").status().code(), "ledger_version");
  std::ofstream(file, std::ios::trunc) << "this is not a database, and it is long enough to be one: " << std::string(200, 'x');
  EXPECT_EQ(Ledger::open(dir_.path() + "/state").status().code(), "ledger_corrupt");
}

TEST_F(LedgerTest, a_failed_transaction_leaves_nothing_and_the_next_one_works) {
  auto ledger = open();
  ASSERT_TRUE(Failpoint::arm("ledger.transaction.before=error").ok());
  EXPECT_EQ(ledger->plan_epoch("p", EpochId(0), "plan").code(), "failpoint");
  EXPECT_FALSE(ledger->last_epoch("p")->has_value());
  EXPECT_TRUE(ledger->plan_epoch("p", EpochId(0), "plan").ok());
  Failpoint::disarm_all();
}

TEST_F(LedgerTest, many_writers_at_once_are_all_durable) {
  auto ledger = open();
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] {
      EXPECT_TRUE(ledger->save_intent({"p" + std::to_string(i), "running", "{}", "http", "", ""}).ok());
      for (int e = 0; e < 20; ++e) {
        EXPECT_TRUE(ledger->commit_epoch("p" + std::to_string(i), EpochId(e), "plan", "receipt").ok());
      }
    });
  }
  for (auto& writer : writers) writer.join();
  ledger.reset();
  auto again = open();
  for (int i = 0; i < 8; ++i) EXPECT_EQ(again->committed_epochs("p" + std::to_string(i), 100)->size(), 20u);
}

TEST_F(LedgerTest, schemas_are_pinned_per_topic) {
  auto ledger = open();
  EXPECT_FALSE(ledger->pinned_schema("t")->has_value());
  ASSERT_TRUE(ledger->pin_schema("t", "id bigint").ok());
  EXPECT_EQ(**ledger->pinned_schema("t"), "id bigint");
}

}  // namespace
}  // namespace laketide
