// Many epochs with a fault at a place drawn by lot: every record is in the tables or in the quarantine exactly once.
#include <arrow/type.h>
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "base/failpoint.h"
#include "sinks/postgres/pipeline.h"

namespace laketide::faults_test {
namespace {

constexpr int64_t kEpochs = 40;
constexpr int64_t kRowsPerEpoch = 40;
constexpr std::array kFaults{"postgres.claim.before=error", "postgres.claim.after=error",   "postgres.copy=error",
                             "postgres.copy=cut",           "postgres.prepare.before=error", "postgres.prepare.after=error",
                             "postgres.commit.before=error", "postgres.commit.sent=error",   "postgres.commit.sent=cut",
                             "postgres.commit.sent=lose",    "postgres.commit.after=error"};

Schema schema() {
  return arrow::schema({arrow::field("id", arrow::int64(), false), arrow::field("v", arrow::int64())});
}

// Offsets of one epoch; every seventh is refused by the table.
Batch rows_of_epoch(int64_t epoch) {
  std::string json = "[";
  for (int64_t row = 0; row < kRowsPerEpoch; ++row) {
    const auto offset = std::to_string(epoch * kRowsPerEpoch + row);
    json += (row == 0 ? "[" : ", [") + offset + ", " + offset + "]";
  }
  return with_place(rows_of(schema(), json + "]"), 0, epoch * kRowsPerEpoch);
}

class PostgresFaults : public testing::TestWithParam<unsigned> {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
};

TEST_P(PostgresFaults, LoseAndRepeatNothing) {
  Database database;
  database.run("CREATE TABLE t (id bigint PRIMARY KEY CHECK (id % 7 <> 3), v bigint)");
  std::mt19937 lot(GetParam());
  const auto make = [&] {
    const PostgresTarget append{.id = "t", .table = "t"};
    const PostgresTarget upsert{.id = "u", .table = "u", .mode = PostgresTarget::Mode::kUpsert, .key = {"id"}};
    auto options = Pipeline::options_for(database, {append, upsert});
    options.queue_bytes_max = 4 << 10;
    return std::make_unique<Pipeline>(options, std::vector{schema(), schema()});
  };
  auto pipeline = make();
  std::optional<EpochId> at;
  bool claimed = false;
  int attempts = 0;
  while (!at || at->value < kEpochs - 1) {
    ASSERT_LT(++attempts, kEpochs * 10);
    Failpoint::disarm_all();
    const std::string fault = lot() % 3 == 0 ? "" : kFaults[lot() % kFaults.size()];
    ASSERT_TRUE(Failpoint::arm(fault).ok());
    if (!claimed) {
      auto progress = pipeline->restart();
      if (!progress.ok()) continue;
      at = progress->epoch;
      claimed = true;
      continue;
    }
    const int64_t epoch = at ? at->value + 1 : 0;
    Status done = pipeline->write(rows_of_epoch(epoch), 0);
    if (done.ok()) done = pipeline->write(rows_of_epoch(epoch), 1);
    if (done.ok()) done = pipeline->finish(epoch).status();
    if (done.ok()) {
      at = EpochId(epoch);
      continue;
    }
    claimed = false;
    if (lot() % 2 == 0) pipeline = make();  // a new process, and the old one is gone
  }
  Failpoint::disarm_all();
  const int64_t all = kEpochs * kRowsPerEpoch;
  int64_t refused = 0;
  int64_t sum = 0;
  for (int64_t id = 0; id < all; ++id) id % 7 == 3 ? ++refused : sum += id;
  EXPECT_EQ(database.value("SELECT count(*), count(DISTINCT id), sum(id) FROM t"),
            std::to_string(all - refused) + "|" + std::to_string(all - refused) + "|" + std::to_string(sum));
  EXPECT_EQ(database.value("SELECT count(*), count(DISTINCT \"offset\"), bool_and(\"offset\" % 7 = 3 AND epoch = \"offset\" / " +
                           std::to_string(kRowsPerEpoch) + ") FROM laketide.quarantine"),
            std::to_string(refused) + "|" + std::to_string(refused) + "|t");
  EXPECT_EQ(database.value("SELECT count(*), sum(id) FROM u"), std::to_string(all) + "|" + std::to_string(all * (all - 1) / 2));
}
INSTANTIATE_TEST_SUITE_P(Seeds, PostgresFaults, testing::Range(1u, 5u));

}  // namespace
}  // namespace laketide::faults_test
