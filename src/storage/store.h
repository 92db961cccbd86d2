// The seam to where durable bytes live: a directory now, an object store later.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "laketide/status.h"

namespace laketide::storage {

/// A new file that only grows. Destroyed without `close` it is closed and stays, with whatever reached it: whoever
/// made it removes it. Once an operation has failed, each later one fails likewise: after a failed fsync the kernel
/// may have dropped the pages, so that a second one that succeeds proves nothing. Confined to its task.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  virtual Status append(std::string_view bytes) = 0;
  /// What was appended survives a power cut. The file's name does so only after Store::sync_dir of its directory.
  virtual Status sync() = 0;
  virtual Status close() = 0;
  virtual int64_t size() const = 0;
  virtual const std::string& path() const = 0;
};

/// An existing file, read at any place. Thread-safe.
class FileReader {
 public:
  virtual ~FileReader() = default;
  virtual int64_t size() const = 0;
  /// Fills `out` from `offset`; the number of bytes read, less than `size` only at the end of the file.
  virtual Result<int64_t> read_at(int64_t offset, int64_t size, char* out) const = 0;
};

/// One entry of a directory. Immutable.
struct Entry {
  std::string name;  // without the directory
  int64_t size = 0;
  int64_t modified_ms = 0;
  bool is_directory = false;
};

enum class Put { kWritten, kExists };

/// Durable files named by paths with '/'. Failures are `kExternal` with the codes disk_full, read_only, permission_denied,
/// too_many_open_files, already_exists, not_found and io_error, and `kUser` name_too_long; a failpoint stands before and
/// after each durable step (README). Every call may block. Thread-safe.
class Store {
 public:
  virtual ~Store() = default;
  /// Writes the whole object, durably, unless one of that name exists: then nothing changes. Of several callers at once,
  /// in any process, one writes. No reader ever sees a part of it. A failure leaves the outcome unknown: read back.
  virtual Result<Put> put_if_absent(const std::string& path, std::string_view bytes) = 0;
  /// As put_if_absent, but replaces what is there.
  virtual Status put(const std::string& path, std::string_view bytes) = 0;
  /// None: there is no such object.
  virtual Result<std::optional<std::string>> get(const std::string& path) = 0;
  virtual Result<std::optional<Entry>> stat(const std::string& path) = 0;
  /// What lies directly in `directory` with a name greater than `after`, in order of names. A missing directory is empty.
  virtual Result<std::vector<Entry>> list(const std::string& directory, const std::string& after = {}) = 0;
  /// Success also if it is not there.
  virtual Status remove(const std::string& path) = 0;
  /// Starts a new file, and the directories above it; fails `already_exists` if the name is taken.
  virtual Result<std::unique_ptr<FileWriter>> create(const std::string& path) = 0;
  virtual Result<std::unique_ptr<FileReader>> open(const std::string& path) = 0;
  /// The names in `directory`, and `directory` itself where this store made it, survive a power cut.
  virtual Status sync_dir(const std::string& directory) = 0;
  /// Makes `temporary`, a file made by `create` and closed after a sync, the object `path`, replacing what is there.
  virtual Status replace(const std::string& temporary, const std::string& path) = 0;
  /// Proves that `directory` (made if absent) can do what commits need: refuse a taken name, sync files and directories.
  virtual Status probe(const std::string& directory) = 0;
};

/// `a/b` from `a` and `b`.
std::string join(std::string_view directory, std::string_view name);
/// What stands before the last '/'; "." if there is none.
std::string parent(std::string_view path);

}  // namespace laketide::storage
