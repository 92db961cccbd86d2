#include "storage/local_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/failpoint.h"
#include "storage/unique_name.h"
#include "support/temp_dir.h"

namespace laketide::storage {
namespace {

class LocalStoreTest : public ::testing::Test {
 protected:
  void TearDown() override { Failpoint::disarm_all(); }
  std::string at(const std::string& name) const { return dir_.path() + "/" + name; }
  std::string content(const std::string& name) {
    const auto got = store_->get(at(name));
    EXPECT_TRUE(got.ok()) << got.status().to_string();
    return got.ok() && *got ? **got : "(none)";
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const auto& entry : std::filesystem::directory_iterator(dir_.path())) all.push_back(entry.path().filename());
    std::ranges::sort(all);
    return all;
  }

  TempDir dir_;
  std::shared_ptr<Store> store_ = make_local_store();
};

TEST_F(LocalStoreTest, put_if_absent_writes_once_and_leaves_nothing_beside_it) {
  EXPECT_EQ(*store_->put_if_absent(at("a"), "first"), Put::kWritten);
  EXPECT_EQ(*store_->put_if_absent(at("a"), "second"), Put::kExists);
  EXPECT_EQ(content("a"), "first");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
}

TEST_F(LocalStoreTest, of_many_writers_of_one_name_exactly_one_wins_and_its_bytes_stand) {
  for (int round = 0; round < 20; ++round) {
    const std::string name = "v" + std::to_string(round);
    std::atomic<int> winners{0};
    std::atomic<int> winner{-1};
    std::vector<std::thread> writers;
    for (int i = 0; i < 4; ++i) {
      writers.emplace_back([&, i] {
        const auto put = store_->put_if_absent(at(name), std::string(5000, static_cast<char>('a' + i)));
        ASSERT_TRUE(put.ok());
        if (*put == Put::kWritten) {
          ++winners;
          winner = i;
        }
      });
    }
    for (auto& writer : writers) writer.join();
    ASSERT_EQ(winners, 1);
    EXPECT_EQ(content(name), std::string(5000, static_cast<char>('a' + winner)));
  }
}

TEST_F(LocalStoreTest, put_replaces_and_a_failed_put_leaves_the_old_bytes) {
  ASSERT_TRUE(store_->put(at("hint"), "one").ok());
  ASSERT_TRUE(store_->put(at("hint"), "two").ok());
  EXPECT_EQ(content("hint"), "two");
  ASSERT_TRUE(Failpoint::arm("storage.rename.before=error").ok());
  EXPECT_FALSE(store_->put(at("hint"), "three").ok());
  EXPECT_EQ(content("hint"), "two");
  EXPECT_EQ(names(), std::vector<std::string>{"hint"});
}

TEST_F(LocalStoreTest, a_full_disk_is_an_outside_fault_and_no_reader_sees_the_part_that_was_written) {
  ASSERT_TRUE(Failpoint::arm("storage.append.before=short_write").ok());
  const auto put = store_->put_if_absent(at("a"), "0123456789");
  EXPECT_EQ(put.status().code(), "disk_full");
  EXPECT_TRUE(put.status().retryable());
  EXPECT_EQ(names(), std::vector<std::string>{});
}

TEST_F(LocalStoreTest, after_a_failed_sync_a_file_stays_failed) {
  auto file = std::move(store_->create(at("f"))).value();
  ASSERT_TRUE(file->append("abc").ok());
  ASSERT_TRUE(Failpoint::arm("storage.sync.before=error").ok());
  const Status first = file->sync();
  EXPECT_FALSE(first.ok());
  EXPECT_EQ(file->sync().code(), first.code()) << "the kernel may have dropped the pages";
  EXPECT_EQ(file->append("d").code(), first.code());
  EXPECT_EQ(file->close().code(), first.code());
}

TEST_F(LocalStoreTest, create_makes_directories_and_never_opens_what_is_there) {
  auto file = std::move(store_->create(at("p=1/q=2/f"))).value();
  ASSERT_TRUE(file->append("abc").ok());
  ASSERT_TRUE(file->append("de").ok());
  EXPECT_EQ(file->size(), 5);
  ASSERT_TRUE(file->sync().ok());
  ASSERT_TRUE(file->close().ok());
  ASSERT_TRUE(store_->sync_dir(at("p=1/q=2")).ok());
  EXPECT_EQ(content("p=1/q=2/f"), "abcde");
  EXPECT_EQ(store_->create(at("p=1/q=2/f")).status().code(), "already_exists");
  EXPECT_EQ(content("p=1/q=2/f"), "abcde");
}

TEST_F(LocalStoreTest, sync_dir_also_syncs_above_directories_that_it_made) {
  const auto syncs_of = [&](const std::string& directory) {
    // Each directory that is synced counts once; the first that fails ends it.
    int count = 0;
    while (true) {
      EXPECT_TRUE(Failpoint::arm("storage.sync_dir.after=error@" + std::to_string(count + 1)).ok());
      const bool failed = !store_->sync_dir(directory).ok();
      Failpoint::disarm_all();
      if (!failed) return count;
      ++count;
    }
  };
  ASSERT_TRUE(store_->create(at("a/b/f")).ok());
  EXPECT_GE(syncs_of(at("a/b")), 3) << "a/b itself, then a, which holds the name b, then what holds the name a";
  EXPECT_EQ(syncs_of(at("a/b")), 1) << "the names above are durable now";
}

TEST_F(LocalStoreTest, list_is_in_order_of_names_behind_the_one_given) {
  for (const char* name : {"3", "1", "2"}) ASSERT_TRUE(store_->put(at(name), name).ok());
  std::filesystem::create_directory(at("4"));
  const auto entries = store_->list(dir_.path(), "1");
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 3U);
  EXPECT_EQ((*entries)[0].name, "2");
  EXPECT_EQ((*entries)[0].size, 1);
  EXPECT_FALSE((*entries)[0].is_directory);
  EXPECT_EQ((*entries)[2].name, "4");
  EXPECT_TRUE((*entries)[2].is_directory);
  EXPECT_TRUE(store_->list(at("nowhere"))->empty());
}

