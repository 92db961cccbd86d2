#include "support/forgetful_store.h"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>

namespace laketide {
namespace {

using storage::Entry;
using storage::Put;

/// Bytes of a file, or a directory. Guarded by the store's mutex.
struct Inode {
  bool is_directory = false;
  std::string bytes, synced;
};
using Inodes = std::map<std::string, std::shared_ptr<Inode>>;

std::string clean(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

std::string above(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<size_t>(slash, 1));
}

/// See ForgetfulStore. Thread-safe.
class MemoryDisk final : public ForgetfulStore, public std::enable_shared_from_this<MemoryDisk> {
 public:
  void die_at(int64_t step, bool after_the_deed) override {
    std::lock_guard lock(mutex_);
    steps_left_ = step;
    after_the_deed_ = after_the_deed;
  }
  bool died() const override {
    std::lock_guard lock(mutex_);
    return dead_;
  }

  void restart(Leaves leaves) override {
    std::lock_guard lock(mutex_);
    dead_ = false;
    steps_left_ = 0;
    if (leaves == Leaves::kNothing) {
      names_ = synced_names_;
      std::erase_if(names_, [&](const auto& entry) { return !reachable(entry.first); });
    }
    for (auto& [path, inode] : names_) {
      if (leaves == Leaves::kEverything) inode->synced = inode->bytes;
      inode->bytes = inode->synced;
    }
    synced_names_ = names_;
  }

  Result<Put> put_if_absent(const std::string& path, std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    auto inode = std::make_shared<Inode>();
    LT_RETURN_IF_ERROR(step([&] { inode->bytes = bytes; }));   // the temporary file, whose name does not matter here
    LT_RETURN_IF_ERROR(step([&] { inode->synced = inode->bytes; }));
    bool taken = false;
    LT_RETURN_IF_ERROR(step([&] { taken = !link(path, inode); }));
    if (taken) return Put::kExists;
    LT_RETURN_IF_ERROR(sync_names(above(path)));
    return Put::kWritten;
  }

  Status put(const std::string& path, std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    auto inode = std::make_shared<Inode>();
    LT_RETURN_IF_ERROR(step([&] { inode->bytes = inode->synced = bytes; }));
    LT_RETURN_IF_ERROR(step([&] {
      make_directories(above(path));
      names_[path] = inode;
    }));
    return sync_names(above(path));
  }

  Result<std::optional<std::string>> get(const std::string& path) override {
    std::lock_guard lock(mutex_);
    if (dead_) return gone();
    const auto found = names_.find(path);
    if (found == names_.end()) return std::optional<std::string>();
    return std::optional(found->second->bytes);
  }

  Result<std::optional<Entry>> stat(const std::string& path) override {
    std::lock_guard lock(mutex_);
    if (dead_) return gone();
    const auto found = names_.find(clean(path));
    if (found == names_.end()) return std::optional<Entry>();
    return std::optional(entry_of(*found));
  }

  Result<std::vector<Entry>> list(const std::string& directory, const std::string& after) override {
    std::lock_guard lock(mutex_);
    if (dead_) return gone();
    std::vector<Entry> entries;
    for (const auto& named : names_) {
      if (above(named.first) != clean(directory)) continue;
      Entry entry = entry_of(named);
      if (entry.name > after) entries.push_back(std::move(entry));
    }
    std::ranges::sort(entries, {}, &Entry::name);
    return entries;
  }

  Status remove(const std::string& path) override {
    std::lock_guard lock(mutex_);
    return step([&] { names_.erase(path); });
  }

  Result<std::unique_ptr<storage::FileWriter>> create(const std::string& path) override;
  Result<std::unique_ptr<storage::FileReader>> open(const std::string& path) override;

  Status sync_dir(const std::string& directory) override {
    std::lock_guard lock(mutex_);
    return sync_names(clean(directory));
  }

  Status replace(const std::string& temporary, const std::string& path) override {
    std::lock_guard lock(mutex_);
    LT_RETURN_IF_ERROR(step([&] {
      names_[path] = names_.at(temporary);
      names_.erase(temporary);
    }));
    return sync_names(above(path));
  }

  Status probe(const std::string&) override { return {}; }

