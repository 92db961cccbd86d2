// State files that are not as they were written, or not for this query.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "state/checksum.h"
#include "state/map_table.h"
#include "state/packed.h"
#include "state/state_store.h"
#include "support/forgetful_store.h"

namespace laketide::state {
namespace {

using testing::HasSubstr;

/// A snapshot (version 1) and changes (2, 3).
class DamageTest : public testing::Test {
 protected:
  void SetUp() override {
    for (int64_t key = 0; key < 40; ++key) table_.put(key, {key * 7, "text " + std::to_string(key)});
    tables_.declare("counts", &table_);
    auto store = open("counts by k");
    write(*store, 1);
    table_.put(3, {0, std::nullopt});
    table_.erase(5);
    write(*store, 2);
    table_.put(50, {1, "later"});
    write(*store, 3);
  }

  std::unique_ptr<StateStore> open(std::string shape) { return *StateStore::open("p", std::move(shape), store_); }
  void write(StateStore& store, int64_t epoch) {
    const auto frozen = store.freeze(tables_);
    ASSERT_EQ(frozen->whole, epoch == 1);
    ASSERT_TRUE(store.write(epoch, *frozen, Wait{}).ok());
  }
  Result<std::optional<int64_t>> restore(int64_t epoch = 3) {
    MapTable table;
    StateTables tables;
    tables.declare("counts", &table);
    auto version = open("counts by k")->restore(epoch, tables, Wait{});
    if (version.ok() && *version == 3) {
      EXPECT_EQ(table.map(), table_.map());
    }
    return version;
  }
  /// With the name of the file.
  void expect_corrupt(int64_t epoch, const char* what) {
    const auto version = restore();
    ASSERT_FALSE(version.ok()) << what;
    ASSERT_EQ(version.status().code(), "state_corrupt") << what << version.status().to_string();
    ASSERT_EQ(version.status().fault(), Fault::kUser);
    ASSERT_THAT(std::string(version.status().detail()), HasSubstr(path(epoch))) << what;
  }
  std::string path(int64_t epoch) const { return "p/000000000000000000" + std::to_string(epoch) + ".state"; }
  std::string read(int64_t epoch) { return **store_->get(path(epoch)); }
  void put(int64_t epoch, const std::string& bytes) { ASSERT_TRUE(store_->put(path(epoch), bytes).ok()); }

