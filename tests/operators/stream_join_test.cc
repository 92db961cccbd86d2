// Joins of two streams, against a naive computation.
#include "operators/stream_join.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <random>

#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "aggregate_run.h"
#include "expr/overload.h"
#include "saved_copy.h"

namespace laketide::test {
namespace {

constexpr int64_t kLow = -7 * kSecond, kHigh = 12 * kSecond;  // left.time - right.time

// Columns of both sides have names of their own.
Schema side_schema(const std::string& prefix) {
  arrow::FieldVector fields;
  for (const int column : {kTime, kKey, kName, kCount, kPartition, kOffset}) {
    const auto field = input_schema()->field(column);
    fields.push_back(field->WithName(column < kPartition ? prefix + field->name() : field->name()));
  }
  return arrow::schema(std::move(fields));
}

Batch side_batch(const std::vector<Event>& events, const std::string& prefix) {
  const Batch all = batch_of(events);
  return arrow::RecordBatch::Make(side_schema(prefix), all->num_rows(), (*all->SelectColumns({kTime, kKey, kName, kCount, kPartition, kOffset}))->columns());
}

expr::ExprPtr column_of(const Schema& schema, int position) {
  const auto& field = schema->field(position);
  return expr::column(field->name(), expr::Type::of(*field), field->nullable());
}

expr::ExprPtr compared(const std::string& op, const expr::ExprPtr& left, const expr::ExprPtr& right) { return expr::apply(op, {left, right}, {}).value(); }

/// How a run of the operator is set up. Immutable.
struct JoinShape {
  JoinKind kind = JoinKind::kInner;
  bool keyed = true;
  bool condition = true;  // left.count <= right.count
  bool bounded = true;    // partners are no further apart than kLow and kHigh
};

bool gives_right(JoinKind kind) { return kind != JoinKind::kSemi && kind != JoinKind::kAnti; }

StreamJoinOptions options_of(const JoinShape& shape) {
  StreamJoinOptions options{.name = "join", .kind = shape.kind};
  const Schema left = side_schema("l_"), right = side_schema("r_");
  for (JoinInput& input : options.inputs) {
    input.visible = 4;
    if (shape.keyed) input.keys = {1, 2};
    input.order = {-1, 4, 5};
    if (!shape.bounded) continue;
    input.time = input.expiry = 0;
  }
  options.inputs[0].rows = left;
  options.inputs[1].rows = right;
  options.inputs[0].keep = -kLow;
  options.inputs[1].keep = kHigh;
  if (shape.condition) options.condition = compared("<=", column_of(left, 3), column_of(right, 3));
  arrow::FieldVector fields(left->fields().begin(), left->fields().begin() + 4);
  if (gives_right(shape.kind)) fields.insert(fields.end(), right->fields().begin(), right->fields().begin() + 4);
  for (auto& field : fields) field = field->WithNullable(true);
  options.output = arrow::schema(std::move(fields));
  return options;
}

/// An epoch of both sides.
using Inputs = std::array<std::vector<TestEpoch>, 2>;

/// One start of the operator. Confined to its task.
struct StartedJoin {
  explicit StartedJoin(const JoinShape& shape) {
    context.memory = arrow::default_memory_pool();
    op = make_stream_join(options_of(shape), context, tables).value();
  }
  std::vector<TextRow> epoch(const TestEpoch& left, const TestEpoch& right, std::mt19937_64& random) {
    for (const int port : {0, 1}) {
      std::vector<Event> events = port == 0 ? left.events : right.events;
      std::shuffle(events.begin(), events.end(), random);
      Batch out;
      for (size_t at = 0; at < events.size();) {
        const size_t count = std::min<size_t>(events.size() - at, 1 + random() % 20);
        const std::vector<Event> some(events.begin() + static_cast<long>(at), events.begin() + static_cast<long>(at + count));
        EXPECT_EQ(op->process(port, side_batch(some, port == 0 ? "l_" : "r_"), out, rejects).value(), Step::kReady);
        at += count;
      }
    }
    EpochInfo info;
    if (left.late) info.late = Instant{*left.late};
    if (left.evict) info.evict = Instant{*left.evict};
    info.last = left.last;
    std::vector<TextRow> rows;
    for (Step step = Step::kMore; step == Step::kMore;) {
      Batch out;
      step = op->end_epoch(info, out).value();
      EXPECT_TRUE(!out || out->ValidateFull().ok());
      for (int64_t row = 0; out && row < out->num_rows(); ++row) {
        rows.push_back(text_row(*out, row));
        EXPECT_EQ(rows.back().back(), "0");
        rows.back().pop_back();
      }
    }
    return rows;
  }

