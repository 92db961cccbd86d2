// Reads one version of state.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "laketide/status.h"
#include "state/saved_table.h"
#include "state/section.h"
#include "state/version_head.h"
#include "storage/store.h"

namespace laketide::state {

/// Nothing is given out before its checksum was found right. Failures: `state_corrupt` and `state_version` with the file's name, and
/// those of the store. Confined to its task.
class VersionReader {
 public:
  static Result<std::unique_ptr<VersionReader>> open(storage::Store& store, std::string path);
  const VersionHead& head() const { return head_; }

  struct Section {
    SectionHead head;
    std::shared_ptr<arrow::Buffer> bytes;
  };
  /// The next section; false: there is none, and the file is complete.
  Result<bool> next(Section& section);
  /// The rows of a section, into `table`.
  Status apply(const Section& section, SavedTable& table) const;
  /// Of the file; once `next` gave false.
  uint64_t checksum() const { return checksum_; }
  int64_t size() const { return file_->size(); }

 private:
  VersionReader(std::unique_ptr<storage::FileReader> file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}
  Status read_head();
  Status read(int64_t size, char* out);
  Status damaged(std::string what) const;

  std::unique_ptr<storage::FileReader> file_;
  std::string path_;
  VersionHead head_;
  int64_t at_ = 0;
  uint64_t checksum_ = 0;
  uint32_t sections_ = 0;
};

}  // namespace laketide::state
