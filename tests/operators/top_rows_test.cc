// The first rows of each key by an order, against a naive computation.
#include "operators/top_rows.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include <arrow/array/array_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "aggregate_run.h"
#include "flow/change.h"
#include "saved_copy.h"

namespace laketide::test {
namespace {

using Key = std::optional<int64_t>;

// By count descending, NULLs last; then by place.
TopRowsOptions options_of(int64_t count, OutputMode mode) {
  const int columns = input_schema()->num_fields();
  return {.name = "top", .input = input_schema(), .output = columns, .keys = {kKey}, .order = {{kCount, {true, false}}}, .place = {-1, kPartition, kOffset}, .count = count, .mode = mode};
}

struct Started {
  explicit Started(const TopRowsOptions& options) {
    context.memory = arrow::default_memory_pool();
    lane = make_partial_top_rows(options, context).value();
    top = make_top_rows(options, context, tables).value();
  }
  std::vector<Batch> ended(Operator& op, const EpochInfo& info) {
    std::vector<Batch> all;
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      step = op.end_epoch(info, out).value();
      if (out) all.push_back(std::move(out));
    }
    return all;
  }
  std::vector<Batch> epoch(const std::vector<Event>& events, bool last) {
    Batch none;
    for (size_t at = 0; at < events.size(); at += 1000) {
      const auto end = events.begin() + static_cast<long>(std::min(events.size(), at + 1000));
      EXPECT_TRUE(lane->process(0, batch_of({events.begin() + static_cast<long>(at), end}), none, rejects).ok());
    }
    EpochInfo info;
    info.last = last;
    for (const Batch& batch : ended(*lane, info)) EXPECT_TRUE(top->process(0, batch, none, rejects).ok());
    return ended(*top, info);
  }

  Context context;
  Rejects rejects;
  state::StateTables tables;
  std::unique_ptr<Operator> lane, top;
};

std::map<std::pair<Key, int64_t>, TextRow> naive(const std::vector<Event>& events, int64_t count) {
  std::map<Key, std::vector<Event>> keys;
  for (const Event& event : events) keys[event.key].push_back(event);
  std::map<std::pair<Key, int64_t>, TextRow> rows;
  for (auto& [key, its] : keys) {
    std::sort(its.begin(), its.end(), [](const Event& a, const Event& b) {
      if (a.count != b.count) return !b.count || (a.count && *a.count > *b.count);
      return std::pair(a.partition, a.offset) < std::pair(b.partition, b.offset);
    });
    for (int64_t i = 0; i < std::min<int64_t>(count, static_cast<int64_t>(its.size())); ++i) rows[{key, i + 1}] = text_row(*batch_of({its[static_cast<size_t>(i)]}), 0);
  }
  return rows;
}

// Applies rows to a table by key and number; what is there already must be an update.
void apply(const Batch& batch, std::map<std::pair<Key, int64_t>, TextRow>& table) {
  const int columns = batch->num_columns();
  const auto& keys = static_cast<const arrow::Int64Array&>(*batch->column(kKey));
  const auto& numbers = static_cast<const arrow::Int64Array&>(*batch->column(columns - 2));
  const auto& changes = static_cast<const arrow::Int8Array&>(*batch->column(columns - 1));
  for (int64_t row = 0; row < batch->num_rows(); ++row) {
    TextRow text = text_row(*batch, row);
    text.resize(static_cast<size_t>(columns - 2));
    const bool known = table.contains({keys.IsNull(row) ? Key() : keys.Value(row), numbers.Value(row)});
    EXPECT_EQ(static_cast<Change>(changes.Value(row)), known ? Change::kUpdate : Change::kInsert);
    table[{keys.IsNull(row) ? Key() : keys.Value(row), numbers.Value(row)}] = std::move(text);
  }
}

TEST(TopRows, GivesTheRowsOfANaiveComputationOverRestarts) {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE(seed);
    const int64_t count = 1 + static_cast<int64_t>(seed % 4);
    const OutputMode mode = seed % 3 == 0 ? OutputMode::kAppend : OutputMode::kUpdate;
    const auto epochs = random_epochs(seed, 300, 5, 100 * kSecond);
    std::mt19937_64 random(seed);
    SavedCopy saved;
    std::vector<Event> all;
    std::map<std::pair<Key, int64_t>, TextRow> table;
    for (size_t i = 0; i < epochs.size(); ++i) {
      Started started(options_of(count, mode));
      for (const auto& [name, one] : started.tables.all()) saved.restore(*one);
      std::vector<Event> events = epochs[i];
      all.insert(all.end(), events.begin(), events.end());
      std::shuffle(events.begin(), events.end(), random);
      const bool last = i + 1 == epochs.size();
      for (const Batch& batch : started.epoch(events, last)) apply(batch, table);
      if (mode == OutputMode::kUpdate) {
        EXPECT_EQ(table, naive(all, count)) << "epoch " << i;
      } else {
        EXPECT_EQ(table.empty(), !last) << "epoch " << i;
      }
      for (const auto& [name, one] : started.tables.all()) saved.save(*one, random() % 4 == 0);
    }
    EXPECT_EQ(table, naive(all, count));
  }
}

TEST(TopRows, KeepsNoMoreBatchesThanItsRowsAreWorth) {
  constexpr int kEpochs = 60, kRows = 5000;
  Started started(options_of(3, OutputMode::kUpdate));
  std::vector<Event> all;
  std::map<std::pair<Key, int64_t>, TextRow> table;
  int64_t most = 0;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    std::vector<Event> events;
    for (int row = 0; row < kRows; ++row) {  // each epoch's rows are better than those before
      const int64_t offset = static_cast<int64_t>(epoch) * kRows + row;
      events.push_back({.key = row % 1000, .name = "row", .count = static_cast<int32_t>(offset), .offset = offset});
    }
    all.insert(all.end(), events.begin(), events.end());
    for (const Batch& batch : started.epoch(events, false)) apply(batch, table);
    most = std::max(most, started.tables.bytes());
  }
  EXPECT_EQ(table, naive(all, 3));
  EXPECT_EQ(started.tables.rows(), 1000);
  EXPECT_LT(most, 40 << 20) << "of 300,000 rows 3,000 are kept";
}

}  // namespace
}  // namespace laketide::test