  Context context;
  Rejects rejects;
  state::StateTables tables;
  std::unique_ptr<Operator> op;
};

bool belong_together(const Event& left, const Event& right, const JoinShape& shape) {
  if (shape.keyed && !(left.key && right.key && left.name && right.name && left.key == right.key && left.name == right.name)) return false;
  if (shape.condition && !(left.count && right.count && *left.count <= *right.count)) return false;
  return !shape.bounded || (left.time - right.time >= kLow && left.time - right.time <= kHigh);
}

TextRow half(const Event& event) {
  TextRow row = text_row(*side_batch({event}, ""), 0);
  row.resize(4);
  return row;
}

// Of all rows that were not late, whatever the epochs. The condition of event time is the caller's: the operator only forgets by it.
std::vector<TextRow> naive_join(const Inputs& inputs, const JoinShape& shape) {
  std::array<std::vector<Event>, 2> rows;
  for (size_t side = 0; side < 2; ++side) {
    for (const TestEpoch& epoch : inputs[side]) {
      for (const Event& event : epoch.events) {
        if (!shape.bounded || !epoch.late || event.time > *epoch.late) rows[side].push_back(event);
      }
    }
  }
  std::vector<TextRow> all;
  const TextRow nothing(4, "NULL");
  const auto add = [&](const TextRow& left, const TextRow& right) {
    all.push_back(left);
    if (gives_right(shape.kind)) all.back().insert(all.back().end(), right.begin(), right.end());
  };
  std::vector<bool> met(rows[1].size());
  for (const Event& left : rows[0]) {
    bool found = false;
    for (size_t i = 0; i < rows[1].size(); ++i) {
      if (!belong_together(left, rows[1][i], shape)) continue;
      met[i] = true;
      if (gives_right(shape.kind)) add(half(left), half(rows[1][i]));
      found = true;
    }
    if (shape.kind == JoinKind::kSemi && found) add(half(left), {});
    if (!found && (shape.kind == JoinKind::kLeft || shape.kind == JoinKind::kFull || shape.kind == JoinKind::kAnti)) add(half(left), nothing);
  }
  for (size_t i = 0; i < rows[1].size(); ++i) {
    if (!met[i] && (shape.kind == JoinKind::kRight || shape.kind == JoinKind::kFull)) add(nothing, half(rows[1][i]));
  }
  std::sort(all.begin(), all.end());
  return all;
}

Inputs random_inputs(uint64_t seed, int rows, int keys, int64_t span) {
  Inputs inputs{with_watermark(random_epochs(seed, rows, keys, span), 5 * kSecond), with_watermark(random_epochs(seed + 1000, rows, keys, span), 5 * kSecond)};
  const size_t epochs = std::max(inputs[0].size(), inputs[1].size());
  for (auto& side : inputs) side.resize(epochs);
  // One watermark for both: the least of the two.
  std::optional<int64_t> late, mark[2];
  for (size_t i = 0; i < epochs; ++i) {
    for (size_t side = 0; side < 2; ++side) {
      for (const Event& event : inputs[side][i].events) mark[side] = std::max(mark[side].value_or(event.time - 5 * kSecond), event.time - 5 * kSecond);
    }
    const std::optional<int64_t> evict = mark[0] && mark[1] ? std::optional(std::min(*mark[0], *mark[1])) : std::nullopt;
    for (auto& side : inputs) {
      side[i].late = late;
      side[i].evict = evict;
      side[i].last = i + 1 == epochs;
    }
    late = evict;
  }
  return inputs;
}

// With event time the pairs that are too far apart are taken out by a condition in the query; here they are, in the naive computation.
std::vector<TextRow> near_enough(std::vector<TextRow> rows, const JoinShape& shape) {
  if (!shape.bounded || !gives_right(shape.kind)) return rows;
  std::erase_if(rows, [](const TextRow& row) {
    if (row[0] == "NULL" || row[4] == "NULL") return false;
    const int64_t apart = std::stoll(row[0]) - std::stoll(row[4]);
    return apart < kLow || apart > kHigh;
  });
  return rows;
}

std::vector<TextRow> joined(const Inputs& inputs, const JoinShape& shape, uint64_t seed, bool restart) {
  std::mt19937_64 random(seed);
  std::map<std::string, SavedCopy> saved;
  std::vector<TextRow> rows;
  auto started = std::make_unique<StartedJoin>(shape);
  for (size_t i = 0; i < inputs[0].size(); ++i) {
    for (TextRow& row : started->epoch(inputs[0][i], inputs[1][i], random)) rows.push_back(std::move(row));
    const bool whole = random() % 4 == 0;
    for (const auto& [name, table] : started->tables.all()) saved[name].save(*table, whole);
    if (!restart) continue;
    started = std::make_unique<StartedJoin>(shape);
    for (const auto& [name, table] : started->tables.all()) saved[name].restore(*table);
  }
  EXPECT_EQ(started->tables.rows(), 0) << "the last epoch forgets all";
  return rows;
}

TEST(StreamJoin, GivesTheRowsOfANaiveComputation) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    JoinShape shape{static_cast<JoinKind>(seed % 6), seed % 5 != 0, seed % 3 != 0, false};
    const Inputs inputs = random_inputs(seed, shape.keyed ? 150 : 40, 4, 100 * kSecond);
    std::vector<TextRow> rows = joined(inputs, shape, seed, seed % 2 == 0);
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, naive_join(inputs, shape));
  }
}

