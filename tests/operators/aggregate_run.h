// Drives partial and final aggregates as a run does: lanes, batches, epochs, and a fresh start from saved state after each epoch.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "operators/aggregate.h"

namespace laketide::test {

inline constexpr int64_t kSecond = 1'000'000;  // of event time

/// A row of the test's input; positions as in `kInputColumns`. Immutable.
struct Event {
  int64_t time = 0;
  std::optional<int64_t> key;
  std::optional<std::string> name;
  std::optional<int32_t> count;
  std::optional<int64_t> big;
  std::optional<double> real;
  std::optional<int64_t> cents;  // numeric(12,2)
  std::optional<bool> flag;
  int32_t partition = 0;
  int64_t offset = 0;
};
/// kPart is always 0.25, kComma always ','; kSmall is `count` modulo 8.
enum InputColumn { kTime, kKey, kName, kCount, kBig, kReal, kCents, kFlag, kPartition, kOffset, kPart, kComma, kSmall };
Schema input_schema();
Batch batch_of(const std::vector<Event>& events);

/// Rows as text: columns joined by '|', NULL as "NULL", doubles with 9 digits.
using TextRow = std::vector<std::string>;
TextRow text_row(const arrow::RecordBatch& batch, int64_t row);

/// What an epoch brings. `late` and `evict` as in EpochInfo. Immutable.
struct TestEpoch {
  std::vector<Event> events;
  std::optional<int64_t> late, evict;
  bool last = false;
};

/// How a run is cut up. Immutable.
struct RunShape {
  int lanes = 1;
  int64_t batch_rows_max = 1000;
  bool restart_every_epoch = false;
  uint64_t seed = 1;
};

/// What the rows that came out amount to: a table that inserts, updates and deletes were applied to, by window_start and keys. Epochs
/// of complete mode replace it. Checks that changes fit the table. Confined to its task.
struct RunResult {
  std::map<TextRow, TextRow> table;
  std::map<int, int> changes;  // how often each Change
  int64_t rows = 0;            // in all
  int64_t state_rows = 0;      // at the end
};

/// A call of the overload for these input columns.
AggregateCall call(const std::string& name, std::vector<int> args, int filter = -1, bool distinct = false);
/// Completes what can be derived: input, output, order.
AggregateOptions aggregate(std::vector<int> keys, std::optional<WindowOptions> window, std::vector<AggregateCall> calls, OutputMode mode);
RunResult run(const AggregateOptions& options, const std::vector<TestEpoch>& epochs, const RunShape& shape);

/// Epochs with a watermark `delay` behind the largest time: each is late by what the one before evicted; the last one flushes.
std::vector<TestEpoch> with_watermark(const std::vector<std::vector<Event>>& epochs, std::optional<int64_t> delay);
std::vector<std::vector<Event>> random_epochs(uint64_t seed, int rows, int keys, int64_t time_span);

}  // namespace laketide::test
