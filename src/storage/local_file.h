// Files of the local disk, behind the seams of store.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "storage/store.h"

namespace laketide::storage {

/// Owns a POSIX file descriptor. Confined to its task.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// Opens a new file for writing; the directory must exist. Fails `already_exists`.
Result<Descriptor> create_exclusive(const std::string& path);
/// Writes all of `bytes`, over interrupts and short writes.
Status write_all(int fd, std::string_view bytes, const std::string& path);
Status sync_file(int fd, const std::string& path);

std::unique_ptr<FileWriter> make_local_file_writer(Descriptor file, std::string path);
Result<std::unique_ptr<FileReader>> open_local_file(const std::string& path);

}  // namespace laketide::storage
