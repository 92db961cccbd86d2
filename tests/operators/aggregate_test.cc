// Aggregates against a naive computation over random rows, however the run is cut into lanes, batches, epochs and starts.
#include "aggregate_run.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "expr/decimal.h"

namespace laketide::test {
namespace {

using testing::ElementsAre;
using testing::Pair;

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

std::string joined(const std::vector<std::string>& texts, const std::string& before, const std::string& after) {
  std::string all = before;
  for (size_t i = 0; i < texts.size(); ++i) all += (i == 0 ? "" : ",") + texts[i];
  return all + after;
}

// Functions whose state is more than a number.
TextRow naive_rich_results(Rows rows) {
  std::sort(rows.begin(), rows.end(), [](const Event* a, const Event* b) { return std::pair(a->partition, a->offset) < std::pair(b->partition, b->offset); });
  std::set<std::string> names;
  std::set<int32_t> counts;
  std::set<std::optional<bool>> flags;
  std::vector<std::string> listed_counts, listed_names;
  std::vector<double> reals;
  int64_t n = 0, sum = 0, squares = 0, distinct_sum = 0;
  for (const Event* e : rows) {
    if (e->name) names.insert(*e->name), listed_names.push_back(*e->name);
    if (e->count && counts.insert(*e->count % 8).second) distinct_sum += *e->count % 8;
    if (e->count) ++n, sum += *e->count, squares += int64_t{*e->count} * *e->count;
    flags.insert(e->flag);
    listed_counts.push_back(e->count ? std::to_string(*e->count) : "NULL");
    if (e->real) reals.push_back(*e->real);
  }
  std::sort(reals.begin(), reals.end());
  double mean = 0, spread = 0;
  for (const double x : reals) mean += x / static_cast<double>(reals.size());
  for (const double x : reals) spread += (x - mean) * (x - mean);
  std::string median = "NULL";
  if (!reals.empty()) {
    const double place = 0.25 * static_cast<double>(reals.size() - 1);
    const auto low = static_cast<size_t>(place);
    median = show(reals[low] + (place - static_cast<double>(low)) * (reals[std::min(low + 1, reals.size() - 1)] - reals[low]));
  }
  const bool any_flag = flags.contains(true) || flags.contains(false);
  return {any_flag ? flags.contains(false) ? "false" : "true" : "NULL",
          any_flag ? flags.contains(true) ? "true" : "false" : "NULL",
          reals.size() > 1 ? show(std::sqrt(spread / static_cast<double>(reals.size() - 1))) : "NULL",
          n > 0 ? average(expr::Int128{n} * squares - expr::Int128{sum} * sum, n * n, 0) : "NULL",
          std::to_string(names.size()),
          std::to_string(names.size()),
          counts.empty() ? "NULL" : std::to_string(distinct_sum),
          joined(listed_counts, "{", "}"),
          listed_names.empty() ? "NULL" : joined(listed_names, "", ""),
          names.empty() ? "NULL" : joined({names.begin(), names.end()}, "", ""),
          rows.front()->name.value_or("NULL"),
          rows.back()->count ? std::to_string(*rows.back()->count) : "NULL",
          median};
}

std::vector<AggregateCall> rich_calls() {
  return {call("bool_and", {kFlag}), call("bool_or", {kFlag}), call("stddev", {kReal}), call("var_pop", {kCount}), call("count", {kName}, -1, true),
          call("approx_count_distinct", {kName}), call("sum", {kSmall}, -1, true), call("array_agg", {kCount}), call("string_agg", {kName, kComma}),
          call("string_agg", {kName, kComma}, -1, true), call("first", {kName}), call("last", {kCount}), call("percentile", {kReal, kPart})};
}

/// What the naive computation makes of the rows of a group.
using Results = std::function<TextRow(const Rows&)>;
TextRow text_key(const Event& e) { return {show(e.key), e.name.value_or("NULL")}; }

int64_t floor_to(int64_t time, int64_t step, int64_t offset) {
  int64_t start = offset;
  while (start > time) start -= step;
  while (start + step <= time) start += step;
  return start;
}

using Table = std::map<TextRow, TextRow>;

Table naive_hop(const std::vector<TestEpoch>& epochs, const WindowOptions& window, OutputMode mode, const Results& results = naive_results) {
  std::map<TextRow, std::pair<int64_t, Rows>> groups;
  for (const TestEpoch& epoch : epochs) {
    for (const Event& event : epoch.events) {
      for (int64_t start = floor_to(event.time, window.slide, window.offset); start > event.time - window.size; start -= window.slide) {
        if (mode != OutputMode::kComplete && epoch.late && start + window.size <= *epoch.late) continue;
        auto& group = groups[{std::to_string(start), show(event.key)}];
        group.first = start + window.size;
        group.second.push_back(&event);
      }
    }
  }
  Table table;
  for (const auto& [key, group] : groups) {
    TextRow row{key[0], std::to_string(group.first), key[1]};
    for (auto& value : results(group.second)) row.push_back(value);
    table[key] = row;
  }
  return table;
}

// A hop as far as its windows are long.
Table naive_tumble(const std::vector<TestEpoch>& epochs, WindowOptions window, OutputMode mode, const Results& results = naive_results) {
  window.slide = window.size;
  return naive_hop(epochs, window, mode, results);
}

Table naive_plain(const std::vector<TestEpoch>& epochs, const Results& results = naive_results) {
  std::map<TextRow, Rows> groups;
  for (const TestEpoch& epoch : epochs) {
    for (const Event& event : epoch.events) groups[text_key(event)].push_back(&event);
  }
  Table table;
  for (const auto& [key, rows] : groups) {
    TextRow row = key;
    for (auto& value : results(rows)) row.push_back(value);
    table[key] = row;
  }
  return table;
}

// Per epoch: the rows of all live sessions of a key and the new ones, in the order of time, cut where the gap is too long.
Table naive_sessions(const std::vector<TestEpoch>& epochs, int64_t gap, OutputMode mode) {
  std::map<std::string, std::vector<std::pair<const Event*, bool>>> live;  // by key; whether the row is new
  Table table;
  for (const TestEpoch& epoch : epochs) {
    for (const Event& event : epoch.events) live[show(event.key)].emplace_back(&event, true);
    for (auto& [key, rows] : live) {
      std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first->time < b.first->time; });
      std::vector<std::pair<const Event*, bool>> kept;
      for (size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
        for (end = begin + 1; end < rows.size() && rows[end].first->time <= rows[end - 1].first->time + gap;) ++end;
        const int64_t start = rows[begin].first->time, until = rows[end - 1].first->time + gap;
        const bool all_new = std::all_of(rows.begin() + static_cast<long>(begin), rows.begin() + static_cast<long>(end), [](const auto& row) { return row.second; });
        if (mode != OutputMode::kComplete && all_new && epoch.late && until <= *epoch.late) continue;
        Rows session;
        for (size_t i = begin; i < end; ++i) session.push_back(rows[i].first);
        TextRow row{std::to_string(start), std::to_string(until), key};
        for (auto& value : naive_results(session)) row.push_back(value);
        const bool over = mode != OutputMode::kComplete && (epoch.last || (epoch.evict && until <= *epoch.evict));
        if (over || epoch.last) table[{std::to_string(start), key}] = row;
        for (size_t i = begin; i < end && !over; ++i) kept.emplace_back(rows[i].first, false);
      }
      rows = kept;
    }
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
    // Complete mode forgets nothing, so that nothing is late there.
    const bool complete = GetParam() == OutputMode::kComplete;
    const auto epochs = with_watermark(random_epochs(seed, 300, 4, 100 * kSecond), 5 * kSecond);
    for (const RunShape& shape : shapes(seed)) {
      const RunResult result = run(aggregate({kKey}, window, calls(), GetParam()), epochs, shape);
      EXPECT_EQ(differences(result.table, naive_tumble(epochs, window, GetParam())), "");
      EXPECT_EQ(result.state_rows, complete ? static_cast<int64_t>(result.table.size()) : 0);
    }
  }
}

