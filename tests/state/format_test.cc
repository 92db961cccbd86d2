// State that earlier releases wrote: read, or refused by name.
#include <gtest/gtest.h>

#include "state/map_table.h"
#include "state/state_store.h"
#include "storage/local_store.h"
#include "support/format_fixture.h"

namespace laketide::state {
namespace {

/// A snapshot (version 1) and two files of changes; the table as it is then.
void make(MapTable& table, const std::string& directory) {
  StateTables tables;
  tables.declare("counts", &table);
  std::unique_ptr<StateStore> store;
  if (!directory.empty()) store = *StateStore::open(directory, "counts by k", storage::make_local_store());
  const auto write = [&](int64_t epoch) {
    if (!store) return;
    const auto frozen = store->freeze(tables);
    EXPECT_TRUE(frozen.ok() && store->write(epoch, *frozen, Wait{}).ok());
  };
  for (int64_t key = 0; key < 40; ++key) table.put(key, {key * 7, "text " + std::to_string(key)});
  write(1);
  table.put(3, {0, std::nullopt});
  table.erase(5);
  write(2);
  table.put(50, {1, "später"});
  write(3);
}

TEST(StateFormat, VersionOneIsReadAndWrittenOn) {
  const FormatFixture one("state", "1", [](const std::string& directory) {
    MapTable table;
    make(table, directory);
  });
  MapTable right, table;
  make(right, "");
  StateTables tables;
  tables.declare("counts", &table);
  auto store = *StateStore::open(one.path(), "counts by k", storage::make_local_store());
  const auto version = store->restore(3, tables, Wait{});
  ASSERT_TRUE(version.ok()) << version.status().to_string();
  ASSERT_EQ(*version, 3);
  EXPECT_EQ(table.map(), right.map());
  table.put(60, {2, "behind it"});
  const auto frozen = store->freeze(tables);
  ASSERT_TRUE(frozen.ok() && store->write(4, *frozen, Wait{}).ok());
  MapTable again;
  StateTables both;
  both.declare("counts", &again);
  EXPECT_EQ(**StateStore::open(one.path(), "counts by k", storage::make_local_store()).value()->restore(4, both, Wait{}), 4);
  EXPECT_EQ(again.map(), table.map());
}

}  // namespace
}  // namespace laketide::state
