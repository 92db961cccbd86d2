#include "sources/files/file_list.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "sources/files/file_layout.h"
#include "sources/files/file_pin.h"
#include "storage/local_store.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

TEST(Pattern, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches_pattern("*.csv", "a.csv"));
  EXPECT_TRUE(matches_pattern("a*b*c", "a--bb-c"));
  EXPECT_TRUE(matches_pattern("2026-??", "2026-03"));
  EXPECT_TRUE(matches_pattern("*", ""));
  EXPECT_FALSE(matches_pattern("*.csv", "a.csv.bak"));
  EXPECT_FALSE(matches_pattern("a?c", "ac"));
}

class FileListTest : public ::testing::Test {
 protected:
  void make(const std::string& name) {
    const auto path = std::filesystem::path(dir_.path()) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << name;
  }
  std::vector<std::string> found(const std::string& path) {
    const auto files = find_files(*store_, dir_.path() + "/" + path, {".csv"}, Wait());
    if (!files.ok()) return {std::string(files.status().code())};
    std::vector<std::string> names;
    for (const auto& file : *files) {
      names.push_back(file.path.substr(dir_.path().size() + 1));
      EXPECT_EQ(file.size, static_cast<int64_t>(names.back().size()));
    }
    return names;
  }
  using Names = std::vector<std::string>;
  const std::shared_ptr<storage::Store> store_ = storage::make_local_store();
  const TempDir dir_;
};

TEST_F(FileListTest, AFileAFolderAPattern) {
  for (const char* name : {"b.csv", "a.csv", "a.txt", ".hidden.csv", "_tmp.csv", "in/2026-01/x.csv", "in/2026-02/y.csv", "in/2026-02/z.txt", "in/other/w.csv"}) make(name);
  EXPECT_EQ(found("a.txt"), Names{"a.txt"});
  EXPECT_EQ(found(""), (Names{"a.csv", "b.csv"}));
  EXPECT_EQ(found("*.csv"), (Names{"a.csv", "b.csv"}));
  EXPECT_EQ(found("_*.csv"), Names{"_tmp.csv"});
  EXPECT_EQ(found("in/2026-*/?.csv"), (Names{"in/2026-01/x.csv", "in/2026-02/y.csv"}));
  EXPECT_EQ(found("in/2026-*/*"), (Names{"in/2026-01/x.csv", "in/2026-02/y.csv", "in/2026-02/z.txt"}));
  EXPECT_EQ(found("in/nothing/*"), Names{"no_files"});
  EXPECT_EQ(found("c.csv"), Names{"no_files"});
}

TEST(FilePin, IsReadBack) {
  const std::vector<PinnedFile> files{{{"a b.parquet", 7, 8}, 9, {}}, {{"d=1/x", 1, 2}, 3, {{"d", "1"}, {"e", std::nullopt}}}};
  const auto back = from_pin(to_pin(files));
  ASSERT_TRUE(back.ok());
  ASSERT_EQ(back->size(), 2u);
  EXPECT_EQ((*back)[0].file, files[0].file);
  EXPECT_EQ((*back)[1].rows, 3);
  EXPECT_EQ((*back)[1].partition_values, files[1].partition_values);
  for (const char* broken : {"", "{}", R"({"version":2,"files":[]})", R"({"version":1,"files":[["a",1]]})"}) EXPECT_FALSE(from_pin(broken).ok()) << broken;
}

TEST(FileLayout, OffsetsNumberTheRowsOfAPartitionsFiles) {
  std::vector<int64_t> rows(18, 10);
  rows[16] = 5;
  const FileLayout layout(rows);
  const auto bounds = layout.bounds("s", "t");
  ASSERT_EQ(bounds.size(), 16u);
  EXPECT_EQ(bounds.at({"s", "t", 0}).high, NextOffset(15));
  EXPECT_EQ(bounds.at({"s", "t", 2}).high, NextOffset(10));
  EXPECT_EQ(layout.rows(), 175);
  const auto parts = layout.parts(0, 8, 13);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ((std::vector<int64_t>{static_cast<int64_t>(parts[0].index), parts[0].skip, parts[0].count, parts[0].offset}), (std::vector<int64_t>{0, 8, 2, 8}));
  EXPECT_EQ((std::vector<int64_t>{static_cast<int64_t>(parts[1].index), parts[1].skip, parts[1].count, parts[1].offset}), (std::vector<int64_t>{16, 0, 3, 10}));
  EXPECT_TRUE(layout.parts(0, 15, 15).empty());
  EXPECT_EQ(FileLayout(std::vector<int64_t>{}).bounds("s", "t").at({"s", "t", 0}).high, NextOffset(0));
}

}  // namespace
}  // namespace laketide