  std::shared_ptr<storage::Store> store_ = make_forgetful_store();
  MapTable table_{100};
  StateTables tables_;
};

TEST_F(DamageTest, EveryFlippedByteIsFound) {
  for (const int64_t epoch : {1, 2, 3}) {
    const std::string right = read(epoch);
    ASSERT_GT(right.size(), 500u);
    for (size_t at = 0; at < right.size(); ++at) {
      std::string wrong = right;
      wrong[at] = static_cast<char>(wrong[at] ^ (1 << (at % 8)));
      put(epoch, wrong);
      expect_corrupt(epoch, ("byte " + std::to_string(at)).c_str());
    }
    put(epoch, right);
    ASSERT_EQ(*restore(), 3);
  }
}

TEST_F(DamageTest, EveryTruncationAndEveryTailIsFound) {
  for (const int64_t epoch : {1, 2, 3}) {
    const std::string right = read(epoch);
    for (size_t size = 0; size < right.size(); ++size) {
      put(epoch, right.substr(0, size));
      expect_corrupt(epoch, ("size " + std::to_string(size)).c_str());
    }
    put(epoch, right + '\0');
    expect_corrupt(epoch, "a byte more");
    put(epoch, right + right);
    expect_corrupt(epoch, "twice");
    put(epoch, right);
  }
}

TEST_F(DamageTest, MissingAndForeignFilesAreFound) {
  const std::string first = read(1), second = read(2);
  ASSERT_TRUE(store_->remove(path(1)).ok());
  expect_corrupt(1, "no snapshot");
  put(1, first);
  ASSERT_TRUE(store_->remove(path(2)).ok());
  expect_corrupt(2, "no changes");
  put(2, first);
  expect_corrupt(2, "another version under this name");
  put(2, second);
  ASSERT_EQ(*restore(), 3);

  // The same epoch, written by another life of the pipeline.
  auto store = open("counts by k");
  ASSERT_TRUE(store->clear(Wait{}).ok());
  table_.put(3, {1234, "another"});
  const auto frozen = store->freeze(tables_);
  ASSERT_TRUE(frozen->whole && store->write(1, *frozen, Wait{}).ok());
  put(2, second);
  const auto version = restore(2);
  ASSERT_EQ(version.status().code(), "state_corrupt");
  EXPECT_THAT(std::string(version.status().detail()), HasSubstr("builds on another file"));
}

TEST_F(DamageTest, AnotherFormatVersionIsRefusedByName) {
  std::string bytes = read(3).substr(0, 8);
  pack(bytes, int32_t{7});
  pack(bytes, uint32_t{100});
  pack(bytes, checksum_of(bytes));
  put(3, bytes + std::string(500, 'x'));
  const auto version = restore();
  ASSERT_EQ(version.status().code(), "state_version");
  EXPECT_THAT(std::string(version.status().detail()), testing::AllOf(HasSubstr("format 1, found 7"), HasSubstr(path(3))));
}

/// A table with the columns a test says. Confined to its task.
class Shaped : public MapTable {
 public:
  Shaped(arrow::FieldVector fields, int key_columns) : fields_(std::move(fields)), key_columns_(key_columns) {}
  std::shared_ptr<arrow::Schema> schema() const override { return arrow::schema(fields_); }
  int key_columns() const override { return key_columns_; }

 private:
  arrow::FieldVector fields_;
  int key_columns_;
};

TEST_F(DamageTest, AnotherQueryIsRefusedWithWhatDiffers) {
  const auto k = arrow::field("k", arrow::int64()), n = arrow::field("n", arrow::int64()), t = arrow::field("t", arrow::utf8());
  struct Case {
    std::string table, shape;
    arrow::FieldVector fields;
    int key_columns;
    std::string says;
  };
  for (const Case& c : std::vector<Case>{
         {"sums", "counts by k", {k, n, t}, 1, "table 'counts' is no longer kept"},
         {"counts", "counts by k", {k, n, t}, 2, "table 'counts': the key was (k) and is (k, n)"},
         {"counts", "counts by k", {k, n}, 1, "table 'counts': column 't' string is no longer kept"},
         {"counts", "counts by k", {k, n, t, arrow::field("m", arrow::float64())}, 1, "table 'counts': column 'm' double is new"},
         {"counts", "counts by k", {k, arrow::field("n", arrow::float64()), t}, 1,
          "table 'counts': column 2 was 'n' int64 and is 'n' double"},
         {"counts", "sums by k", {k, n, t}, 1, "the query's shape: it was 'counts by k' and is 'sums by k'"},
         {"counts", "counts by k\nsums", {k, n, t}, 1, "the query's shape: it was '' and is 'sums'"}}) {
    Shaped table(c.fields, c.key_columns);
    StateTables tables;
    tables.declare(c.table, &table);
    const auto version = open(c.shape)->restore(3, tables, Wait{});
    ASSERT_EQ(version.status().code(), "state_incompatible") << c.says;
    ASSERT_EQ(version.status().fault(), Fault::kUser);
    EXPECT_THAT(std::string(version.status().detail()),
                testing::AllOf(HasSubstr("new name"), HasSubstr("reset"), testing::EndsWith(c.says)));
    EXPECT_EQ(table.rows(), 0);
  }
  MapTable counts, added;
  StateTables more;
  more.declare("counts", &counts);
  more.declare("added", &added);
  EXPECT_THAT(std::string(open("counts by k")->restore(3, more, Wait{}).status().detail()), testing::EndsWith("table 'added' is new"));
}

}  // namespace
}  // namespace laketide::state
