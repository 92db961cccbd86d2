#include <gtest/gtest.h>

#include <filesystem>

#include "ledger/ledger.h"
#include "support/counted_syncs.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

class LedgerSyncTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> open(const std::string& state) {
    auto opened = Ledger::open(state);
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  CountedSyncs syncs_;
  TempDir dir_;
};

TEST_F(LedgerSyncTest, an_epoch_costs_one_sync_at_its_plan_or_at_its_record) {
  auto ledger = open(dir_.path() + "/state");
  int before = syncs_.count();
  for (int epoch = 0; epoch < 50; ++epoch) {
    const bool early = epoch % 2 == 0;
    ASSERT_TRUE(ledger->plan_epoch("clicks", EpochId(epoch), "{}", early ? Durable::kNow : Durable::kWithNext).ok());
    ASSERT_EQ(syncs_.count(), before + (early ? 1 : 0));
    ASSERT_FALSE(ledger->last_epoch("clicks")->value().committed) << "what is not synced is read at once all the same";
    ASSERT_TRUE(ledger->commit_epoch("clicks", EpochId(epoch), "{}", "{}", early ? Durable::kWithNext : Durable::kNow).ok());
    ASSERT_EQ(syncs_.count(), before + 1);
    ASSERT_TRUE(ledger->last_epoch("clicks")->value().committed);
    before = syncs_.count();
  }
}

TEST_F(LedgerSyncTest, after_a_power_loss_the_last_record_may_be_gone_and_nothing_before_it) {
  auto ledger = open(dir_.path() + "/state");
  ASSERT_TRUE(ledger->save_intent({"clicks", "running", "{}", "http", "", ""}).ok());
  for (int epoch = 0; epoch < 3; ++epoch) {
    ASSERT_TRUE(ledger->plan_epoch("clicks", EpochId(epoch), "{}").ok());
    ASSERT_TRUE(ledger->commit_epoch("clicks", EpochId(epoch), "{}", "{}", Durable::kWithNext).ok());
  }
  const std::string cut = dir_.path() + "/cut";
  std::filesystem::create_directory(cut);
  for (const std::string file : {"/ledger.sqlite", "/ledger.sqlite-wal"}) std::filesystem::copy_file(dir_.path() + "/state" + file, cut + file);
  std::filesystem::resize_file(cut + "/ledger.sqlite-wal", static_cast<uintmax_t>(syncs_.bytes()));
  auto after = open(cut);
  EXPECT_EQ(after->last_epoch("clicks")->value().epoch, EpochId(2));
  EXPECT_FALSE(after->last_epoch("clicks")->value().committed);
  const auto committed = after->committed_epochs("clicks", 10).value();
  ASSERT_EQ(committed.size(), 2u);
  EXPECT_EQ(committed[0].epoch, EpochId(1));
  EXPECT_EQ(committed[1].epoch, EpochId(0));
}

}  // namespace
}  // namespace laketide
