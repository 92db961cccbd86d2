// A ledger whose bytes are not as they were written: each byte of each page changed, each length it could be cut to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include "ledger/ledger.h"
#include "ledger/sqlite.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

using testing::AnyOf;

/// What a ledger says, as one text; or how it was refused.
struct Told {
  Status refusal;
  std::string rows;
  int count = 0;
};

class LedgerDamage : public testing::Test {
 protected:
  void SetUp() override {
    {
      auto ledger = *Ledger::open(state());
      ASSERT_TRUE(ledger->save_intent({"p", "running", R"({"name":"p"})", "http", "", ""}).ok());
      ASSERT_TRUE(ledger->commit_epoch("p", EpochId(0), "plan 0", "receipt 0").ok());
      ASSERT_TRUE(ledger->plan_epoch("p", EpochId(1), "plan 1").ok());
      ASSERT_TRUE(ledger->save_reset("p", {"earliest", EpochId(0)}).ok());
      ASSERT_TRUE(ledger->pin_schema("t", "id int").ok());
      ASSERT_TRUE(ledger->save_job({"j1", 0, "SUCCEEDED", true, "p", "key", 5, "{}"}).ok());
      ASSERT_TRUE(ledger->save_job({"j2", 0, "RUNNING", false, "p", "", 6, "{}"}).ok());
    }
    // Small pages, so that all of it can be tried.
    auto file = *SqliteFile::open(path());
    for (const char* step : {"PRAGMA journal_mode=DELETE", "PRAGMA page_size=512", "VACUUM", "PRAGMA journal_mode=WAL"}) {
      ASSERT_TRUE(file->run(step).ok()) << step;
    }
    file.reset();
    right_ = read();
    ASSERT_EQ(right_.size() % 512, 0u);
    ASSERT_LT(right_.size(), 10'000u);
    whole_ = told();
    ASSERT_TRUE(whole_.refusal.ok()) << whole_.refusal.to_string();
    ASSERT_EQ(whole_.count, 8);
  }

  std::string state() const { return dir_.path() + "/state"; }
  std::string path() const { return state() + "/ledger.sqlite"; }
  std::string read() const {
    std::ifstream file(path(), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Told with(const std::string& bytes) {
    for (const char* beside : {"-wal", "-shm"}) std::filesystem::remove(path() + beside);
    std::ofstream(path(), std::ios::binary | std::ios::trunc).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return told();
  }

  template <typename T>
  static bool take(Told& told, const Result<T>& result) {
    if (!result.ok()) told.refusal = result.status();
    return result.ok();
  }
  static void say(Told& told, std::initializer_list<std::string> words) {
    ++told.count;
    for (const auto& word : words) told.rows += word + "|";
    told.rows += "\n";
  }
  Told told() {
    Told told;
    const auto opened = Ledger::open(state());
    if (!take(told, opened)) return told;
    Ledger& ledger = **opened;
    if (const auto all = ledger.intents(); take(told, all)) {
      for (const auto& one : *all) say(told, {one.pipeline, one.want, one.document, one.origin, one.failed_code, one.failed_detail});
    }
    if (const auto last = ledger.last_epoch("p"); take(told, last) && *last) say(told, {(*last)->plan, std::to_string((*last)->epoch.value)});
    if (const auto all = ledger.committed_epochs("p", 10); take(told, all)) {
      for (const auto& one : *all) say(told, {one.plan, one.receipt});
    }
    if (const auto reset = ledger.reset("p"); take(told, reset) && *reset) say(told, {(*reset)->start});
    if (const auto schema = ledger.pinned_schema("t"); take(told, schema) && *schema) say(told, {**schema});
    if (const auto all = ledger.jobs({}); take(told, all)) {
      for (const auto& one : *all) say(told, {one.id, one.state, one.key, one.body, std::to_string(one.number)});
    }
    if (const auto all = ledger.unfinished_jobs(); take(told, all)) {
      for (const auto& one : *all) say(told, {one.id});
    }
    return told;
  }
  void expect_by_name(const Status& refusal, const std::string& what) {
    ASSERT_THAT(std::string(refusal.code()), AnyOf("ledger_corrupt", "ledger_version", "ledger_io")) << what << ": " << refusal.to_string();
  }

  TempDir dir_;
  std::string right_;
  Told whole_;
};

TEST_F(LedgerDamage, AChangedByteIsRefusedByNameOrChangesOneText) {
  int refused = 0, same = 0, other = 0;
  for (size_t at = 0; at < right_.size(); ++at) {
    if (at > 100 && at % 16 != 0 && right_[at] == '\0') continue;  // most of a page is not used
    std::string wrong = right_;
    wrong[at] = static_cast<char>(wrong[at] ^ (1 << (at % 8)));
    const Told now = with(wrong);
    if (!now.refusal.ok()) {
      expect_by_name(now.refusal, "byte " + std::to_string(at));
      ++refused;
    } else {
      // SQLite keeps no checksums: a letter of a text may be another one, also of a key, and then one row is not found under it.
      EXPECT_LE(std::abs(now.count - whole_.count), 1) << "byte " << at << ": " << now.rows;
      ++(now.rows == whole_.rows ? same : other);
    }
  }
  std::cout << right_.size() << " bytes: " << refused << " refused, " << same << " without effect, " << other << " other texts\n";
  EXPECT_GT(refused, static_cast<int>(right_.size()) / 20);
}

TEST_F(LedgerDamage, EveryLengthButTheWholeIsRefused) {
  for (size_t size = 1; size < right_.size(); size += size < 600 || size % 512 > 500 ? 1 : 37) {
    const Told now = with(right_.substr(0, size));
    ASSERT_FALSE(now.refusal.ok()) << size;
    expect_by_name(now.refusal, "size " + std::to_string(size));
  }
}

}  // namespace
}  // namespace laketide
