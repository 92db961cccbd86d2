// Windows, late rows and sessions against a computation that looks at every row again: 1,000 random inputs.
#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <map>
#include <random>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/type.h>

#include "sql/query.h"
#include "sql/remembering.h"

namespace laketide {
namespace {

constexpr int kInputs = 1000;
constexpr int64_t kMicros = 1'000'000;

/// A row; seconds since 1970.
struct Seen {
  int64_t time;
  int key;  // 3: NULL
  int value;
};
/// Of a window of a key.
struct Sums {
  int64_t count = 0, sum = 0;
  bool operator==(const Sums&) const = default;
};
using Groups = std::map<std::tuple<int64_t, int64_t, int>, Sums>;  // by window_start, window_end, key

struct Input {
  enum class Kind { kTumble, kHop, kSession };
  Kind kind;
  int64_t size, slide, delay;
  Way way;
  std::vector<Seen> rows;
};

std::string moment(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S+00", &parts);
  return text;
}

Input random_input(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int64_t end) { return static_cast<int64_t>(random() % static_cast<uint64_t>(end)); };
  Input input{static_cast<Input::Kind>(below(3)), 1 + below(20), 1, below(3) * below(15), static_cast<Way>(below(3)), {}};
  input.slide = input.kind == Input::Kind::kHop ? 1 + below(input.size) : input.size;
  int64_t now = 100 + below(100);
  for (int64_t row = 0, rows = 1 + below(40); row < rows; ++row) {
    now += below(6);
    const int64_t back = below(4) == 0 ? below(60) : below(4);
    input.rows.push_back({now - back, static_cast<int>(below(4)), static_cast<int>(below(1000))});
  }
  return input;
}

std::string query_of(const Input& input) {
  const auto seconds = [](int64_t count) { return ", INTERVAL '" + std::to_string(count) + " s'"; };
  const std::string window = input.kind == Input::Kind::kTumble ? "tumble(ts" + seconds(input.size)
                             : input.kind == Input::Kind::kHop  ? "hop(ts" + seconds(input.slide) + seconds(input.size)
                                                                : "session(ts" + seconds(input.size);
  return "SELECT window_start, window_end, k, count(*) AS n, sum(v) AS s FROM source GROUP BY " + window + "), k";
}

/// What the stream has, and for each window the rows that came too late for it.
struct Expected {
  Groups stream, late;
  Groups replaced;        // of `stream`: in update mode a session takes the place of one that began when it does
  int64_t late_rows = 0;  // that were late for a window or several
};

// One epoch's rows against a watermark that earlier epochs have reached (INT64_MIN: none).
void add_to_windows(const Input& input, const Seen& row, int64_t late, Expected& expected) {
  const int64_t first = row.time / input.slide * input.slide;
  bool is_late = false;
  for (int64_t start = first; start + input.size > row.time; start -= input.slide) {
    is_late |= start + input.size <= late;
    Sums& sums = (start + input.size <= late ? expected.late : expected.stream)[{start, start + input.size, row.key}];
    ++sums.count;
    sums.sum += row.value;
  }
  expected.late_rows += is_late;
}

struct Session {
  int64_t start, end;
  Sums sums;
  bool open;  // since an earlier epoch
};

// Intervals that overlap or touch are one.
std::vector<Session> merged(std::vector<Session> all) {
  std::sort(all.begin(), all.end(), [](const Session& a, const Session& b) { return a.start < b.start; });
  std::vector<Session> out;
  for (const Session& one : all) {
    if (out.empty() || one.start > out.back().end) {
      out.push_back(one);
      continue;
    }
    Session& last = out.back();
    last.end = std::max(last.end, one.end);
    last.sums.count += one.sums.count;
    last.sums.sum += one.sums.sum;
    last.open |= one.open;
  }
  return out;
}

Expected naive(const Input& input) {
  Expected expected;
  std::map<int, std::vector<Session>> open;
  int64_t late = INT64_MIN, evict = INT64_MIN;
  const int64_t each = rows_of_epoch(input.way, static_cast<int64_t>(input.rows.size())), rows = static_cast<int64_t>(input.rows.size());
  for (int64_t first = 0; first < rows; first += each) {
    late = evict;
    std::map<int, std::vector<Session>> all = open;
    for (int64_t i = first; i < std::min(rows, first + each); ++i) {
      const Seen& row = input.rows[static_cast<size_t>(i)];
      evict = std::max(evict, row.time - input.delay);
      if (input.kind != Input::Kind::kSession) add_to_windows(input, row, late, expected);
      all[row.key].push_back({row.time, row.time + input.size, {1, row.value}, false});
    }
    if (input.kind != Input::Kind::kSession) continue;
    for (auto& [key, sessions] : all) {
      open[key].clear();
      for (Session& one : merged(sessions)) {
        if (!one.open && one.end <= late) continue;  // nothing that was still there took it in
        one.open = true;
        if (one.end > evict && first + each < rows) {
          open[key].push_back(one);
          continue;
        }
        // Its first row may have come when a session of that very start was final, and been late but for others of its epoch.
        for (const auto& [group, sums] : expected.stream) {
          if (std::get<0>(group) == one.start && std::get<2>(group) == key) expected.replaced.emplace(group, sums);
        }
        expected.stream[{one.start, one.end, key}] = one.sums;
      }
    }
  }
  return expected;
}

std::vector<std::string> lines(const Groups& groups) {
  std::vector<std::string> all;
  for (const auto& [group, sums] : groups) {
    const auto& [start, end, key] = group;
    all.push_back(moment(start) + " " + moment(end) + " " + (key == 3 ? "-" : std::to_string(key)) + " " + std::to_string(sums.count) + " " + std::to_string(sums.sum));
  }
  return all;
}

std::string line(const Row& row) {
  std::string text;
  for (const Cell& cell : row) text += (&cell == &row.front() ? "" : " ") + cell.value_or("-");
  return text;
}

std::vector<Row> table(const Input& input) {
  std::vector<Row> rows;
  for (const Seen& row : input.rows) rows.push_back({row.key == 3 ? Cell() : Cell(std::to_string(row.key)), std::to_string(row.value), moment(row.time)});
  return rows;
}

// window_start, window_end, k, v, … of each row that came too late.
Groups grouped(const std::vector<Row>& rows, const std::map<std::string, int64_t>& moments) {
  Groups groups;
  for (const Row& row : rows) {
    Sums& sums = groups[{moments.at(*row[0]), moments.at(*row[1]), row[2] ? std::stoi(*row[2]) : 3}];
    ++sums.count;
    sums.sum += std::stoll(*row[3]);
  }
  return groups;
}

TEST(NaiveWindows, StreamsGiveWhatEveryRowLookedAtAgainGives) {
  const char* const given = std::getenv("LAKETIDE_SEED");
  const uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device()();
  std::cout << "LAKETIDE_SEED=" << seed << std::endl;
  const sql::SourceTable source{"events", schema_of_text("k int, v int, ts timestamptz"), "t", true, "ts"};
  std::map<std::string, int64_t> moments;
  for (int64_t second = -100; second < 2000; ++second) moments[moment(second)] = second;
  int late_inputs = 0;
  for (int i = 0; i < kInputs && !HasFailure(); ++i) {
    const Input input = random_input(seed + static_cast<uint64_t>(i));
    const Expected expected = naive(input);
    const sql::BoundQuery bound = sql::parse_query(query_of(input), "sql").value().bind(source).value();
    for (const OutputMode mode : {OutputMode::kAppend, OutputMode::kUpdate}) {
      std::vector<std::string> stream;
      const auto answer = ask_remembering(bound, source, table(input), input.way, mode, input.delay * kMicros);
      ASSERT_TRUE(answer.ok()) << answer.status().to_string();
      for (const OutRow& row : answer->rows) stream.push_back(line(row.cells));
      EXPECT_EQ(answer->late_rows, expected.late_rows) << i << ": " << query_of(input);
      Groups groups = expected.stream;
      if (mode == OutputMode::kUpdate) std::erase_if(groups, [&](const auto& one) { return expected.replaced.contains(one.first); });
      EXPECT_THAT(stream, testing::UnorderedElementsAreArray(lines(groups))) << i << ": " << query_of(input);
    }
    if (input.kind == Input::Kind::kSession) {
      EXPECT_EQ(sql::bind_late_rows(bound).status().code(), "bad_late_rows");
      continue;
    }
    const sql::BoundQuery late = sql::bind_late_rows(bound).value();
    const Groups kept = grouped(ask_late(late, source, table(input), input.way, input.delay * kMicros).value(), moments);
    EXPECT_EQ(lines(kept), lines(expected.late)) << i << ": " << query_of(input);
    late_inputs += !kept.empty();
    // Stream and late table together are what a batch gives.
    Groups both = expected.stream, batch;
    for (const auto& [group, sums] : kept) {
      both[group].count += sums.count;
      both[group].sum += sums.sum;
    }
    Expected whole;
    for (const Seen& row : input.rows) add_to_windows(input, row, INT64_MIN, whole);
    EXPECT_EQ(lines(both), lines(whole.stream)) << i;
  }
  EXPECT_GT(late_inputs, kInputs / 10);
}

}  // namespace
}  // namespace laketide