TEST(StreamJoin, ForgetsOnlyWhatCanHaveNoPartner) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    const Inputs inputs = random_inputs(seed, 200, 3, 200 * kSecond);
    const JoinShape shape{.kind = JoinKind::kInner, .condition = seed % 2 == 0};
    std::vector<TextRow> rows = near_enough(joined(inputs, shape, seed, seed % 3 == 0), shape);
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, naive_join(inputs, shape));
  }
}

TEST(StreamJoin, RowsComeInAnOrderThatNeitherBatchesNorRestartsChange) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    const JoinShape shape{static_cast<JoinKind>(seed % 6), true, seed % 2 == 0, true};
    const Inputs inputs = random_inputs(seed, 200, 2, 100 * kSecond);
    EXPECT_EQ(joined(inputs, shape, seed, false), joined(inputs, shape, seed + 77, true));
  }
}

TEST(StreamJoin, ARowWithoutPartnerComesWhenTheWatermarkRulesOneOut) {
  const JoinShape shape{.kind = JoinKind::kFull, .condition = false};
  StartedJoin started(shape);
  std::mt19937_64 random(1);
  const auto epoch = [&](std::vector<Event> left, std::vector<Event> right, int64_t late, int64_t evict) {
    return started.epoch({.events = std::move(left), .late = late * kSecond, .evict = evict * kSecond}, {.events = std::move(right)}, random);
  };
  const Event lone{.time = 20 * kSecond, .key = 1, .name = "a"};
  Event partner = lone;
  partner.time = 30 * kSecond;
  const TextRow left{"20000000", "1", "a", "NULL"}, nothing(4, "NULL");
  const auto pair_of = [](TextRow a, const TextRow& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  EXPECT_THAT(epoch({lone}, {}, 0, 19), testing::IsEmpty());
  EXPECT_EQ(started.tables.rows(), 1);
  EXPECT_THAT(epoch({}, {}, 19, 26), testing::IsEmpty()) << "one of 27 s can still come";
  EXPECT_THAT(epoch({}, {}, 26, 27), testing::ElementsAre(pair_of(left, nothing)));
  EXPECT_EQ(started.tables.rows(), 0);
  EXPECT_THAT(epoch({}, {partner}, 27, 29), testing::IsEmpty()) << "the left row is forgotten";
  EXPECT_THAT(epoch({}, {}, 29, 42), testing::ElementsAre(pair_of(nothing, {"30000000", "1", "a", "NULL"})));
  EXPECT_THAT(epoch({lone}, {partner}, 42, 43), testing::IsEmpty()) << "late";
  EXPECT_EQ(started.tables.rows(), 0);
}

TEST(StreamJoin, ARowThatEqualsNothingComesOutAtOnce) {
  StartedJoin started({.kind = JoinKind::kLeft, .condition = false});
  std::mt19937_64 random(1);
  const auto rows = started.epoch({.events = {{.time = 20 * kSecond, .name = "a"}}}, {.events = {{.time = 20 * kSecond, .name = "a"}}}, random);
  EXPECT_THAT(rows, testing::ElementsAre(TextRow{"20000000", "NULL", "a", "NULL", "NULL", "NULL", "NULL", "NULL"}));
  EXPECT_EQ(started.tables.rows(), 0);
}

TEST(StreamJoin, ManyPairsOfOneKeyComeAFewAtATime) {
  StartedJoin started({.kind = JoinKind::kInner, .keyed = false, .condition = false, .bounded = false});
  std::vector<Event> events(300);
  for (size_t i = 0; i < events.size(); ++i) events[i].offset = static_cast<int64_t>(i);
  Batch out;
  for (const int port : {0, 1}) ASSERT_TRUE(started.op->process(port, side_batch(events, port == 0 ? "l_" : "r_"), out, started.rejects).ok());
  int64_t rows = 0, largest = 0;
  for (Step step = Step::kMore; step == Step::kMore;) {
    out = nullptr;
    step = started.op->end_epoch({}, out).value();
    rows += out ? out->num_rows() : 0;
    largest = std::max(largest, out ? out->num_rows() : 0);
  }
  EXPECT_EQ(rows, 300 * 300);
  EXPECT_LE(largest, 8192);
}

}  // namespace
}  // namespace laketide::test
