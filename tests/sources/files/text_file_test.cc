#include "sources/files/text_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "storage/local_store.h"
#include "support/temp_dir.h"

namespace laketide {
namespace {

class TextFileTest : public ::testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = dir_.path() + "/f";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }
  std::vector<std::string> records(const std::string& text, const TextShape& shape, std::string* header = nullptr) {
    auto opened = TextFile::open(*store_, file(text), shape);
    EXPECT_TRUE(opened.ok()) << opened.status().to_string();
    std::vector<std::string> all;
    for (TextBlock block;;) {
      const auto more = (*opened)->next(block);
      EXPECT_TRUE(more.ok()) << more.status().to_string();
      if (!more.ok() || !*more) break;
      for (const auto record : block.records) all.emplace_back(record);
    }
    if (header != nullptr) *header = (*opened)->header();
    return all;
  }
  using Lines = std::vector<std::string>;
  const std::shared_ptr<storage::Store> store_ = storage::make_local_store();
  const TempDir dir_;
};

TEST_F(TextFileTest, LinesAreRecordsAndBlankOnesAreNot) {
  EXPECT_EQ(records("\xEF\xBB\xBF{\"a\":1}\r\n\n  \t\r\n{\"a\":2}\nlast", {}), (Lines{"{\"a\":1}", "{\"a\":2}", "last"}));
  EXPECT_EQ(records("", {}), Lines{});
  EXPECT_EQ(records("\"open\nnext\n", {}), (Lines{"\"open", "next"}));
}

TEST_F(TextFileTest, ALineEndInsideQuotesBelongsToTheRecord) {
  std::string header;
  const TextShape csv{true, ',', true};
  EXPECT_EQ(records("id,text\n1,\"two\nlines \"\"and\"\" more\"\n2,5\" pipe\n3,x\n", csv, &header), (Lines{"1,\"two\nlines \"\"and\"\" more\"", "2,5\" pipe", "3,x"}));
  EXPECT_EQ(header, "id,text");
  EXPECT_EQ(records("id\n", csv, &header), Lines{});
  EXPECT_EQ(header, "id");
}

TEST_F(TextFileTest, RecordsAreWholeOverTheBordersOfBlocks) {
  std::string text;
  Lines expected;
  for (int i = 0; i < 200'000; ++i) {
    expected.push_back(std::to_string(i) + ",\"a\n" + std::string(static_cast<size_t>(i % 23), 'x') + "\"");
    text += expected.back() + "\r\n";
  }
  ASSERT_GT(text.size(), size_t{3} << 20);
  EXPECT_EQ(records(text, {true, ',', false}), expected);
}

TEST_F(TextFileTest, WhatCannotBeReadIsSaid) {
  EXPECT_EQ(TextFile::open(*store_, file("\x1F\x8B\x08"), {}).status().code(), "compressed_file");
  auto open = TextFile::open(*store_, file("a\n\"" + std::string(TextFile::kRecordBytesMax + (2 << 20), 'x')), {true, ',', false});
  ASSERT_TRUE(open.ok());
  Status failed;
  for (TextBlock block; failed.ok();) {
    const auto more = (*open)->next(block);
    failed = more.status();
    ASSERT_TRUE(!more.ok() || *more);
  }
  EXPECT_EQ(failed.code(), "record_too_large");
}

}  // namespace
}  // namespace laketide
