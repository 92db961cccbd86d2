// Ledgers that earlier releases wrote: read, or refused by name.
#include <gtest/gtest.h>

#include <filesystem>

#include "ledger/ledger.h"
#include "support/format_fixture.h"

namespace laketide {
namespace {

std::unique_ptr<Ledger> opened(const std::string& state) {
  auto ledger = Ledger::open(state);
  EXPECT_TRUE(ledger.ok()) << ledger.status().to_string();
  return ledger.ok() ? std::move(ledger).value() : nullptr;
}

void write(const std::string& state) {
  auto ledger = opened(state);
  EXPECT_TRUE(ledger->save_intent({"p", "running", R"({"name":"p"})", "http", "", ""}).ok());
  EXPECT_TRUE(ledger->save_intent({"f", "stopped", "", "file", "bad_json", "a record"}).ok());
  EXPECT_TRUE(ledger->commit_epoch("p", EpochId(0), "plan 0", "receipt 0").ok());
  EXPECT_TRUE(ledger->plan_epoch("p", EpochId(1), "plan 1").ok());
  EXPECT_TRUE(ledger->save_reset("p", {"earliest", EpochId(0)}).ok());
  EXPECT_TRUE(ledger->pin_schema("t", "id int").ok());
  EXPECT_TRUE(ledger->save_job({"j1", 0, "SUCCEEDED", true, "p", "key", 5, R"({"rows":1})"}).ok());
  EXPECT_TRUE(ledger->save_job({"j2", 0, "RUNNING", false, "p", "", 6, "{}"}).ok());
}

TEST(LedgerFormat, VersionOneIsReadAndWrittenOn) {
  const FormatFixture one("ledger", "1", [&](const std::string& state) {
    write(state);
    std::filesystem::remove(state + "/lock");
  });
  auto ledger = opened(one.path());
  ASSERT_NE(ledger, nullptr);
  const auto intents = ledger->intents();
  ASSERT_TRUE(intents.ok());
  ASSERT_EQ(intents->size(), 2u);
  EXPECT_EQ(intents->at(0).pipeline, "f");
  EXPECT_EQ(intents->at(0).failed_code, "bad_json");
  EXPECT_EQ(intents->at(1).want, "running");
  EXPECT_EQ(intents->at(1).document, R"({"name":"p"})");
  EXPECT_EQ((*ledger->last_epoch("p"))->epoch, EpochId(1));
  EXPECT_EQ((*ledger->last_epoch("p"))->plan, "plan 1");
  EXPECT_FALSE((*ledger->last_epoch("p"))->committed);
  EXPECT_EQ(ledger->committed_epochs("p", 10)->at(0).receipt, "receipt 0");
  EXPECT_EQ((*ledger->reset("p"))->start, "earliest");
  EXPECT_EQ((*ledger->reset("p"))->first, EpochId(0));
  EXPECT_EQ(**ledger->pinned_schema("t"), "id int");
  const auto jobs = ledger->jobs({});
  ASSERT_EQ(jobs->size(), 2u);
  EXPECT_EQ(jobs->at(1).id, "j1");
  EXPECT_EQ(jobs->at(1).body, R"({"rows":1})");
  EXPECT_EQ(ledger->unfinished_jobs()->at(0).id, "j2");
  EXPECT_EQ((*ledger->job_of_key("key", 0))->id, "j1");
  ASSERT_TRUE(ledger->commit_epoch("p", EpochId(1), "plan 1", "receipt 1").ok());
  EXPECT_EQ(*ledger->save_job({"j3", 0, "QUEUED", false, "p", "", 7, "{}"}), 3);
}

}  // namespace
}  // namespace laketide