TEST_P(AggregateOfMode, FunctionsThatKeepMoreThanANumberAreAsComputedNaively) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    const WindowOptions window{.kind = WindowOptions::Kind::kTumble, .time = kTime, .size = 20 * kSecond};
    const auto epochs = with_watermark(random_epochs(seed, 300, 4, 100 * kSecond), 5 * kSecond);
    for (const RunShape& shape : shapes(seed)) {
      EXPECT_EQ(differences(run(aggregate({kKey}, window, rich_calls(), GetParam()), epochs, shape).table, naive_tumble(epochs, window, GetParam(), naive_rich_results)), "");
    }
  }
}

TEST_P(AggregateOfMode, HoppingWindowsAreAsComputedNaively) {
  constexpr std::pair<int64_t, int64_t> kSizesAndSlides[] = {{20, 5}, {10, 10}, {25, 10}, {60, 3}, {7, 2}, {4, 10}};
  for (uint64_t seed = 1; seed <= 48; ++seed) {
    SCOPED_TRACE(seed);
    const auto [size, slide] = kSizesAndSlides[seed % std::size(kSizesAndSlides)];
    const WindowOptions window{.kind = WindowOptions::Kind::kHop, .time = kTime, .size = size * kSecond, .slide = slide * kSecond, .offset = static_cast<int64_t>(seed % 2) * kSecond};
    const auto epochs = with_watermark(random_epochs(seed, 200, 4, 100 * kSecond), 5 * kSecond);
    for (const RunShape& shape : shapes(seed)) {
      const RunResult result = run(aggregate({kKey}, window, calls(), GetParam()), epochs, shape);
      EXPECT_EQ(differences(result.table, naive_hop(epochs, window, GetParam())), "");
      EXPECT_EQ(result.state_rows == 0, GetParam() != OutputMode::kComplete || result.table.empty());
    }
  }
}

