// State on a disk that loses its power at any step.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/map_table.h"
#include "state/state_store.h"
#include "support/forgetful_store.h"

namespace laketide::state {
namespace {

using Leaves = ForgetfulStore::Leaves;

/// What a run does: changes, a version per epoch, now and then old ones forgotten; once an epoch is taken back. Confined to its task.
class Life {
 public:
  explicit Life(std::shared_ptr<ForgetfulStore> disk) : disk_(std::move(disk)) {}

  /// To the end, or until the disk dies: then it says so.
  bool live(int64_t from, int64_t to) {
    for (int64_t epoch = from; epoch <= to; ++epoch) {
      change(epoch);
      model_[epoch].push_back(table_->map());
      tried_ = std::max(tried_, epoch);
      const auto frozen = store_->freeze(tables_);
      if (!store_->write(epoch, *frozen, Wait{}).ok()) return false;
      durable_ = epoch;
      model_[epoch] = {table_->map()};
      if (epoch % 4 == 0) {
        needed_ = epoch - 1;
        if (!store_->forget_below(needed_, Wait{}).ok()) return false;
      }
    }
    return true;
  }

  /// A new process: the version it finds for `epoch`, with the content that version had.
  std::optional<int64_t> begin_anew(int64_t epoch) {
    table_.emplace();
    tables_ = StateTables();
    tables_.declare("t", &*table_);
    auto opened = StateStore::open("lake/state/p", "shape", disk_);
    if (!opened.ok()) return std::nullopt;
    store_ = *std::move(opened);
    const auto version = store_->restore(epoch, tables_, Wait{});
    EXPECT_TRUE(version.ok()) << version.status().to_string();
    if (!version.ok()) return std::nullopt;
    if (*version) {
      // Until an epoch that was made again is durable, what it was before may be there.
      EXPECT_THAT(model_[**version], testing::Contains(table_->map())) << "version " << **version;
    }
    return *version;
  }

  int64_t durable() const { return durable_; }
  int64_t tried() const { return tried_; }
  int64_t needed() const { return needed_; }
  void take_back(int64_t epoch) { durable_ = epoch; }
  StateStore& store() { return *store_; }

 private:
  void change(int64_t epoch) {
    for (int64_t i = 0; i < 3; ++i) table_->put((epoch * 5 + i) % 11, {lives_ * 1000 + epoch, "epoch " + std::to_string(epoch)});
    table_->erase((epoch * 7) % 11);
    lives_ += 1;
  }

  std::shared_ptr<ForgetfulStore> disk_;
  std::optional<MapTable> table_;
  StateTables tables_;
  std::unique_ptr<StateStore> store_;
  std::map<int64_t, std::vector<MapTable::Map>> model_;
  int64_t durable_ = 0, tried_ = 0, needed_ = 0, lives_ = 0;
};

TEST(PowerCut, KeepsWhatWasDurableAtEveryStep) {
  for (const Leaves leaves : {Leaves::kNothing, Leaves::kEverything, Leaves::kNamesOnly}) {
    for (const bool after : {false, true}) {
      bool survived = false;
      for (int64_t step = 1; !survived; ++step) {
        SCOPED_TRACE("leaves " + std::to_string(static_cast<int>(leaves)) + ", step " + std::to_string(step) + (after ? " after" : " before"));
        auto disk = make_forgetful_store();
        Life life(disk);
        ASSERT_EQ(life.begin_anew(0), std::nullopt);
        disk->die_at(step, after);
        survived = life.live(1, 9);
        // The sinks lack epoch 8 and what came after it: it is made again, by another process.
        if (survived) {
          ASSERT_EQ(life.begin_anew(7), 7);
          life.take_back(7);
          survived = life.live(8, 10);
        }
        disk->restart(leaves);
        const auto found = life.begin_anew(life.tried());
        ASSERT_GE(found.value_or(0), life.durable());
        ASSERT_LE(found.value_or(0), life.tried());
        if (life.needed() > 0) {
          ASSERT_EQ(life.begin_anew(life.needed()), life.needed());
        }
        // And it goes on from there.
        const int64_t next = life.begin_anew(life.tried()).value_or(0) + 1;
        ASSERT_TRUE(life.live(next, next + 2));
        disk->restart(Leaves::kNothing);
        ASSERT_EQ(life.begin_anew(next + 2), next + 2);
        const auto entries = disk->list("lake/state/p");
        for (const auto& entry : *entries) ASSERT_TRUE(entry.name.ends_with(".state")) << entry.name;
        ASSERT_LT(step, 1000);
      }
    }
  }
}

TEST(PowerCut, AResetIsWholeOrRefusedOrNotThere) {
  for (const Leaves leaves : {Leaves::kNothing, Leaves::kEverything}) {
    bool survived = false;
    for (int64_t step = 1; !survived; ++step) {
      auto disk = make_forgetful_store();
      Life life(disk);
      ASSERT_EQ(life.begin_anew(0), std::nullopt);
      ASSERT_TRUE(life.live(1, 6));
      disk->die_at(step, true);
      survived = life.store().clear(Wait{}).ok();
      disk->restart(leaves);
      MapTable table;
      StateTables tables;
      tables.declare("t", &table);
      auto store = *StateStore::open("lake/state/p", "shape", disk);
      const auto version = store->restore(6, tables, Wait{});
      if (version.ok() && *version) {
        ASSERT_EQ(*version, 6) << "an older version must not pass for the newest";
      } else if (!version.ok()) {
        ASSERT_EQ(version.status().code(), "state_corrupt");
      }
      ASSERT_TRUE(store->clear(Wait{}).ok());
      ASSERT_EQ(*store->restore(6, tables, Wait{}), std::nullopt);
      ASSERT_LT(step, 100);
    }
  }
}

}  // namespace
}  // namespace laketide::state
