// Aggregates against a naive computation over random rows, however the run is cut into lanes, batches, epochs and starts.
#include "aggregate_run.h"

#include <gmock/gmock.h>

#include <cinttypes>
#include <functional>

#include "expr/decimal.h"

namespace laketide::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

constexpr int64_t kSecond = 1'000'000;
using Rows = std::vector<const Event*>;

std::string show(const std::optional<int64_t>& value) { return value ? std::to_string(*value) : "NULL"; }
std::string show(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

// An average to 16 digits, half away from zero, digit by digit.
std::string average(expr::Int128 sum, int64_t count, int scale) {
  const bool negative = sum < 0;
  if (negative) sum = -sum;
  for (int i = 0; i < scale; ++i) count *= 10;
  std::string digits;
  expr::Int128 rest = sum % count;
  for (int i = 0; i < 17; ++i) {
    rest *= 10;
    digits += static_cast<char>('0' + static_cast<int>(rest / count));
    rest %= count;
  }
  expr::Int128 scaled = sum / count;
  for (int i = 0; i < 16; ++i) scaled = scaled * 10 + (digits[static_cast<size_t>(i)] - '0');
  if (digits[16] >= '5') ++scaled;
  return expr::to_text(negative ? -scaled : scaled, 16);
}

TextRow naive_results(const Rows& rows) {
  int64_t counted = 0, filtered = 0, ints = 0, reals = 0;
  std::optional<int64_t> sum;
  expr::Int128 big = 0, cents = 0;
  bool any_big = false, any_cents = false;
  int64_t bigs = 0, cents_count = 0;
  double real = 0;
  std::optional<std::string> least, most;
  std::optional<int64_t> low, high;
  for (const Event* e : rows) {
    if (e->name) ++counted;
    if (e->flag.value_or(false)) ++filtered;
    if (e->count) sum = sum.value_or(0) + *e->count, ++ints;
    if (e->big) big += *e->big, any_big = true, ++bigs;
    if (e->cents && e->flag.value_or(false)) cents += *e->cents, any_cents = true;
    if (e->cents) ++cents_count;
    if (e->real) real += *e->real, ++reals;
    if (e->name && (!least || *e->name < *least)) least = e->name;
    if (e->name && (!most || *e->name > *most)) most = e->name;
    if (e->time < low.value_or(INT64_MAX)) low = e->time;
    if (e->cents) high = std::max(high.value_or(INT64_MIN), *e->cents);
  }
  return {std::to_string(rows.size()), std::to_string(counted), std::to_string(filtered), show(sum), any_big ? expr::to_text(big, 0) : "NULL",
          any_cents ? expr::to_text(cents, 2) : "NULL", reals > 0 ? show(real) : "NULL", ints > 0 ? average(*sum, ints, 0) : "NULL",
          bigs > 0 ? average(big, bigs, 0) : "NULL", reals > 0 ? show(real / static_cast<double>(reals)) : "NULL", least.value_or("NULL"), most.value_or("NULL"),
          show(low), high ? expr::to_text(*high, 2) : "NULL"};
}

std::vector<AggregateCall> calls() {
  return {call("count", {}), call("count", {kName}), call("count", {}, kFlag), call("sum", {kCount}), call("sum", {kBig}), call("sum", {kCents}, kFlag),
          call("sum", {kReal}), call("avg", {kCount}), call("avg", {kBig}), call("avg", {kReal}), call("min", {kName}), call("max", {kName}),
          call("min", {kTime}), call("max", {kCents})};
}

using KeyOf = std::function<TextRow(const Event&)>;
TextRow text_key(const Event& e) { return {show(e.key), e.name.value_or("NULL")}; }

int64_t floor_to(int64_t time, int64_t step, int64_t offset) {
  int64_t start = offset;
  while (start > time) start -= step;
  while (start + step <= time) start += step;
  return start;
}

using Table = std::map<TextRow, TextRow>;

Table naive_plain(const std::vector<TestEpoch>& epochs) {
  std::map<TextRow, Rows> groups;
  for (const TestEpoch& epoch : epochs) {
    for (const Event& event : epoch.events) groups[text_key(event)].push_back(&event);
  }
  Table table;
  for (const auto& [key, rows] : groups) {
    TextRow row = key;
    for (auto& value : naive_results(rows)) row.push_back(value);
    table[key] = row;
  }
  return table;
}

Table naive_tumble(const std::vector<TestEpoch>& epochs, const WindowOptions& window) {
  std::map<TextRow, std::pair<int64_t, Rows>> groups;
  for (const TestEpoch& epoch : epochs) {
    for (const Event& event : epoch.events) {
      const int64_t start = floor_to(event.time, window.size, window.offset);
      if (epoch.late && start + window.size <= *epoch.late) continue;
      auto& group = groups[{std::to_string(start), show(event.key)}];
      group.first = start + window.size;
      group.second.push_back(&event);
    }
  }
  Table table;
  for (const auto& [key, group] : groups) {
    TextRow row{key[0], std::to_string(group.first), key[1]};
    for (auto& value : naive_results(group.second)) row.push_back(value);
    table[key] = row;
  }
  return table;
}

// Empty if the tables are equal; else the first rows that are not.
std::string differences(const Table& is, const Table& should) {
  std::string text;
  int shown = 0;
  for (const auto& [key, row] : should) {
    const auto found = is.find(key);
    if (found != is.end() && found->second == row) continue;
    if (++shown <= 3) text += "wanted " + testing::PrintToString(row) + "\n   got " + (found == is.end() ? "nothing" : testing::PrintToString(found->second)) + "\n";
  }
  for (const auto& [key, row] : is) {
    if (!should.contains(key) && ++shown <= 3) text += "not wanted " + testing::PrintToString(row) + "\n";
  }
  return text;
}

std::vector<RunShape> shapes(uint64_t seed) {
  return {{.lanes = 1, .batch_rows_max = 1000, .seed = seed}, {.lanes = 3, .batch_rows_max = 7, .seed = seed}, {.lanes = 2, .batch_rows_max = 30, .restart_every_epoch = true, .seed = seed}};
}

class AggregateOfMode : public testing::TestWithParam<OutputMode> {};

TEST_P(AggregateOfMode, PlainKeysAreAsComputedNaively) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const auto epochs = with_watermark(random_epochs(seed, 400, 5, 100 * kSecond), std::nullopt);
    for (const RunShape& shape : shapes(seed)) {
      EXPECT_EQ(differences(run(aggregate({kKey, kName}, std::nullopt, calls(), GetParam()), epochs, shape).table, naive_plain(epochs)), "");
    }
  }
}

