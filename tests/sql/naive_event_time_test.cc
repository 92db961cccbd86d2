// Idle partitions and clocks that are far ahead, against a computation that looks at every record again: 1,000 random inputs.
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/array/builder_primitive.h>
#include <arrow/array/builder_time.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "execution/watermark.h"
#include "operators/event_times.h"
#include "sql/query.h"
#include "sql/remembering.h"

namespace laketide::naive_event_time {
namespace {

using std::chrono::seconds;

constexpr int kInputs = 1000;
constexpr int64_t kMicros = 1'000'000;
constexpr int64_t kBegin = 1000;  // what the clock says when the run begins

/// A record; seconds since 1970.
struct Record {
  int partition;
  int64_t time;
  int value;
};
/// An epoch: what its lanes read, what the clock says when it closes, and how many records each partition's log has then.
struct Round {
  int64_t clock;
  std::vector<Record> read;
  std::vector<int64_t> log;
};
struct Input {
  int64_t size, slide, delay, idle_after;
  std::optional<int64_t> skew;
  int partitions;
  std::vector<Round> rounds;
};
using Marks = std::vector<std::optional<int64_t>>;

Input random_input(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int64_t end) { return static_cast<int64_t>(random() % static_cast<uint64_t>(end)); };
  Input input{1 + below(20), 1, below(2) * below(20), 1 + below(12), {}, static_cast<int>(1 + below(4)), {}};
  input.slide = below(2) == 0 ? input.size : 1 + below(input.size);
  if (below(3) != 0) input.skew = below(3) * below(20);
  std::vector<std::vector<Record>> logs(static_cast<size_t>(input.partitions));
  std::vector<size_t> read(logs.size());
  int64_t clock = kBegin;
  for (int64_t rounds = 3 + below(10); rounds > 0; --rounds) {
    clock += below(8);
    Round& round = input.rounds.emplace_back();
    round.clock = clock;
    for (size_t p = 0; p < logs.size(); ++p) {
      const int64_t made = below(3) == 0 ? below(5) : 0;
      for (int64_t i = 0; i < made; ++i) {
        const int64_t time = below(6) == 0 ? clock + below(300) : clock - below(40);
        logs[p].push_back({static_cast<int>(p), time, static_cast<int>(below(1000))});
      }
      round.log.push_back(static_cast<int64_t>(logs[p].size()));
      const size_t until = std::min(logs[p].size(), read[p] + static_cast<size_t>(below(2) == 0 ? 1000 : below(4)));
      round.read.insert(round.read.end(), logs[p].begin() + static_cast<int64_t>(read[p]), logs[p].begin() + static_cast<int64_t>(until));
      read[p] = until;
    }
  }
  return input;
}

std::optional<int64_t> naive_mark(const Input& input, size_t last) {
  std::optional<int64_t> least, largest;
  bool waits = false, any = false;
  for (int partition = 0; partition < input.partitions; ++partition) {
    std::optional<int64_t> newest;
    int64_t heard = kBegin, read = 0;
    for (size_t i = 0; i <= last; ++i) {
      for (const Record& record : input.rounds[i].read) {
        if (record.partition != partition) continue;
        ++read;
        heard = input.rounds[i].clock;
        if (!input.skew || record.time <= input.rounds[i].clock + *input.skew) newest = std::max(newest.value_or(record.time), record.time);
      }
    }
    const Round& now = input.rounds[last];
    const bool idle = read == now.log[static_cast<size_t>(partition)] && now.clock - heard >= input.idle_after;
    if (newest) largest = std::max(largest.value_or(*newest), *newest);
    if (idle) continue;
    any = true;
    waits |= !newest;
    if (newest) least = std::min(least.value_or(*newest), *newest);
  }
  if (waits) return std::nullopt;
  const auto mark = any ? least : largest;
  return mark ? std::optional(*mark - input.delay) : std::nullopt;
}

Marks naive_marks(const Input& input) {
  Marks marks;
  for (size_t i = 0; i < input.rounds.size(); ++i) {
    const auto mark = naive_mark(input, i), before = marks.empty() ? std::nullopt : marks.back();
    marks.push_back(mark && before ? std::max(mark, before) : mark ? mark : before);
  }
  return marks;
}

/// window_start and sum, by window_start; and how many rows came too late.
struct Expected {
  std::map<int64_t, int64_t> sums;
  int64_t late_rows = 0;
};

Expected naive_windows(const Input& input, const Marks& marks) {
  Expected expected;
  for (size_t i = 0; i < input.rounds.size(); ++i) {
    const auto late = i == 0 ? std::nullopt : marks[i - 1];
    for (const Record& record : input.rounds[i].read) {
      bool is_late = false;
      for (int64_t start = 0; start <= record.time; start += input.slide) {
        const int64_t end = start + input.size;
        if (end <= record.time) continue;
        if (late && end <= *late) is_late = true;
        else expected.sums[start] += record.value;
      }
      expected.late_rows += is_late;
    }
  }
  return expected;
}

/// Says what it was told. Confined to its task.
struct SetClock final : Clock {
  int64_t at = kBegin;
  Instant now() const override { return {at * kMicros}; }
};

SourcePartition place_of(int partition) { return {"events", "t", partition}; }

Batch batch_of(const std::vector<Record>& records) {
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), arrow::default_memory_pool());
  arrow::Int32Builder partitions;
  for (const Record& record : records) {
    EXPECT_TRUE(times.Append(record.time * kMicros).ok() && partitions.Append(record.partition).ok());
  }
  const auto schema = arrow::schema({arrow::field("ts", times.type()), arrow::field("_partition", arrow::int32())});
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(records.size()), {times.Finish().ValueOrDie(), partitions.Finish().ValueOrDie()});
}