TEST_P(AggregateOfMode, SessionsAreAsComputedNaively) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    const int64_t gap = static_cast<int64_t>(1 + seed % 4) * kSecond;
    const WindowOptions window{.kind = WindowOptions::Kind::kSession, .time = kTime, .size = gap};
    const auto epochs = with_watermark(random_epochs(seed, 150, 4, 200 * kSecond), 5 * kSecond);
    for (const RunShape& shape : shapes(seed)) {
      const RunResult result = run(aggregate({kKey}, window, calls(), GetParam()), epochs, shape);
      EXPECT_EQ(differences(result.table, naive_sessions(epochs, gap, GetParam())), "");
      EXPECT_EQ(result.state_rows == 0, GetParam() != OutputMode::kComplete || result.table.empty());
    }
  }
}

TEST(Aggregate, SessionsThatMeetLeaveADeleteOfTheLaterOne) {
  const WindowOptions window{.kind = WindowOptions::Kind::kSession, .time = kTime, .size = 10};
  const auto options = aggregate({kKey}, window, {call("count", {})}, OutputMode::kUpdate);
  const Event a{.time = 0, .key = 1}, b{.time = 20, .key = 1}, between{.time = 10, .key = 1}, earlier{.time = -5, .key = 1};
  const auto met = run(options, {{.events = {a, b}}, {.events = {between}}}, {.restart_every_epoch = true});
  EXPECT_THAT(met.table, ElementsAre(Pair(TextRow{"0", "1"}, TextRow{"0", "30", "1", "3"})));
  EXPECT_THAT(met.changes, ElementsAre(Pair(0, 2), Pair(1, 1), Pair(2, 1)));
  const auto moved = run(options, {{.events = {a}}, {.events = {earlier}}}, {.restart_every_epoch = true});
  EXPECT_THAT(moved.table, ElementsAre(Pair(TextRow{"-5", "1"}, TextRow{"-5", "10", "1", "2"})));
  EXPECT_THAT(moved.changes, ElementsAre(Pair(0, 2), Pair(2, 1)));
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