  /// Runs `deed` unless the disk is dead, or dies before it.
  Status step(const std::function<void()>& deed) {
    if (dead_) return gone();
    const bool dies = steps_left_ > 0 && --steps_left_ == 0;
    if (!dies || after_the_deed_) deed();
    dead_ = dies;
    return dies ? gone() : Status();
  }
  std::mutex& mutex() { return mutex_; }

 private:
  static Status gone() { return Status::external("io_error", "the power is off"); }

  static Entry entry_of(const Inodes::value_type& named) {
    return {named.first.substr(named.first.rfind('/') + 1), static_cast<int64_t>(named.second->bytes.size()), 0,
            named.second->is_directory};
  }

  void make_directories(const std::string& directory) {
    if (directory == "." || directory == "/" || names_.contains(directory)) return;
    make_directories(above(directory));
    auto inode = std::make_shared<Inode>();
    inode->is_directory = true;
    names_[directory] = inode;
    made_.insert(directory);
  }

  bool link(const std::string& path, const std::shared_ptr<Inode>& inode) {
    make_directories(above(path));
    return names_.emplace(path, inode).second;
  }

  /// As LocalStore does: the directory, and those above it whose making was not synced yet.
  Status sync_names(const std::string& directory) {
    LT_RETURN_IF_ERROR(step([&] {
      std::erase_if(synced_names_, [&](const auto& entry) { return above(entry.first) == directory; });
      for (const auto& named : names_) {
        if (above(named.first) == directory) synced_names_.insert(named);
      }
    }));
    return made_.erase(directory) > 0 ? sync_names(above(directory)) : Status();
  }

  bool reachable(const std::string& path) const {
    for (std::string at = above(path); at != "." && at != "/"; at = above(at)) {
      if (!synced_names_.contains(at)) return false;
    }
    return true;
  }

  mutable std::mutex mutex_;
  Inodes names_, synced_names_;
  std::set<std::string> made_;
  int64_t steps_left_ = 0;
  bool after_the_deed_ = false, dead_ = false;
};

/// Confined to its task.
class MemoryWriter final : public storage::FileWriter {
 public:
  MemoryWriter(std::shared_ptr<MemoryDisk> disk, std::shared_ptr<Inode> inode, std::string path)
      : disk_(std::move(disk)), inode_(std::move(inode)), path_(std::move(path)) {}

  Status append(std::string_view bytes) override {
    std::lock_guard lock(disk_->mutex());
    size_ += static_cast<int64_t>(bytes.size());
    return disk_->step([&] { inode_->bytes += bytes; });
  }
  Status sync() override {
    std::lock_guard lock(disk_->mutex());
    return disk_->step([&] { inode_->synced = inode_->bytes; });
  }
  Status close() override { return {}; }
  int64_t size() const override { return size_; }
  const std::string& path() const override { return path_; }

 private:
  std::shared_ptr<MemoryDisk> disk_;
  std::shared_ptr<Inode> inode_;
  std::string path_;
  int64_t size_ = 0;
};

/// What the file held when it was opened. Thread-safe.
class MemoryReader final : public storage::FileReader {
 public:
  explicit MemoryReader(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  Result<int64_t> read_at(int64_t offset, int64_t size, char* out) const override {
    if (offset >= this->size()) return int64_t{0};
    return static_cast<int64_t>(bytes_.copy(out, static_cast<size_t>(size), static_cast<size_t>(offset)));
  }

 private:
  std::string bytes_;
};

Result<std::unique_ptr<storage::FileWriter>> MemoryDisk::create(const std::string& path) {
  std::lock_guard lock(mutex_);
  auto inode = std::make_shared<Inode>();
  bool taken = false;
  LT_RETURN_IF_ERROR(step([&] { taken = !link(path, inode); }));
  if (taken) return Status::external("already_exists", path);
  return std::unique_ptr<storage::FileWriter>(std::make_unique<MemoryWriter>(shared_from_this(), inode, path));
}

Result<std::unique_ptr<storage::FileReader>> MemoryDisk::open(const std::string& path) {
  std::lock_guard lock(mutex_);
  if (dead_) return gone();
  const auto found = names_.find(path);
  if (found == names_.end()) return Status::external("not_found", path);
  return std::unique_ptr<storage::FileReader>(std::make_unique<MemoryReader>(found->second->bytes));
}

}  // namespace

std::shared_ptr<ForgetfulStore> make_forgetful_store() { return std::make_shared<MemoryDisk>(); }

}  // namespace laketide
