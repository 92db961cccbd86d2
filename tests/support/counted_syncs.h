// How often a ledger is synced.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>

namespace laketide {

/// SQLite's own files, which tell how often the write-ahead log was synced, and how long it was then. One at a time.
class CountedSyncs {
 public:
  CountedSyncs() {
    real_ = sqlite3_vfs_find(nullptr);
    counted_ = *real_;
    counted_.zName = "counted";
    counted_.xOpen = &open;
    sqlite3_vfs_register(&counted_, 1);
    syncs_ = 0;
  }
  ~CountedSyncs() { sqlite3_vfs_unregister(&counted_); }
  static int count() { return syncs_; }
  static int64_t bytes() { return bytes_; }

 private:
  static int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
    const int code = real_->xOpen(real_, name, file, flags, out);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
    real_sync_ = file->pMethods->xSync;
    methods_ = *file->pMethods;
    methods_.xSync = &sync;
    file->pMethods = &methods_;
    return code;
  }
  static int sync(sqlite3_file* file, int flags) {
    sqlite3_int64 bytes = 0;
    file->pMethods->xFileSize(file, &bytes);
    bytes_ = bytes;
    ++syncs_;
    return real_sync_(file, flags);
  }

  inline static sqlite3_vfs* real_;
  inline static sqlite3_vfs counted_;
  inline static sqlite3_io_methods methods_;
  inline static int (*real_sync_)(sqlite3_file*, int);
  inline static std::atomic<int> syncs_;
  inline static std::atomic<int64_t> bytes_;
};

}  // namespace laketide
