#include <algorithm>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include "lake/checkpoint_reader.h"
#include "lake/checkpoint_rows.h"
#include "lake/checkpoint_writer.h"
#include "lake/live_files.h"
#include "lake/log_fixture.h"
#include "lake/parquet_writer.h"

namespace laketide::lake {
namespace {

class CheckpointTest : public LogTest {
 protected:
  /// A table of 0…`last`, whose checkpoints are written every `interval` versions.
  void write(int64_t last, const std::string& interval) {
    create({}, {{"delta.checkpointInterval", interval}});
    auto mine = log();
    for (int64_t version = 1; version <= last; ++version) {
      const auto done = mine.commit(append("app" + std::to_string(version % 3), version, {add("f" + std::to_string(version))}), always(), wait_);
      ASSERT_TRUE(done.ok()) << done.status().to_string();
    }
  }
  std::vector<std::string> files(std::optional<int64_t> version = {}) {
    const auto full = read_full_state(*store_, path(), version, wait_);
    EXPECT_TRUE(full.ok()) << full.status().to_string();
    std::vector<std::string> paths;
    if (full.ok()) {
      for (const auto& [key, one] : full->files) paths.push_back(key);
    }
    std::ranges::sort(paths);
    return paths;
  }
  std::string checkpoint(int64_t version) const { return checkpoint_path(path(), version); }
  void remove_commits_up_to(int64_t version) {
    for (int64_t v = 0; v <= version; ++v) std::filesystem::remove(commit_path(path(), v));
  }
  /// A checkpoint with the given rows, under any name.
  void write_rows(const std::string& name, const std::vector<Action>& actions) {
    auto file = std::move(store_->create(log_directory(path()) + "/" + name)).value();
    auto writer = std::move(open_parquet_writer(std::move(file), checkpoint_schema(), {})).value();
    CheckpointRows rows([&](const arrow::RecordBatch& batch) { return writer->write(batch); });
    for (const auto& action : actions) ASSERT_TRUE(rows.append(action).ok());
    ASSERT_TRUE(rows.flush().ok());
    ASSERT_TRUE(writer->finish().ok());
  }
};

TEST_F(CheckpointTest, is_written_each_interval_and_the_state_read_from_it_is_the_state_of_the_log) {
  write(12, "5");
  EXPECT_TRUE(std::filesystem::exists(checkpoint(5)));
  EXPECT_TRUE(std::filesystem::exists(checkpoint(10)));
  EXPECT_FALSE(std::filesystem::exists(checkpoint(9)));
  const auto hint = read_last_checkpoint(*store_, path());
  ASSERT_TRUE(hint.has_value());
  EXPECT_EQ(hint->version, 10);
  EXPECT_EQ(hint->actions, 10 + 3 + 2) << "files, progress, protocol and metadata";

  auto whole = log();
  std::filesystem::rename(checkpoint(10), checkpoint(10) + ".hidden");
  std::filesystem::rename(checkpoint(5), checkpoint(5) + ".hidden");
  ASSERT_TRUE(whole.refresh(wait_).ok());
  const auto all = files();
  std::filesystem::rename(checkpoint(10) + ".hidden", checkpoint(10));
  remove_commits_up_to(9);

  auto short_cut = log();
  ASSERT_TRUE(short_cut.refresh(wait_).ok());
  EXPECT_EQ(short_cut.state().version, 12);
  EXPECT_EQ(short_cut.state().metadata, whole.state().metadata);
  EXPECT_EQ(short_cut.state().protocol, whole.state().protocol);
  for (const auto& [app, progress] : whole.state().progress) {
    EXPECT_EQ(short_cut.state().progress.at(app).version, progress.version) << app;
    EXPECT_EQ(short_cut.state().progress.at(app).updated_ms, progress.updated_ms) << app;
  }
  EXPECT_EQ(files(), all);
  EXPECT_EQ(files(11).size(), 11U);
}

TEST_F(CheckpointTest, copies_the_previous_one_and_forgets_what_the_tail_removed) {
  write(5, "5");
  foreign(6, R"({"remove":{"path":"f2","deletionTimestamp":9999999999999,"dataChange":true}})" "\n");
  foreign(7, R"({"add":{"path":"f2","partitionValues":{},"size":2,"modificationTime":1,"dataChange":true}})" "\n"
             R"({"remove":{"path":"f3","deletionTimestamp":1,"dataChange":true}})" "\n"
             R"({"domainMetadata":{"domain":"d","configuration":"{}","removed":false}})" "\n");
  auto mine = log();
  for (int i = 8; i <= 10; ++i) ASSERT_TRUE(mine.commit(append("x", i, {add("f" + std::to_string(i))}), always(), wait_).ok());
  ASSERT_TRUE(std::filesystem::exists(checkpoint(10)));
  const auto from_log = files(9);
  remove_commits_up_to(9);
  std::filesystem::remove(checkpoint(5));
  auto expected = from_log;
  expected.push_back("f10");
  std::ranges::sort(expected);
  EXPECT_EQ(files(), expected);
  int tombstones = 0;
  ASSERT_TRUE(read_checkpoint(*store_, path(), {10, {checkpoint(10)}}, Detail::kFiles, wait_, [&](Action&& action) {
    tombstones += std::holds_alternative<RemoveFile>(action);
    return Status();
  }).ok());
  EXPECT_EQ(tombstones, 0) << "f2 is back, and f3 was removed so long ago that no reader needs to know";
  auto reader = log();
  ASSERT_TRUE(reader.refresh(wait_).ok());
  EXPECT_EQ(reader.state().domains.at("d"), "{}");
}

TEST_F(CheckpointTest, every_field_of_an_action_survives) {
  create();
  AddFile one = add("p=a%2520b/f");
  one.partition_values = {{"p", "a b"}, {"q", std::nullopt}};
  one.tags = TextMap{{"t", "1"}};
  one.deletion_vector = DeletionVector{"u", "ab^-aqEH.-t@S}K{vb[*k^", 4, 40, 6};
  one.base_row_id = 12;
  one.clustering_provider = "liquid";
  RemoveFile gone;
  gone.path = "g";
  gone.deletion_ms = 9999999999999;
  gone.extended_metadata = true;
  gone.partition_values = TextMap{{"p", "x"}, {"q", std::nullopt}};
  gone.size = 5;
  foreign(1, to_line(one) + "\n" + to_line(gone) + "\n");
  auto mine = log();
  ASSERT_TRUE(mine.refresh(wait_).ok());
  ASSERT_TRUE(write_checkpoint(*store_, path(), mine.state(), Instant{1'000'000}, wait_).ok());
  one.data_change = gone.data_change = false;
  std::vector<std::string> lines;
  ASSERT_TRUE(read_checkpoint(*store_, path(), {1, {checkpoint(1)}}, Detail::kFiles, wait_, [&](Action&& action) {
    if (action.index() == Action(AddFile()).index() || action.index() == Action(RemoveFile()).index()) lines.push_back(to_line(action));
    return Status();
  }).ok());
  std::ranges::sort(lines);
  EXPECT_EQ(lines, (std::vector<std::string>{to_line(one), to_line(gone)}));
}

TEST_F(CheckpointTest, a_hint_that_lies_is_not_believed) {
  write(12, "5");
  const auto all = files();
  for (const char* lie : {R"({"version":11,"size":1})", R"({"version":99,"size":1})", "{", "", R"({"version":"x"})"}) {
    ASSERT_TRUE(store_->put(last_checkpoint_path(path()), lie).ok());
    EXPECT_EQ(files(), all) << lie;
  }
  std::filesystem::remove(last_checkpoint_path(path()));
  EXPECT_EQ(files(), all);
}

TEST_F(CheckpointTest, of_several_parts_all_must_be_there) {
  write(4, "100");
  const auto all = files();
  std::vector<Action> rows{Protocol(), metadata()};
  write_rows("00000000000000000004.checkpoint.0000000001.0000000002.parquet", rows);
  auto reader = log();
  EXPECT_EQ(files(), all) << "half a checkpoint counts for nothing";
  std::vector<Action> rest;
  for (int i = 1; i <= 4; ++i) rest.emplace_back(add("f" + std::to_string(i)));
  rest.emplace_back(SetTransaction{"app", 77, 1});
  write_rows("00000000000000000004.checkpoint.0000000002.0000000002.parquet", rest);
  remove_commits_up_to(3);
  EXPECT_EQ(files(), all);
  ASSERT_TRUE(reader.refresh(wait_).ok());
  EXPECT_EQ(reader.state().progress.at("app").version, 77);
}

TEST_F(CheckpointTest, a_v2_checkpoint_is_read_with_its_sidecars) {
  write(4, "100");
  const auto all = files();
  write_rows("_sidecars/one.parquet", {add("f1"), add("f2")});
  write_rows("_sidecars/two.parquet", {add("f3"), add("f4")});
  std::string text = R"({"checkpointMetadata":{"version":4}})" "\n" + to_line(Protocol()) + "\n" + to_line(metadata()) + "\n";
  text += to_line(SetTransaction{"app", 78, 1}) + "\n";
  for (const char* name : {"one", "two"}) {
    text += R"({"sidecar":{"path":")" + std::string(name) + R"(.parquet","sizeInBytes":1,"modificationTime":1}})" "\n";
  }
  ASSERT_TRUE(store_->put(log_directory(path()) + "/00000000000000000004.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json", text).ok());
  remove_commits_up_to(3);
  EXPECT_EQ(files(), all);
  auto reader = log();
  ASSERT_TRUE(reader.refresh(wait_).ok());
  EXPECT_EQ(reader.state().progress.at("app").version, 78);
}

TEST_F(CheckpointTest, one_that_fails_fails_no_commit_and_is_written_later) {
  create({}, {{"delta.checkpointInterval", "3"}});
  auto mine = log();
  ASSERT_TRUE(Failpoint::arm("lake.checkpoint.before=error@1").ok());
  for (int i = 1; i <= 3; ++i) ASSERT_TRUE(mine.commit(append("a", i), always(), wait_).ok());
  EXPECT_FALSE(std::filesystem::exists(checkpoint(3)));
  ASSERT_TRUE(mine.commit(append("a", 4), always(), wait_).ok());
  EXPECT_TRUE(std::filesystem::exists(checkpoint(4)));
  for (const auto& entry : std::filesystem::directory_iterator(log_directory(path()))) {
    EXPECT_FALSE(storage::is_temporary_name(entry.path().filename().string())) << entry.path();
  }
}

TEST_F(CheckpointTest, a_missing_version_is_named) {
  write(6, "100");
  std::filesystem::remove(commit_path(path(), 3));
  const auto broken = read_full_state(*store_, path(), {}, wait_);
  EXPECT_EQ(broken.status().code(), "broken_log");
  EXPECT_NE(broken.status().detail().find("version 3"), std::string_view::npos) << broken.status().to_string();
}

TEST_F(CheckpointTest, a_large_one_is_written_and_read_in_pieces_that_memory_can_hold) {
  create({}, {{"delta.checkpointInterval", "2"}});
  auto mine = log();
  std::vector<AddFile> many;
  for (int i = 0; i < 12'000; ++i) {
    many.push_back(add("f" + std::to_string(i)));
    many.back().stats = R"({"numRecords":1,"minValues":{"text":")" + std::string(900, static_cast<char>('a' + i % 26)) + R"("}})";
  }
  ASSERT_TRUE(mine.commit(append("app", 1, many), always(), wait_).ok());
  ASSERT_TRUE(mine.commit(append("app", 2, {add("last")}), always(), wait_).ok());
  ASSERT_TRUE(std::filesystem::exists(checkpoint(2)));
  const auto reader = parquet::ParquetFileReader::OpenFile(checkpoint(2));
  const auto groups = reader->metadata()->num_row_groups();
  EXPECT_GE(groups, 3) << "12 MiB";
  EXPECT_LE(groups, 12);
  remove_commits_up_to(1);
  const auto full = read_full_state(*store_, path(), 2, wait_);
  ASSERT_TRUE(full.ok()) << full.status().to_string();
  ASSERT_EQ(full->files.size(), 12'001U);
  EXPECT_EQ(full->files.at("f11999").stats, many.back().stats);
}

TEST_F(CheckpointTest, the_interval_grows_with_the_table_unless_it_is_set) {
  TableState state;
  EXPECT_EQ(checkpoint_interval(state, 0), 100);
  EXPECT_EQ(checkpoint_interval(state, 30'000), 300);
  EXPECT_EQ(checkpoint_interval(state, 5'000'000), 1000);
  state.metadata.configuration["delta.checkpointInterval"] = "10";
  EXPECT_EQ(checkpoint_interval(state, 5'000'000), 10);
}

}  // namespace
}  // namespace laketide::lake