TEST_P(AggregateOfMode, TumblingWindowsAreAsComputedNaively) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const WindowOptions window{.kind = WindowOptions::Kind::kTumble, .time = kTime, .size = 10 * kSecond, .offset = static_cast<int64_t>(seed % 3) * kSecond};
    // Complete mode forgets nothing, so that late rows are refused by nobody there but by the watermark of a run that has one.
    const bool complete = GetParam() == OutputMode::kComplete;
    const auto epochs = with_watermark(random_epochs(seed, 300, 4, 100 * kSecond), complete ? std::nullopt : std::optional(5 * kSecond));
    for (const RunShape& shape : shapes(seed)) {
      const RunResult result = run(aggregate({kKey}, window, calls(), GetParam()), epochs, shape);
      EXPECT_EQ(differences(result.table, naive_tumble(epochs, window)), "");
      EXPECT_EQ(result.state_rows, complete ? static_cast<int64_t>(result.table.size()) : 0);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Modes, AggregateOfMode, testing::Values(OutputMode::kAppend, OutputMode::kUpdate, OutputMode::kComplete));

TEST(Aggregate, WithoutGroupByThereIsOneRowEvenOfNothing) {
  for (const OutputMode mode : {OutputMode::kAppend, OutputMode::kUpdate, OutputMode::kComplete}) {
    const auto result = run(aggregate({}, std::nullopt, {call("count", {}), call("sum", {kCount})}, mode), {{.last = true}}, {});
    EXPECT_THAT(result.table, ElementsAre(Pair(TextRow{}, TextRow{"0", "NULL"})));
  }
}

TEST(Aggregate, UpdatesOnlyWhatChanged) {
  const Event a{.time = 1, .key = 1, .count = 2}, b{.time = 2, .key = 2, .count = 3};
  const auto result = run(aggregate({kKey}, std::nullopt, {call("sum", {kCount})}, OutputMode::kUpdate), {{.events = {a, b}}, {.events = {a}}, {}}, {.restart_every_epoch = true});
  EXPECT_THAT(result.table, ElementsAre(Pair(TextRow{"1"}, TextRow{"1", "4"}), Pair(TextRow{"2"}, TextRow{"2", "3"})));
  EXPECT_THAT(result.changes, ElementsAre(Pair(0, 2), Pair(1, 1)));
}

TEST(Aggregate, AppendsAGroupOfAnEventTimeKeyOnceItIsFinal) {
  AggregateOptions options = aggregate({kTime}, std::nullopt, {call("count", {})}, OutputMode::kAppend);
  options.event_time_key = 0;
  const auto result = run(options, {{.events = {{.time = 5}, {.time = 9}}, .evict = 5}, {.events = {{.time = 5}, {.time = 9}}, .late = 5, .evict = 8}}, {.restart_every_epoch = true});
  EXPECT_THAT(result.table, ElementsAre(Pair(TextRow{"5"}, TextRow{"5", "1"})));
  EXPECT_EQ(result.state_rows, 1);
}

}  // namespace
}  // namespace laketide::test
