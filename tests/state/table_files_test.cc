// Static tables on disk: what was written comes back, older versions go, damage is named.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arrow/array/builder_primitive.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include "state/table_files.h"
#include "storage/local_store.h"

namespace laketide::state {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const auto kColumns = arrow::schema({arrow::field("n", arrow::int64())});

std::shared_ptr<arrow::RecordBatch> batch(const std::vector<int64_t>& values) {
  arrow::Int64Builder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return arrow::RecordBatch::Make(kColumns, static_cast<int64_t>(values.size()), {*builder.Finish()});
}

class TableFilesTest : public testing::Test {
 protected:
  TableFilesTest() : directory_(testing::TempDir() + "table_files_" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "_" +
                                testing::UnitTest::GetInstance()->current_test_info()->name()),
                     files_(directory_, storage::make_local_store()) {
    std::filesystem::remove_all(directory_);
  }
  ~TableFilesTest() override { std::filesystem::remove_all(directory_); }

  uint64_t write(int64_t version, const std::vector<int64_t>& values) {
    uint64_t checksum = 0;
    const auto packed = TableFiles::packed(kColumns, {batch(values)}, checksum);
    EXPECT_TRUE(packed.ok() && files_.write(version, *packed).ok());
    return checksum;
  }

  std::string directory_;
  TableFiles files_;
};

TEST_F(TableFilesTest, EachVersionComesBackUntilItIsForgotten) {
  EXPECT_THAT(files_.versions().value(), IsEmpty());
  const uint64_t first = write(7, {1, 2, 3}), second = write(1'763'000'000'000'000, {4});
  EXPECT_NE(first, second);
  EXPECT_EQ(write(8, {1, 2, 3}), first) << "equal contents have equal checksums";
  EXPECT_THAT(files_.versions().value(), ElementsAre(7, 8, 1'763'000'000'000'000));
  const auto seven = files_.read(7, arrow::default_memory_pool()).value();
  ASSERT_TRUE(seven.has_value());
  EXPECT_EQ(seven->checksum, first);
  EXPECT_TRUE(seven->schema->Equals(kColumns));
  ASSERT_EQ(seven->rows.size(), 1u);
  EXPECT_TRUE(seven->rows[0]->Equals(*batch({1, 2, 3})));
  ASSERT_TRUE(files_.forget_below(8).ok());
  EXPECT_THAT(files_.versions().value(), ElementsAre(8, 1'763'000'000'000'000));
  EXPECT_FALSE(files_.read(7, arrow::default_memory_pool()).value().has_value());
}

TEST_F(TableFilesTest, ADamagedFileIsNamed) {
  write(5, {1, 2, 3});
  const auto path = std::filesystem::directory_iterator(directory_)->path();
  for (const auto at : {0, 9, 40}) {
    write(5, {1, 2, 3});
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(at);
    file.put(byte);
    file.close();
    const auto read = files_.read(5, arrow::default_memory_pool());
    ASSERT_FALSE(read.ok()) << at;
    EXPECT_EQ(read.status().code(), "state_corrupt");
    EXPECT_THAT(std::string(read.status().detail()), testing::HasSubstr(path.filename().string()));
  }
}

}  // namespace
}  // namespace laketide::state