TEST_F(LocalStoreTest, what_is_not_there_is_no_failure_to_ask_for) {
  EXPECT_FALSE(store_->get(at("x"))->has_value());
  EXPECT_FALSE(store_->stat(at("x"))->has_value());
  EXPECT_TRUE(store_->remove(at("x")).ok());
  EXPECT_EQ(store_->open(at("x")).status().code(), "not_found");
}

TEST_F(LocalStoreTest, a_reader_reads_at_any_place_and_stops_at_the_end) {
  ASSERT_TRUE(store_->put(at("f"), "0123456789").ok());
  const auto file = std::move(store_->open(at("f"))).value();
  std::string out(4, ' ');
  EXPECT_EQ(*file->read_at(3, 4, out.data()), 4);
  EXPECT_EQ(out, "3456");
  EXPECT_EQ(*file->read_at(8, 4, out.data()), 2);
}

TEST_F(LocalStoreTest, an_outcome_that_is_unknown_can_be_read_back) {
  ASSERT_TRUE(Failpoint::arm("storage.link.after=error").ok());
  EXPECT_FALSE(store_->put_if_absent(at("a"), "mine").ok());
  EXPECT_EQ(content("a"), "mine");
  EXPECT_EQ(names(), std::vector<std::string>{"a"});
  ASSERT_TRUE(Failpoint::arm("storage.link.before=error").ok());
  EXPECT_FALSE(store_->put_if_absent(at("b"), "mine").ok());
  EXPECT_EQ(content("b"), "(none)");
}

TEST_F(LocalStoreTest, the_probe_passes_on_a_real_file_system_and_leaves_nothing) {
  EXPECT_TRUE(store_->probe(dir_.path()).ok());
  EXPECT_EQ(names(), std::vector<std::string>{});
  { std::ofstream(at("file")) << "x"; }
  EXPECT_FALSE(store_->probe(at("file/below")).ok());
}

TEST(UniqueName, is_a_random_uuid) {
  const std::string one = make_uuid();
  ASSERT_EQ(one.size(), 36U);
  EXPECT_EQ(one[14], '4');
  EXPECT_NE(std::string("89ab").find(one[19]), std::string::npos);
  EXPECT_NE(one, make_uuid());
}

}  // namespace
}  // namespace laketide::storage