/// The engine's watermark after each epoch, as a stage and its lanes ask for it.
std::vector<EpochRows> epochs_of(const Input& input) {
  const EventTimeRules rules{{"events", {seconds(input.delay), seconds(input.idle_after)}}};
  SetClock clock;
  Context context;
  context.memory = arrow::default_memory_pool();
  context.clock = &clock;
  EventTimesOptions options{"ts", batch_of({})->schema(), {"events", "t"}, {}};
  if (input.skew) options.future_skew_max = seconds(*input.skew);
  const auto watcher = make_event_times(options, context).value();
  std::map<SourcePartition, SteadyTime> last_record;
  std::set<SourcePartition> all;
  Positions read;
  for (int partition = 0; partition < input.partitions; ++partition) {
    last_record[place_of(partition)] = SteadyTime(seconds(kBegin));
    all.insert(place_of(partition));
    read[place_of(partition)] = NextOffset(0);
  }
  EventClock event_clock;
  std::vector<EpochRows> epochs;
  int64_t first = 0;
  for (const Round& round : input.rounds) {
    clock.at = round.clock;
    Batch rows = batch_of(round.read);
    Rejects rejects;
    EXPECT_TRUE(watcher->observe(rows, rejects).ok());
    PartitionBounds bounds;
    for (const Record& record : round.read) {
      last_record[place_of(record.partition)] = SteadyTime(seconds(round.clock));
      ++read[place_of(record.partition)].value;
    }
    for (int partition = 0; partition < input.partitions; ++partition) bounds[place_of(partition)] = {NextOffset(0), NextOffset(round.log[static_cast<size_t>(partition)])};
    const std::optional<Instant> late = event_clock.watermark;
    event_clock = advanced(rules, event_clock, watcher->take(), all, idle_partitions(rules, last_record, bounds, read, SteadyTime(seconds(round.clock))));
    const auto count = static_cast<int64_t>(round.read.size());
    epochs.push_back({first, count, {EpochId{static_cast<int64_t>(epochs.size())}, clock.now(), false, late, event_clock.watermark}});
    first += count;
  }
  epochs.back().info.last = true;
  return epochs;
}

std::string query_of(const Input& input) {
  const auto span = [](int64_t count) { return ", INTERVAL '" + std::to_string(count) + " s'"; };
  return "SELECT extract(epoch FROM window_start)::bigint AS start, sum(v) AS s FROM source GROUP BY hop(ts" + span(input.slide) + span(input.size) + ")";
}

TEST(NaiveEventTime, IdlePartitionsAndClocksFarAheadMoveTheWatermarkAsEveryRecordLookedAtAgainSays) {
  const char* const given = std::getenv("LAKETIDE_SEED");
  const uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "LAKETIDE_SEED=" << seed << std::endl;
  const sql::SourceTable source{"events", schema_of_text("v int, ts timestamptz"), "t", true, "ts"};
  int with_idle = 0, with_skew = 0, with_late = 0;
  for (int i = 0; i < kInputs && !HasFailure(); ++i) {
    const Input input = random_input(seed + static_cast<uint64_t>(i));
    const Marks marks = naive_marks(input);
    const std::vector<EpochRows> epochs = epochs_of(input);
    std::vector<Row> rows;
    for (size_t round = 0; round < input.rounds.size(); ++round) {
      const auto& mark = epochs[round].info.evict;
      ASSERT_EQ(mark ? std::optional(mark->micros / kMicros) : std::nullopt, marks[round]) << i << ", epoch " << round;
      for (const Record& record : input.rounds[round].read) rows.push_back({std::to_string(record.value), to_iso(Instant{record.time * kMicros})});
    }
    const Expected expected = naive_windows(input, marks);
    const sql::BoundQuery bound = sql::parse_query(query_of(input), "sql").value().bind(source).value();
    const auto answer = ask_in_epochs(bound, source, rows, epochs, Way::kStraight, OutputMode::kAppend);
    ASSERT_TRUE(answer.ok()) << answer.status().to_string();
    std::map<int64_t, int64_t> sums;
    for (const OutRow& row : answer->rows) EXPECT_TRUE(sums.emplace(std::stoll(*row.cells[0]), std::stoll(*row.cells[1])).second) << "a window twice";
    EXPECT_EQ(sums, expected.sums) << i << ": " << query_of(input);
    EXPECT_EQ(answer->late_rows, expected.late_rows) << i << ": " << query_of(input);
    // That the inputs are worth something: without the rule another watermark would have come out.
    Input without = input;
    without.idle_after = INT64_MAX;
    with_idle += naive_marks(without) != marks;
    without = input;
    without.skew.reset();
    with_skew += naive_marks(without) != marks;
    with_late += expected.late_rows > 0;
  }
  EXPECT_GT(with_idle, kInputs / 5);
  EXPECT_GT(with_skew, kInputs / 5);
  EXPECT_GT(with_late, kInputs / 5);
}

}  // namespace
}  // namespace laketide::naive_event_time
