// The first row of each key, against a naive computation.
#include "operators/deduplicate.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include "aggregate_run.h"
#include "saved_copy.h"

namespace laketide::test {
namespace {


DeduplicateOptions options_of(std::optional<int64_t> within) {
  return {.name = "firsts", .input = input_schema(), .output = input_schema()->num_fields(), .keys = {kKey, kName}, .order = {-1, kPartition, kOffset}, .time = kTime, .within = within};
}

/// One start of the operator. Confined to its task.
struct StartedDeduplicate {
  explicit StartedDeduplicate(const DeduplicateOptions& options) {
    context.memory = arrow::default_memory_pool();
    op = make_deduplicate(options, context, tables).value();
  }
  std::vector<TextRow> epoch(const TestEpoch& epoch, std::mt19937_64& random) {
    std::vector<Event> events = epoch.events;
    std::shuffle(events.begin(), events.end(), random);
    Batch out;
    for (size_t at = 0; at < events.size();) {
      const size_t count = std::min<size_t>(events.size() - at, 1 + random() % 20);
      EXPECT_EQ(op->process(0, batch_of({events.begin() + static_cast<long>(at), events.begin() + static_cast<long>(at + count)}), out, rejects).value(), Step::kReady);
      at += count;
    }
    EpochInfo info;
    if (epoch.late) info.late = Instant{*epoch.late};
    if (epoch.evict) info.evict = Instant{*epoch.evict};
    info.last = epoch.last;
    std::vector<TextRow> rows;
    for (Step step = Step::kMore; step == Step::kMore;) {
      out = nullptr;
      step = op->end_epoch(info, out).value();
      for (int64_t row = 0; out && row < out->num_rows(); ++row) rows.push_back(text_row(*out->RemoveColumn(out->num_columns() - 1).ValueOrDie(), row));
    }
    return rows;
  }

  Context context;
  Rejects rejects;
  state::StateTables tables;
  std::unique_ptr<Operator> op;
};

std::vector<TextRow> naive_firsts(const std::vector<TestEpoch>& epochs, std::optional<int64_t> within) {
  std::map<std::pair<std::optional<int64_t>, std::optional<std::string>>, int64_t> until;
  std::vector<TextRow> rows;
  for (const TestEpoch& epoch : epochs) {
    std::vector<Event> events = epoch.events;
    std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return std::pair(a.partition, a.offset) < std::pair(b.partition, b.offset); });
    for (const Event& event : events) {
      if (within && epoch.late && event.time <= *epoch.late) continue;
      const auto found = until.find({event.key, event.name});
      if (found != until.end() && (!within || event.time < found->second)) continue;
      until[{event.key, event.name}] = event.time + within.value_or(0);
      rows.push_back(text_row(*batch_of({event}), 0));
    }
  }
  return rows;
}

TEST(Deduplicate, GivesTheRowsOfANaiveComputationInTheirOrder) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const std::optional<int64_t> within = seed % 3 == 0 ? std::nullopt : std::optional(static_cast<int64_t>(seed % 5) * 10 * kSecond);
    const auto epochs = with_watermark(random_epochs(seed, 300, 3, 100 * kSecond), 5 * kSecond);
    std::mt19937_64 random(seed);
    SavedCopy saved;
    std::vector<TextRow> rows;
    for (const TestEpoch& epoch : epochs) {
      StartedDeduplicate started(options_of(within));
      for (const auto& [name, table] : started.tables.all()) saved.restore(*table);
      for (TextRow& row : started.epoch(epoch, random)) rows.push_back(std::move(row));
      for (const auto& [name, table] : started.tables.all()) saved.save(*table, random() % 4 == 0);
    }
    EXPECT_EQ(rows, naive_firsts(epochs, within));
  }
}

TEST(Deduplicate, ForgetsKeysThatTheWatermarkHasPassed) {
  StartedDeduplicate started(options_of(10));
  std::mt19937_64 random(1);
  EXPECT_EQ(started.epoch({.events = {{.time = 5, .key = 1}, {.time = 14, .key = 1, .offset = 1}, {.time = 8, .key = 2, .offset = 2}}, .evict = 14}, random).size(), 2u);
  EXPECT_EQ(started.tables.rows(), 2);
  EXPECT_EQ(started.epoch({.late = 14, .evict = 15}, random).size(), 0u);
  EXPECT_EQ(started.tables.rows(), 1);
  EXPECT_EQ(started.epoch({.events = {{.time = 15, .key = 1, .offset = 3}, {.time = 14, .key = 3, .offset = 4}}, .late = 15, .evict = 15}, random).size(), 0u);
  EXPECT_EQ(started.tables.rows(), 1);
  EXPECT_EQ(started.epoch({.events = {{.time = 16, .key = 1, .offset = 5}}, .late = 15, .evict = 16}, random).size(), 1u);
}

}  // namespace
}  // namespace laketide::test
