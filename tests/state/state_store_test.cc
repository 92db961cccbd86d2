#include "state/state_store.h"

#include <chrono>
#include <cstdio>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/failpoint.h"
#include "state/map_table.h"
#include "storage/local_store.h"
#include "support/forgetful_store.h"
#include "support/temp_dir.h"

namespace laketide::state {
namespace {

using testing::HasSubstr;

constexpr char kShape[] = "counts: k bigint -> n bigint, t text";

std::unique_ptr<StateStore> open_store(const std::string& directory, std::shared_ptr<storage::Store> store = storage::make_local_store()) {
  auto opened = StateStore::open(directory, kShape, std::move(store));
  EXPECT_TRUE(opened.ok()) << opened.status().to_string();
  return *std::move(opened);
}

/// Two tables as one run declares them. Confined to its task.
struct Tables {
  MapTable first{3}, second{1000};
  StateTables all;
  Tables() {
    all.declare("first", &first);
    all.declare("second", &second);
  }
  std::pair<MapTable::Map, MapTable::Map> content() const { return {first.map(), second.map()}; }
};

void write(StateStore& store, Tables& tables, int64_t epoch) {
  const auto frozen = store.freeze(tables.all);
  ASSERT_TRUE(frozen.ok()) << frozen.status().to_string();
  const Status written = store.write(epoch, *frozen, Wait{});
  ASSERT_TRUE(written.ok()) << written.to_string();
}

void change(Tables& tables, std::mt19937_64& random, int changes, int64_t keys) {
  for (int i = 0; i < changes; ++i) {
    MapTable& table = random() % 3 == 0 ? tables.second : tables.first;
    const auto key = static_cast<int64_t>(random() % static_cast<uint64_t>(keys));
    if (random() % 4 == 0) {
      table.erase(key);
    } else {
      const auto text = random() % 5 == 0 ? std::nullopt : std::optional(std::string(random() % 9, 'x') + std::to_string(random() % 100));
      table.put(key, {static_cast<int64_t>(random()), text});
    }
  }
}

std::vector<std::string> names(const std::string& directory) {
  std::vector<std::string> found;
  const auto entries = storage::make_local_store()->list(directory);
  for (const auto& entry : *entries) found.push_back(entry.name);
  return found;
}

class StateStoreTest : public testing::Test {
 protected:
  ~StateStoreTest() override { Failpoint::disarm_all(); }
  std::string directory() const { return dir_.path() + "/pipeline"; }
  Status restored(int64_t epoch, Tables& tables, std::optional<int64_t> version) {
    const auto got = open_store(directory())->restore(epoch, tables.all, Wait{});
    if (got.ok()) {
      EXPECT_EQ(*got, version);
    }
    return got.status();
  }
  TempDir dir_;
};

TEST_F(StateStoreTest, RestoresEveryKeptVersion) {
  for (const uint64_t seed : {1, 2, 3, 4}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    const std::string place = directory() + std::to_string(seed);
    auto disk = make_forgetful_store();
    auto store = open_store(place, disk);
    Tables tables;
    EXPECT_EQ(*store->restore(0, tables.all, Wait{}), std::nullopt);
    std::map<int64_t, decltype(tables.content())> model;
    int64_t epoch = 0, kept = 0;
    for (int i = 0; i < 150; ++i) {
      epoch += 1 + static_cast<int64_t>(random() % 3);
      change(tables, random, static_cast<int>(random() % 12), seed % 2 == 0 ? 1000 : 20);
      write(*store, tables, epoch);
      model[epoch] = tables.content();
      if (random() % 10 == 0) {
        kept = epoch - static_cast<int64_t>(random() % 6);
        ASSERT_TRUE(store->forget_below(kept, Wait{}).ok());
      }
      if (random() % 20 == 0) {  // as if the process had begun anew
        store = open_store(place, disk);
        tables.~Tables();
        new (&tables) Tables;
        ASSERT_EQ(*store->restore(epoch, tables.all, Wait{}), epoch);
        ASSERT_EQ(tables.content(), model[epoch]);
      }
    }
    for (int64_t asked = kept; asked <= epoch; ++asked) {
      Tables again;
      const int64_t version = std::prev(model.upper_bound(asked))->first;
      ASSERT_EQ(*open_store(place, disk)->restore(asked, again.all, Wait{}), version);
      ASSERT_EQ(again.content(), model[version]);
    }
    EXPECT_LT(disk->list(place)->size(), 150u);
  }
}

TEST_F(StateStoreTest, TheSameEpochAgainReplacesItAndLaterOnesGo) {
  Tables tables;
  auto store = open_store(directory());
  for (int64_t epoch = 1; epoch <= 7; ++epoch) {
    tables.first.put(epoch, {epoch, "first time"});
    write(*store, tables, epoch);
  }
  Tables back;
  store = open_store(directory());
  ASSERT_EQ(*store->restore(5, back.all, Wait{}), 5);
  const auto at_five = back.content();
  back.first.put(6, {66, "second time"});
  const auto frozen = store->freeze(back.all);
  EXPECT_FALSE(frozen->whole);
  EXPECT_EQ(frozen->tables.at("first").rows.at(0)->num_rows(), 1) << "not more than what changed";
  ASSERT_TRUE(store->write(8, *frozen, Wait{}).ok());
  ASSERT_TRUE(store->write(8, *frozen, Wait{}).ok()) << "the same again";
  Tables seven, eight;
  ASSERT_TRUE(restored(7, seven, 5).ok());
  EXPECT_EQ(seven.content(), at_five);
  ASSERT_TRUE(restored(9, eight, 8).ok());
  EXPECT_EQ(eight.content(), back.content());
}

TEST_F(StateStoreTest, AFailedWriteLosesNothing) {
  for (const char* point : {"state.write.before", "storage.create.before", "storage.create.after", "storage.append.before",
                            "storage.append.after", "storage.append.before=short_write@2", "storage.sync.before", "storage.sync.after",
                            "storage.rename.before", "storage.rename.after", "storage.sync_dir.before", "storage.sync_dir.after",
                            "storage.remove.before", "storage.remove.after", "state.write.after"}) {
    SCOPED_TRACE(point);
    const std::string place = directory() + point;
    Tables tables;
    auto store = open_store(place);
    for (int64_t key = 10; key < 60; ++key) tables.first.put(key, {key, "of the snapshot"});
    for (int64_t epoch = 1; epoch <= 4; ++epoch) {
      tables.first.put(epoch, {epoch, "a text"});
      write(*store, tables, epoch);
    }
    Tables again;
    store = open_store(place);
    ASSERT_EQ(*store->restore(3, again.all, Wait{}), 3);
    again.second.put(1, {9, std::nullopt});
    const auto frozen = store->freeze(again.all);
    EXPECT_EQ(store->write(3, *frozen, Wait{}).code(), "state_gap") << "what follows version 3 cannot take its place";
    ASSERT_FALSE(frozen->whole);
    const std::string text = point;
    ASSERT_TRUE(Failpoint::arm(text.find('=') == std::string::npos ? text + "=error" : text).ok());
    EXPECT_FALSE(store->write(5, *frozen, Wait{}).ok()) << "the point was not reached";
    Failpoint::disarm_all();
    const Status written = store->write(5, *frozen, Wait{});
    ASSERT_TRUE(written.ok()) << written.to_string();
    again.first.erase(2);
    write(*store, again, 6);
    Tables last;
    ASSERT_EQ(*open_store(place)->restore(6, last.all, Wait{}), 6);
    EXPECT_EQ(last.content(), again.content());
    for (const auto& name : names(place)) EXPECT_FALSE(storage::is_temporary_name(name)) << name;
  }
}

TEST_F(StateStoreTest, AFrozenStateThatWasLostIsFound) {
  Tables tables;
  auto store = open_store(directory());
  tables.first.put(1, {1, "a"});
  write(*store, tables, 1);
  tables.first.put(2, {2, "b"});
  ASSERT_TRUE(store->freeze(tables.all).ok());  // and never written
  tables.first.put(3, {3, "c"});
  const auto frozen = store->freeze(tables.all);
  ASSERT_FALSE(frozen->whole);
  EXPECT_EQ(store->write(3, *frozen, Wait{}).code(), "state_gap");
}

TEST_F(StateStoreTest, FreezesEverythingAgainAfterATableFailed) {
  struct Failing : MapTable {
    Result<Rows> removed() override { return Status::external("away", "not now"); }
  };
  Failing failing;
  StateTables tables;
  tables.declare("failing", &failing);
  auto store = open_store(directory());
  failing.put(1, {1, "a"});
  const auto first = store->freeze(tables);
  ASSERT_TRUE(first.ok() && first->whole);
  ASSERT_TRUE(store->write(1, *first, Wait{}).ok());
  failing.put(2, {2, "b"});
  EXPECT_EQ(store->freeze(tables).status().code(), "away");
  const auto second = store->freeze(tables);
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->whole);
  ASSERT_TRUE(store->write(2, *second, Wait{}).ok());
}

TEST_F(StateStoreTest, SnapshotsBoundWhatIsReadAndKept) {
  Tables tables;
  auto disk = make_forgetful_store();
  auto store = open_store(directory(), disk);
  for (int64_t key = 0; key < 2000; ++key) tables.second.put(key, {key, "some text"});
  int64_t whole = 0, since = 0, since_max = 0;
  std::mt19937_64 random(7);
  for (int64_t epoch = 1; epoch <= 300; ++epoch) {
    for (int i = 0; i < 100; ++i) tables.second.put(static_cast<int64_t>(random() % 2000), {epoch, "some text"});
    const auto frozen = store->freeze(tables.all);
    ASSERT_TRUE(frozen.ok());
    since = frozen->whole ? 0 : since + 1;
    since_max = std::max(since_max, since);
    whole += frozen->whole;
    ASSERT_TRUE(store->write(epoch, *frozen, Wait{}).ok());
    ASSERT_TRUE(store->forget_below(epoch - 1, Wait{}).ok());
    ASSERT_LE(disk->list(directory())->size(), 45u);
  }
  EXPECT_GE(since_max, 15) << "a snapshot costs as much as all the changes before it";
  EXPECT_LE(since_max, 25);
  EXPECT_GE(whole, 300 / 26);
  for (int64_t epoch = 301; epoch <= 500; ++epoch) {  // small changes of a large state
    const auto frozen = store->freeze(tables.all);
    since = frozen->whole ? 0 : since + 1;
    since_max = std::max(since_max, since);
    ASSERT_TRUE(store->write(epoch, *frozen, Wait{}).ok());
  }
  EXPECT_EQ(since_max, 64);
}

TEST_F(StateStoreTest, ClearLeavesNothing) {
  Tables tables;
  auto store = open_store(directory());
  for (int64_t epoch = 1; epoch <= 3; ++epoch) {
    tables.first.put(epoch, {epoch, "a"});
    write(*store, tables, epoch);
  }
  ASSERT_TRUE(store->clear(Wait{}).ok());
  EXPECT_EQ(names(directory()), std::vector<std::string>());
  Tables none;
  EXPECT_EQ(*store->restore(3, none.all, Wait{}), std::nullopt);
  EXPECT_EQ(none.first.rows() + none.second.rows(), 0);
  none.first.put(5, {5, "new"});
  write(*store, none, 1);
  Tables again;
  ASSERT_TRUE(restored(1, again, 1).ok());
  EXPECT_EQ(again.content(), none.content());
}

TEST_F(StateStoreTest, StopsWhenItsTimeIsOver) {
  Tables tables;
  tables.first.put(1, {1, "a"});
  auto store = open_store(directory());
  const auto frozen = store->freeze(tables.all);
  StopSource stop;
  stop.request_stop();
  EXPECT_TRUE(store->write(1, *frozen, Wait{stop.token()}).is_cancelled());
  EXPECT_EQ(names(directory()), std::vector<std::string>());
  ASSERT_TRUE(store->write(1, *frozen, Wait{}).ok());
  Tables again;
  EXPECT_TRUE(open_store(directory())->restore(1, again.all, Wait{stop.token()}).status().is_cancelled());
}

/// A million rows of (bigint -> bigint, bigint), given back as they were put in. Confined to its task.
class MillionRows : public SavedTable {
 public:
  static constexpr int64_t kRows = 1'000'000, kPortion = 50'000;
  std::shared_ptr<arrow::Schema> schema() const override {
    return arrow::schema({arrow::field("k", arrow::int64()), arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64())});
  }
  int key_columns() const override { return 1; }
  int64_t rows() const override { return kRows; }
  int64_t bytes() const override { return kRows * 24; }
  Result<Rows> changed() override { return Rows(); }
  Result<Rows> removed() override { return Rows(); }
  Result<Rows> all() override {
    if (next_ == kRows) return Rows();
    arrow::Int64Builder columns[3];
    for (auto& column : columns) (void)column.Reserve(kPortion);
    for (const int64_t end = next_ + kPortion; next_ < end; ++next_) {
      for (int64_t i = 0; i < 3; ++i) columns[i].UnsafeAppend(next_ * (i + 1));
    }
    return arrow::RecordBatch::Make(schema(), kPortion, {*columns[0].Finish(), *columns[1].Finish(), *columns[2].Finish()});
  }
  Status restore(const Rows& rows) override {
    for (int64_t i = 0; i < 3; ++i) {
      const auto& column = static_cast<const arrow::Int64Array&>(*rows->column(static_cast<int>(i)));
      for (int64_t row = 0; row < rows->num_rows(); ++row) right_ += column.Value(row) == (restored_ + row) * (i + 1);
    }
    restored_ += rows->num_rows();
    return {};
  }
  Status restore_removed(const Rows&) override { return {}; }
  int64_t right() const { return right_; }

 private:
  int64_t next_ = 0, restored_ = 0, right_ = 0;
};

TEST(MeasuredState, WritesAndRestoresAMillionRows) {
  using Clock = std::chrono::steady_clock;
  const auto ms = [](Clock::duration time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time).count(); };
  TempDir dir;
  MillionRows table, again;
  StateTables tables, empty;
  tables.declare("t", &table);
  empty.declare("t", &again);
  auto store = open_store(dir.path());
  const auto begin = Clock::now();
  const auto frozen = store->freeze(tables);
  const auto froze = Clock::now();
  ASSERT_TRUE(store->write(1, *frozen, Wait{}).ok());
  const auto wrote = Clock::now();
  ASSERT_EQ(*open_store(dir.path())->restore(1, empty, Wait{}), 1);
  const auto restored = Clock::now();
  EXPECT_EQ(again.right(), 3 * MillionRows::kRows);
  printf("freeze %ld ms, write %ld ms, restore %ld ms, %ld bytes frozen\n", ms(froze - begin), ms(wrote - froze), ms(restored - wrote),
         frozen->bytes());
  EXPECT_LT(ms(restored - wrote), 5000);
}

}  // namespace
}  // namespace laketide::state
