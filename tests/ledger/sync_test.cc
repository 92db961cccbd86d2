#include <gtest/gtest.h>
#include <sqlite3.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <string_view>

#include "ledger/ledger.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

/// SQLite's own files, which tell how often the write-ahead log was synced, and how long it was then. One at a time.
class CountedSyncs {
 public:
  CountedSyncs() {
    real_ = sqlite3_vfs_find(nullptr);
    counted_ = *real_;
    counted_.zName = "counted";
    counted_.xOpen = &open;
    sqlite3_vfs_register(&counted_, 1);
    syncs_ = 0;
  }
  ~CountedSyncs() { sqlite3_vfs_unregister(&counted_); }
  static int count() { return syncs_; }
  static int64_t bytes() { return bytes_; }

 private:
  static int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
    const int code = real_->xOpen(real_, name, file, flags, out);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
    real_sync_ = file->pMethods->xSync;
    methods_ = *file->pMethods;
    methods_.xSync = &sync;
    file->pMethods = &methods_;
    return code;
  }
  static int sync(sqlite3_file* file, int flags) {
    sqlite3_int64 bytes = 0;
    file->pMethods->xFileSize(file, &bytes);
    bytes_ = bytes;
    ++syncs_;
    return real_sync_(file, flags);
  }

  inline static sqlite3_vfs* real_;
  inline static sqlite3_vfs counted_;
  inline static sqlite3_io_methods methods_;
  inline static int (*real_sync_)(sqlite3_file*, int);
  inline static std::atomic<int> syncs_;
  inline static std::atomic<int64_t> bytes_;
};

class LedgerSyncTest : public ::testing::Test {
 protected:
  std::unique_ptr<Ledger> open(const std::string& state) {
    auto opened = Ledger::open(state, scheduler_->io_actor("ledger"));
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  CountedSyncs syncs_;
  TempDir dir_;
  std::unique_ptr<Scheduler> scheduler_ = make_scheduler({.workers = 1});
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
