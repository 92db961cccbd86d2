#include "storage/local_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/failpoint.h"
#include "storage/io_status.h"

namespace laketide::storage {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = other.release();
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Descriptor> create_exclusive(const std::string& path) {
  LT_FAILPOINT("storage.create.before");
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.valid()) return io_status(errno, "create a file", path);
  static Failpoint after("storage.create.after");
  if (Status hit = after.hit(); !hit.ok()) {
    ::unlink(path.c_str());  // the caller never had it, and so cannot remove it
    return hit;
  }
  return file;
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  static Failpoint before("storage.append.before");
  const bool cut_short = before.hit("short_write");
  if (!cut_short) LT_RETURN_IF_ERROR(before.hit());
  if (cut_short) bytes = bytes.substr(0, bytes.size() / 2);
  while (!bytes.empty()) {
    const ssize_t done = ::write(fd, bytes.data(), bytes.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return io_status(errno, "write to a file", path);
    bytes.remove_prefix(static_cast<size_t>(done));
  }
  if (cut_short) return io_status(ENOSPC, "write to a file", path);
  LT_FAILPOINT("storage.append.after");
  return {};
}

Status sync_file(int fd, const std::string& path) {
  LT_FAILPOINT("storage.sync.before");
  // Not fdatasync: a new file's size is metadata, and what it saves is noise beside the flush.
  if (::fsync(fd) != 0) return io_status(errno, "make a file durable (fsync)", path);
  LT_FAILPOINT("storage.sync.after");
  return {};
}

namespace {

// So much of a file at most waits to be written when it is synced: a sync waits behind another file's, and a large one that begins
// its way to the disk only then makes everyone wait.
constexpr int64_t kUnwrittenMax = 1 << 20;

/// See FileWriter. Confined to its task.
class LocalFileWriter final : public FileWriter {
 public:
  LocalFileWriter(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Status append(std::string_view bytes) override {
    LT_RETURN_IF_ERROR(usable());
    broken_ = write_all(file_.get(), bytes, path_);
    if (!broken_.ok()) return broken_;
    size_ += static_cast<int64_t>(bytes.size());
    if (size_ - begun_ >= kUnwrittenMax) {
      // Only begins the writing and waits for nothing. What goes wrong with it, the sync tells.
      (void)::sync_file_range(file_.get(), begun_, size_ - begun_, SYNC_FILE_RANGE_WRITE);
      begun_ = size_;
    }
    return {};
  }

  Status sync() override {
    LT_RETURN_IF_ERROR(usable());
    return broken_ = sync_file(file_.get(), path_);
  }

  Status close() override {
    if (!file_.valid()) return broken_;
    // Some file systems tell of a failed write only here.
    if (::close(file_.release()) != 0 && broken_.ok()) broken_ = io_status(errno, "close a file", path_);
    return broken_;
  }

  int64_t size() const override { return size_; }
  const std::string& path() const override { return path_; }

 private:
  Status usable() const {
    if (!broken_.ok()) return broken_;
    if (!file_.valid()) return Status::internal("file_closed", "a closed file was written to: " + path_);
    return {};
  }

  Descriptor file_;
  std::string path_;
  int64_t size_ = 0;
  int64_t begun_ = 0;  // of the size, what is on its way to the disk
  Status broken_;
};

/// See FileReader. Thread-safe.
class LocalFileReader final : public FileReader {
 public:
  LocalFileReader(Descriptor file, std::string path, int64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

  int64_t size() const override { return size_; }

  Result<int64_t> read_at(int64_t offset, int64_t size, char* out) const override {
    int64_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(file_.get(), out + done, static_cast<size_t>(size - done), offset + done);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return io_status(errno, "read a file", path_);
      if (got == 0) break;
      done += got;
    }
    return done;
  }

 private:
  Descriptor file_;
  std::string path_;
  int64_t size_;
};

}  // namespace

std::unique_ptr<FileWriter> make_local_file_writer(Descriptor file, std::string path) {
  return std::make_unique<LocalFileWriter>(std::move(file), std::move(path));
}

Result<std::unique_ptr<FileReader>> open_local_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return io_status(errno, "open a file", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return io_status(errno, "look at a file", path);
  if (!S_ISREG(info.st_mode)) return io_status(EISDIR, "read a file", path);
  return std::unique_ptr<FileReader>(std::make_unique<LocalFileReader>(std::move(file), path, info.st_size));
}

}  // namespace laketide::storage
