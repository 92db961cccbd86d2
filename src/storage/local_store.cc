#include "storage/local_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <mutex>
#include <set>

#include "base/failpoint.h"
#include "storage/io_status.h"
#include "storage/local_file.h"
#include "storage/unique_name.h"

namespace laketide::storage {

std::string join(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string parent(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return std::string(path.substr(0, std::max<size_t>(slash, 1)));
}

bool is_temporary_name(std::string_view name) {
  return name.size() > 42 && name.front() == '.' && name.ends_with(".tmp");
}

namespace {

Entry entry_of(std::string name, const struct stat& info) {
  return Entry{std::move(name), info.st_size, info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000,
               S_ISDIR(info.st_mode)};
}

Status sync_one_dir(const std::string& directory) {
  LT_FAILPOINT("storage.sync_dir.before");
  Descriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return io_status(errno, "open a directory", directory);
  if (::fsync(fd.get()) != 0) return io_status(errno, "make a directory durable (fsync)", directory);
  LT_FAILPOINT("storage.sync_dir.after");
  return {};
}

/// A synced file under a temporary name, removed at the end of its scope. Confined to its task.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& for_path)
      : path_(join(parent(for_path), "." + for_path.substr(for_path.rfind('/') + 1) + "." + make_uuid() + ".tmp")) {}
  ~TemporaryFile() {
    if (file_.valid()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  Status write(std::string_view bytes) {
    LT_ASSIGN_OR_RETURN(file_, create_exclusive(path_));
    LT_RETURN_IF_ERROR(write_all(file_.get(), bytes, path_));
    return sync_file(file_.get(), path_);
  }
  const std::string& path() const { return path_; }
  /// Over NFS, link(2) may report failure although it worked: the count of names knows.
  bool has_second_name() const {
    struct stat info {};
    return ::fstat(file_.get(), &info) == 0 && info.st_nlink == 2;
  }

 private:
  std::string path_;
  Descriptor file_;
};

/// See make_local_store. Thread-safe.
class LocalStore final : public Store {
 public:
  Result<Put> put_if_absent(const std::string& path, std::string_view bytes) override {
    LT_RETURN_IF_ERROR(make_directories(parent(path)));
    TemporaryFile file(path);
    LT_RETURN_IF_ERROR(file.write(bytes));
    LT_FAILPOINT("storage.link.before");
    if (::link(file.path().c_str(), path.c_str()) != 0) {
      const int error = errno;
      if (!file.has_second_name()) {
        if (error == EEXIST) return Put::kExists;
        return io_status(error, "give a file its name (link)", path);
      }
    }
    LT_FAILPOINT("storage.link.after");
    LT_RETURN_IF_ERROR(sync_dir(parent(path)));
    return Put::kWritten;
  }

  Status put(const std::string& path, std::string_view bytes) override {
    LT_RETURN_IF_ERROR(make_directories(parent(path)));
    TemporaryFile file(path);
    LT_RETURN_IF_ERROR(file.write(bytes));
    return replace(file.path(), path);
  }

  Status replace(const std::string& temporary, const std::string& path) override {
    LT_FAILPOINT("storage.rename.before");
    if (::rename(temporary.c_str(), path.c_str()) != 0) return io_status(errno, "rename a file", path);
    LT_FAILPOINT("storage.rename.after");
    return sync_dir(parent(path));
  }

  Result<std::optional<std::string>> get(const std::string& path) override {
    auto file = open_local_file(path);
    if (!file.ok()) {
      if (file.status().code() == "not_found") return std::optional<std::string>();
      return file.status();
    }
    std::string bytes(static_cast<size_t>((*file)->size()), '\0');
    LT_ASSIGN_OR_RETURN(const int64_t got, (*file)->read_at(0, (*file)->size(), bytes.data()));
    bytes.resize(static_cast<size_t>(got));
    return std::optional<std::string>(std::move(bytes));
  }

  Result<std::optional<Entry>> stat(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) return std::optional<Entry>();
      return io_status(errno, "look at a file", path);
    }
    return std::optional<Entry>(entry_of(path.substr(path.rfind('/') + 1), info));
  }

  Result<std::vector<Entry>> list(const std::string& directory, const std::string& after) override {
    std::vector<Entry> entries;
    DIR* dir = ::opendir(directory.c_str());
    if (dir == nullptr) {
      if (errno == ENOENT) return entries;
      return io_status(errno, "list a directory", directory);
    }
    int error = 0;
    for (;;) {
      errno = 0;
      const dirent* found = ::readdir(dir);
      if (found == nullptr) {
        error = errno;
        break;
      }
      std::string name = found->d_name;
      struct stat info {};
      if (name == "." || name == ".." || name <= after) continue;
      if (::fstatat(::dirfd(dir), name.c_str(), &info, 0) != 0) continue;  // removed meanwhile
      entries.push_back(entry_of(std::move(name), info));
    }
    ::closedir(dir);
    if (error != 0) return io_status(error, "list a directory", directory);
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }

  Status remove(const std::string& path) override {
    LT_FAILPOINT("storage.remove.before");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return io_status(errno, "remove a file", path);
    LT_FAILPOINT("storage.remove.after");
    return {};
  }

  Result<std::unique_ptr<FileWriter>> create(const std::string& path) override {
    LT_RETURN_IF_ERROR(make_directories(parent(path)));
    LT_ASSIGN_OR_RETURN(Descriptor file, create_exclusive(path));
    return make_local_file_writer(std::move(file), path);
  }

  Result<std::unique_ptr<FileReader>> open(const std::string& path) override { return open_local_file(path); }

  Status sync_dir(const std::string& directory) override {
    LT_RETURN_IF_ERROR(sync_one_dir(directory));
    for (std::string made = directory; is_unsynced(made); made = parent(made)) {
      LT_RETURN_IF_ERROR(sync_one_dir(parent(made)));
      forget_unsynced(made);  // not before: another thread may ask meanwhile, and must not think it done
    }
    return {};
  }

  Status probe(const std::string& directory) override {
    const std::string path = join(directory, ".laketide-probe-" + make_uuid());
    Result<Put> first = put_if_absent(path, "probe");
    Result<Put> second = first.ok() ? put_if_absent(path, "again") : first;
    Result<std::optional<std::string>> held = get(path);
    ::unlink(path.c_str());
    LT_RETURN_IF_ERROR(first.status().in("this place cannot hold a lake"));
    LT_RETURN_IF_ERROR(second.status().in("this place cannot hold a lake"));
    LT_RETURN_IF_ERROR(held.status());
    if (*first != Put::kWritten || *second != Put::kExists || *held != "probe") {
      return Status::user("unfit_storage", "this file system does not refuse a taken name (link), so two writers could "
                          "overwrite each other's commits; put the lake on a local disk: " + directory);
    }
    return {};
  }

 private:
  /// Makes what is missing, top down; remembers it for sync_dir, because the lanes that call this must not wait for fsync.
  Status make_directories(const std::string& directory) {
    if (::mkdir(directory.c_str(), 0755) == 0) {
      note_unsynced(directory);
      return {};
    }
    if (errno == EEXIST) return {};
    if (errno != ENOENT) return io_status(errno, "make a directory", directory);
    LT_RETURN_IF_ERROR(make_directories(parent(directory)));
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return io_status(errno, "make a directory", directory);
    note_unsynced(directory);
    return {};
  }

  void note_unsynced(const std::string& directory) {
    std::lock_guard lock(mutex_);
    unsynced_.insert(directory);
  }
  bool is_unsynced(const std::string& directory) {
    std::lock_guard lock(mutex_);
    return unsynced_.contains(directory);
  }
  void forget_unsynced(const std::string& directory) {
    std::lock_guard lock(mutex_);
    unsynced_.erase(directory);
  }

  std::mutex mutex_;
  std::set<std::string> unsynced_;  // directories made here whose own name is not durable yet
};

}  // namespace

std::shared_ptr<Store> make_local_store() { return std::make_shared<LocalStore>(); }

}  // namespace laketide::storage
